/* proto.h -- the wire format of protocol buffers: a message is a row of fields,
 * each a varint of number * 8 + kind and then
 *
 *     kind 0  a varint: 7 bits a byte, the lowest first, bit 7 says "more"
 *     kind 1  8 bytes        kind 5  4 bytes
 *     kind 2  a varint with the length, and that many bytes: text, a message
 *             in it, or a packed row of varints
 */
#ifndef CPROF_FORMAT_PROTO_H
#define CPROF_FORMAT_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/error.h"

/* Writers leave out a field of value 0, which is what its absence means. */
void proto_add_varint(struct buf *out, uint64_t value);
void proto_add_uint(struct buf *out, unsigned field, uint64_t value);
void proto_add_int(struct buf *out, unsigned field, int64_t value);
void proto_add_bytes(struct buf *out, unsigned field, const void *data, size_t len);

/* A message, or a part of one, being read. */
struct proto {
	struct bytes in;
	size_t at;
	size_t offset; /* of in.data in the whole, for errors */
	struct error *err;
};

struct proto_field {
	unsigned number;
	bool is_bytes;      /* kind 2 */
	size_t offset;      /* of what follows the head */
	uint64_t value;     /* of the other kinds */
	struct bytes bytes;
};

struct proto proto_whole(struct bytes in, struct error *err);

/* 1 with the next field, 0 at the end, -1 with err ("truncated at byte 12"). */
int proto_next(struct proto *p, struct proto_field *f);

/* The next varint: 1, 0 at the end, -1 with err. Most are one byte. */
int proto_next_long_varint(struct proto *p, uint64_t *value);

static inline int proto_next_varint(struct proto *p, uint64_t *value)
{
	if (p->at == p->in.len || p->in.data[p->at] >= 0x80)
		return proto_next_long_varint(p, value);
	*value = p->in.data[p->at++];
	return 1;
}

/* To read what is in a field of kind 2. */
struct proto proto_inside(const struct proto *p, const struct proto_field *f);

/* A repeated number, packed or not: begin with f as it came, then ask until 0. */
struct proto_numbers {
	struct proto packed;
	uint64_t value;
	bool single;
};

void proto_numbers_begin(struct proto_numbers *n, const struct proto *p,
			 const struct proto_field *f);
int proto_numbers_next(struct proto_numbers *n, uint64_t *value);

#endif
