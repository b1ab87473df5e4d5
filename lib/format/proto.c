#include "format/proto.h"

enum { VARINT, FIXED64, BYTES, FIXED32 = 5 };

void proto_add_varint(struct buf *out, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		buf_addc(out, (char)(value | 0x80));
	buf_addc(out, (char)value);
}

void proto_add_uint(struct buf *out, unsigned field, uint64_t value)
{
	if (value == 0)
		return;
	proto_add_varint(out, field << 3 | VARINT);
	proto_add_varint(out, value);
}

void proto_add_int(struct buf *out, unsigned field, int64_t value)
{
	proto_add_uint(out, field, (uint64_t)value);
}

void proto_add_bytes(struct buf *out, unsigned field, const void *data, size_t len)
{
	proto_add_varint(out, field << 3 | BYTES);
	proto_add_varint(out, len);
	buf_add(out, data, len);
}

struct proto proto_whole(struct bytes in, struct error *err)
{
	return (struct proto){ in, 0, 0, err };
}

struct proto proto_inside(const struct proto *p, const struct proto_field *f)
{
	return (struct proto){ f->bytes, 0, f->offset, p->err };
}

static int truncated(const struct proto *p)
{
	return error_set(p->err, ERR_FORMAT, "truncated at byte %zu", p->offset + p->in.len);
}

int proto_next_long_varint(struct proto *p, uint64_t *value)
{
	size_t start = p->at;

	*value = 0;
	if (p->at == p->in.len)
		return 0;
	for (unsigned shift = 0; p->at < p->in.len; shift += 7) {
		uint8_t b = p->in.data[p->at++];

		if (shift == 63 && b > 1)
			return error_set(p->err, ERR_FORMAT, "a number too long at byte %zu",
					 p->offset + start);
		*value |= (uint64_t)(b & 0x7F) << shift;
		if (b < 0x80)
			return 1;
	}
	return truncated(p);
}

static int take(struct proto *p, uint64_t n, struct proto_field *f)
{
	f->offset = p->offset + p->at;
	if (n > p->in.len - p->at)
		return truncated(p);
	f->bytes = (struct bytes){ p->in.data + p->at, (size_t)n };
	p->at += (size_t)n;
	return 1;
}

/* Head and value, or length, of a byte each: most fields. False leaves all to do. */
static bool next_short(struct proto *p, struct proto_field *f)
{
	size_t left = p->in.len - p->at;
	const uint8_t *at = p->in.data + p->at;
	bool is_bytes;

	if (left < 2 || at[0] >= 0x80 || at[0] < 8 || at[1] >= 0x80)
		return false;
	is_bytes = (at[0] & 7) == BYTES;
	if (!is_bytes && (at[0] & 7) != VARINT)
		return false;
	if (is_bytes && at[1] > left - 2)
		return false;
	f->number = at[0] >> 3;
	f->is_bytes = is_bytes;
	f->value = is_bytes ? 0 : at[1];
	f->bytes = (struct bytes){ is_bytes ? at + 2 : NULL, is_bytes ? at[1] : 0 };
	f->offset = p->offset + p->at + 1 + is_bytes;
	p->at += 2 + f->bytes.len;
	return true;
}

int proto_next(struct proto *p, struct proto_field *f)
{
	size_t start = p->at;
	uint64_t head, len;
	int rc;

	if (next_short(p, f))
		return 1;
	rc = proto_next_varint(p, &head);
	if (rc <= 0)
		return rc;
	if (head >> 3 == 0 || head >> 3 > 536870911)
		return error_set(p->err, ERR_FORMAT, "no field at byte %zu", p->offset + start);
	*f = (struct proto_field){ .number = (unsigned)(head >> 3), .is_bytes = (head & 7) == BYTES,
				   .offset = p->offset + p->at };
	switch (head & 7) {
	case VARINT:
		rc = proto_next_varint(p, &f->value);
		break;
	case BYTES:
		rc = proto_next_varint(p, &len);
		return rc > 0 ? take(p, len, f) : rc < 0 ? rc : truncated(p);
	case FIXED64:
	case FIXED32:
		rc = take(p, (head & 7) == FIXED64 ? 8 : 4, f);
		for (size_t i = rc > 0 ? f->bytes.len : 0; i-- > 0;)
			f->value = f->value << 8 | f->bytes.data[i];
		return rc;
	default:
		return error_set(p->err, ERR_FORMAT, "a field of an unknown kind at byte %zu",
				 p->offset + start);
	}
	return rc != 0 ? rc : truncated(p);
}

void proto_numbers_begin(struct proto_numbers *n, const struct proto *p,
			 const struct proto_field *f)
{
	n->packed = proto_inside(p, f);
	n->single = !f->is_bytes;
	n->value = f->value;
	if (n->single) /* what follows is not ours */
		n->packed.in.len = 0;
}

int proto_numbers_next(struct proto_numbers *n, uint64_t *value)
{
	if (!n->single)
		return proto_next_varint(&n->packed, value);
	n->single = false;
	*value = n->value;
	return 1;
}
