"""Reads profile.pb.gz: as much of protobuf, and of pprof's profile.proto, as the
tests ask about."""

import gzip


def _varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def fields(data):
    """(number, value) of a message: ints for varints, bytes for the rest."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        if key & 7 == 0:
            value, at = _varint(data, at)
        elif key & 7 == 2:
            size, at = _varint(data, at)
            value = data[at:at + size]
            at += size
        else:
            raise ValueError("wire type %d" % (key & 7))
        yield key >> 3, value


def one(data, number, default=0):
    return next((value for n, value in fields(data) if n == number), default)


def packed(value):
    if isinstance(value, int):
        return [value]
    at, values = 0, []
    while at < len(value):
        item, at = _varint(value, at)
        values.append(item)
    return values


def signed(value):
    return value - (1 << 64) if value >> 63 else value


class Function:
    def __init__(self, message, strings):
        self.qualname = strings[one(message, 2)]
        self.name = strings[one(message, 3)] or self.qualname
        self.file = strings[one(message, 4)]
        self.line = one(message, 5)


class PProf:
    """samples: [(stack of Function, root first, {type: value})]."""

    def __init__(self, content):
        data = gzip.decompress(content)
        self.strings = [v.decode() for n, v in fields(data) if n == 6]
        functions, of_location = {}, {}
        for number, message in fields(data):
            if number == 5:
                functions[one(message, 1)] = Function(message, self.strings)
        for number, message in fields(data):
            if number == 4:
                of_location[one(message, 1)] = functions[one(one(message, 4), 1)]
        self.functions = list(functions.values())
        self.types = [self.strings[one(v, 1)] for n, v in fields(data) if n == 1]
        self.samples = []
        for number, message in fields(data):
            if number == 2:
                stack = [of_location[i] for n, v in fields(message) if n == 1 for i in packed(v)]
                values = [signed(i) for n, v in fields(message) if n == 2 for i in packed(v)]
                self.samples.append((stack[::-1], dict(zip(self.types, values))))

    def calls(self):
        """{qualname: calls}"""
        calls = {}
        for stack, values in self.samples:
            if stack:
                leaf = stack[-1].qualname
                calls[leaf] = calls.get(leaf, 0) + values[self.types[0]]
        return calls

    def stacks(self):
        """{"a;b;c": calls}"""
        return {";".join(f.qualname for f in stack): values[self.types[0]]
                for stack, values in self.samples if stack}

    def wall(self):
        return sum(values["wall"] for _, values in self.samples)
