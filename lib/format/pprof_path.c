#include "format/pprof_path.h"

#include <string.h>

#include "base/mem.h"
#include "format/pprof_raw.h"

enum { MAX_DEPTH = 1 << 16 };

static int too_deep(size_t offset, struct error *err)
{
	return pprof_bad(err, offset, "a stack of over 65,536 frames");
}

void pprof_path_begin(struct pprof_path *p)
{
	p->nids = p->nshared = 0;
	p->packed = (struct bytes){ NULL, 0 };
	p->is_packed = false;
}

static int decode(struct pprof_path *p, struct proto_numbers *n, struct error *err)
{
	uint64_t id;
	int rc;

	while ((rc = proto_numbers_next(n, &id)) > 0)
		if (p->nids == MAX_DEPTH)
			return too_deep(n->packed.offset, err);
		else if (pprof_push(&p->ids, &p->nids, &p->ids_cap, id, err) < 0)
			return -1;
	return rc;
}

/* All of the one piece but its end. */
static int decode_packed(struct pprof_path *p, size_t end, struct error *err)
{
	struct proto_numbers n = { .packed = proto_whole(p->packed, err) };

	n.packed.in.len -= end;
	n.packed.offset = p->offset;
	return decode(p, &n, err);
}

int pprof_path_field(struct pprof_path *p, const struct proto *in, const struct proto_field *f)
{
	struct proto_numbers n;

	if (f->is_bytes && p->packed.data == NULL && p->nids == 0) {
		p->packed = f->bytes;
		p->offset = f->offset;
		p->is_packed = true;
		return 0;
	}
	/* In pieces, or one by one. */
	if (p->is_packed && decode_packed(p, 0, in->err) < 0)
		return -1;
	p->is_packed = false;
	proto_numbers_begin(&n, in, f);
	return decode(p, &n, in->err);
}

static size_t common_end(struct bytes a, struct bytes b)
{
	size_t most = a.len < b.len ? a.len : b.len, n = 0;
	const uint8_t *x = a.data + a.len, *y = b.data + b.len;
	uint64_t left, right;

	for (; n + sizeof left <= most; n += sizeof left) {
		memcpy(&left, x - n - sizeof left, sizeof left);
		memcpy(&right, y - n - sizeof right, sizeof right);
		if (left != right)
			break;
	}
	while (n < most && x[-1 - (ptrdiff_t)n] == y[-1 - (ptrdiff_t)n])
		n++;
	return n;
}

/* Whether a number begins so many bytes before the end. */
static bool begins(struct bytes b, size_t n)
{
	return n == b.len || b.data[b.len - n - 1] < 0x80;
}

int pprof_path_end(struct pprof_path *p, struct error *err)
{
	size_t shared = 0;
	uint32_t *grown;

	if (p->is_packed && p->last.len != 0 && p->packed.len != 0) {
		shared = common_end(p->packed, p->last);
		while (shared != 0 && (!begins(p->packed, shared) || !begins(p->last, shared)))
			shared--;
	}
	for (size_t i = p->packed.len - shared; i < p->packed.len; i++)
		p->nshared += p->packed.data[i] < 0x80;
	if (p->is_packed && decode_packed(p, shared, err) < 0)
		return -1;
	if (p->nshared + p->nids > MAX_DEPTH)
		return too_deep(p->offset, err);
	p->last = p->is_packed ? p->packed : (struct bytes){ NULL, 0 };
	p->nnodes = p->nshared;
	grown = mem_grow(p->nodes, &p->nodes_cap, p->nshared + p->nids, sizeof *grown);
	if (grown == NULL)
		return error_nomem(err);
	p->nodes = grown;
	return 0;
}

void pprof_path_release(struct pprof_path *p)
{
	mem_free(p->ids);
	mem_free(p->nodes);
}
