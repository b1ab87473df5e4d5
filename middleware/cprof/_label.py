"""cprof.label: whose the requests are."""

from cprof import _cprof


class label:
    """Name what sends the requests of this context: a step of a load script, a test.

        with cprof.label("checkout, a full basket"):
            client.post("/checkout")

    Their snapshots say so (snapshot.json, cprof ls), each with its number among them:
    two runs of the script can be compared request by request. What the block awaits
    has the label too; threads that it starts have not, unless they are given the
    context. The innermost counts, and environ["cprof.label"] before it.
    """

    def __init__(self, text):
        if not isinstance(text, str):
            raise TypeError("a label is a str, not %r" % (text,))
        self._text = text
        self._tokens = []

    def __enter__(self):
        self._tokens.append(_cprof._label.set(self._text))
        return self

    def __exit__(self, *exception):
        _cprof._label.reset(self._tokens.pop())
