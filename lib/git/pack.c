#include "git/pack.h"

#include <git2/sys/mempack.h>
#include <git2/sys/odb_backend.h>
#include <git2/sys/repository.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"

/* Held in memory at most, about. */
static const size_t enough = 64 << 20;

/* Before the backends of the disk, which have 1 and 2. */
enum { FIRST = 999 };

int pack_init(struct pack *p, struct repository *r, struct error *err)
{
	memset(p, 0, sizeof *p);
	p->repo = r;
	if (git_repository_item_path(&p->objects, r->git, GIT_REPOSITORY_ITEM_OBJECTS) < 0 ||
	    git_odb_open(&p->odb, p->objects.ptr) < 0 || git_mempack_new(&p->memory) < 0)
		goto fail;
	if (git_odb_add_backend(p->odb, p->memory, FIRST) < 0) {
		p->memory->free(p->memory);
		goto fail;
	}
	if (git_repository_wrap_odb(&p->shadow, p->odb) == 0)
		return 0;
fail:
	git_failed(err, ERR_IO, r->dir);
	pack_release(p);
	return -1;
}

void pack_release(struct pack *p)
{
	git_repository_free(p->shadow);
	git_odb_free(p->odb);
	git_buf_dispose(&p->objects);
	mem_free(p->fresh);
	memset(p, 0, sizeof *p);
}

int pack_put(struct pack *p, git_object_t type, struct bytes content, git_oid *id,
	     struct error *err)
{
	git_oid *grown;

	if (git_odb_hash(id, content.data, content.len, type) < 0)
		return git_failed(err, ERR_IO, p->repo->dir);
	if (git_odb_exists(p->odb, id))
		return 0;
	if (p->pending > enough && pack_write(p, err) < 0)
		return -1;
	grown = mem_grow(p->fresh, &p->cap, p->nfresh + 1, sizeof *grown);
	if (grown == NULL)
		return error_nomem(err);
	p->fresh = grown;
	if (git_odb_write(id, p->odb, content.data, content.len, type) < 0)
		return git_failed(err, ERR_IO, p->repo->dir);
	git_oid_cpy(&p->fresh[p->nfresh++], id);
	p->pending += content.len;
	return 0;
}

static int fill(struct pack *p, git_packbuilder *builder, const char *folder)
{
	git_packbuilder_set_threads(builder, 1);
	for (size_t i = 0; i < p->nfresh; i++)
		if (git_packbuilder_insert(builder, &p->fresh[i], NULL) < 0)
			return -1;
	return git_packbuilder_write(builder, folder, 0, NULL, NULL);
}

int pack_write(struct pack *p, struct error *err)
{
	git_packbuilder *builder = NULL;
	char *folder;
	int rc = -1;

	if (p->nfresh == 0)
		return 0;
	folder = path_join(p->objects.ptr, "pack");
	if (folder == NULL) {
		error_nomem(err);
	} else if (git_packbuilder_new(&builder, p->shadow) < 0 ||
		   fill(p, builder, folder) < 0 || git_odb_refresh(p->odb) < 0) {
		git_failed(err, ERR_IO, folder);
	} else {
		git_mempack_reset(p->memory);
		p->nfresh = 0;
		p->pending = 0;
		rc = 0;
	}
	git_packbuilder_free(builder);
	mem_free(folder);
	return rc;
}
