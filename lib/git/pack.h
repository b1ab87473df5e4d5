/* pack.h -- objects that are made in memory and go to the disk as one pack, where git
 * itself would write a file for each. What the repository has already is left out. */
#ifndef CPROF_GIT_PACK_H
#define CPROF_GIT_PACK_H

#include "base/bytes.h"
#include "git/handle.h"

struct pack {
	struct repository *repo;
	git_odb *odb;            /* the repository's, with `memory` before it */
	git_odb_backend *memory; /* of odb */
	git_repository *shadow;  /* as the repository, but for where objects go */
	git_buf objects;         /* the folder of the repository's objects */
	git_oid *fresh;          /* those in memory */
	size_t nfresh, cap;
	size_t pending;          /* bytes in memory */
};

int pack_init(struct pack *p, struct repository *r, struct error *err);
void pack_release(struct pack *p);

/* Makes an object and gives its name. Many large ones become several packs. */
int pack_put(struct pack *p, git_object_t type, struct bytes content, git_oid *id,
	     struct error *err);

/* Writes what is in memory: only then may a ref name it. */
int pack_write(struct pack *p, struct error *err);

#endif
