/* pprof_path.h -- the stacks of samples, one after the other, as ids of locations. Files
 * go through a call tree in order, and stacks stand in them leaf first: the end of one,
 * byte by byte, is mostly that of the one before. That end is neither decoded nor looked
 * up again.
 *
 *     sample 1     show, main                  nodes 1 (main) 2 (show)
 *     sample 2     load, show, main            shares 2, its own are: load
 *
 * A path is begun, is given the sample's fields, and is ended; then `ids` are entered,
 * the last first, and the node of each put into `nodes` for the next sample.
 */
#ifndef CPROF_FORMAT_PPROF_PATH_H
#define CPROF_FORMAT_PPROF_PATH_H

#include "format/proto.h"

struct pprof_path {
	uint64_t *ids;   /* of this sample, leaf first, without those shared */
	size_t nids, ids_cap;
	size_t nshared;  /* ids, from the root */
	uint32_t *nodes; /* by depth; the first nshared are known */
	size_t nnodes, nodes_cap;

	struct bytes packed, last; /* this and the last sample's path, or none */
	size_t offset;   /* of packed, for errors */
	bool is_packed;  /* it came in one piece, as it does in all but odd files */
};

void pprof_path_begin(struct pprof_path *p);
/* The ids in a field of the sample. */
int pprof_path_field(struct pprof_path *p, const struct proto *in, const struct proto_field *f);
/* Makes room for the nodes of `ids`, too. */
int pprof_path_end(struct pprof_path *p, struct error *err);
void pprof_path_release(struct pprof_path *p);

#endif
