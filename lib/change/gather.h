/* gather.h -- the functions and arcs of several books (see digest.h), each once, in the
 * order that a summary has them. */
#ifndef CPROF_CHANGE_GATHER_H
#define CPROF_CHANGE_GATHER_H

#include "change/digest.h"
#include "change/identity.h"

struct gathered {
	struct identity *functions; /* by identity_compare */
	uint32_t *lines;
	uint32_t nfunctions;
	struct book_arc *arcs; /* by caller, callee; indices of functions */
	uint32_t narcs;
	uint32_t **function_of, **arc_of; /* per book: from its own to these */
	size_t nbooks;
};

/* Texts are copied into `texts`, the rest is the caller's to release. */
int gather(struct gathered *out, struct arena *texts, const struct book *books, size_t nbooks,
	   struct error *err);
void gathered_release(struct gathered *g);

#endif
