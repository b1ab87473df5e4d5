#include "git/ancestry.h"

#include <string.h>

#include "base/file.h"
#include "base/mem.h"

enum { MAX_SHALLOW_FILE = 64 << 20 };

const char *shallow_hint(const struct repository *r)
{
	return git_repository_is_shallow(r->git) == 1 ?
	       "; the clone is shallow: git fetch --unshallow" : "";
}

static uint64_t key_of(const git_oid *id)
{
	uint64_t key;

	memcpy(&key, id->id, sizeof key);
	return key;
}

static int add_border(struct ancestry *a, const char *line, size_t len, struct error *err)
{
	git_oid *grown = mem_grow(a->borders, &a->border_cap, a->nborders + 1, sizeof *grown);

	if (grown == NULL)
		return error_nomem(err);
	a->borders = grown;
	if (len >= GIT_OID_HEXSZ && git_oid_fromstrn(&grown[a->nborders], line, GIT_OID_HEXSZ) == 0)
		a->nborders++;
	return 0;
}

/* The file "shallow": a commit a line, whose parents are not here. */
static int read_borders(struct ancestry *a, struct error *err)
{
	char *path = path_join(git_repository_commondir(a->repo->git), "shallow");
	struct buf text = BUF_INIT;
	size_t at = 0;
	int rc = -1;

	if (path == NULL) {
		error_nomem(err);
		goto done;
	}
	if (file_read(&text, path, MAX_SHALLOW_FILE, err) < 0)
		goto done;
	while (at < text.len) {
		const char *end = memchr(text.data + at, '\n', text.len - at);
		size_t len = end ? (size_t)(end - text.data) - at : text.len - at;

		if (add_border(a, text.data + at, len, err) < 0)
			goto done;
		at += len + 1;
	}
	rc = 0;
done:
	buf_release(&text);
	mem_free(path);
	return rc;
}

int ancestry_init(struct ancestry *a, struct repository *r, struct error *err)
{
	memset(a, 0, sizeof *a);
	a->repo = r;
	if (git_repository_is_shallow(r->git) == 1 && read_borders(a, err) < 0) {
		ancestry_release(a);
		return -1;
	}
	return 0;
}

void ancestry_release(struct ancestry *a)
{
	mem_free(a->all);
	mem_free(a->heap);
	mem_free(a->borders);
	map_release(&a->places);
	memset(a, 0, sizeof *a);
}

/* Of commits of one second the one that was added first: a child comes before its
 * parent. */
static bool is_newer(const struct ancestry *a, uint32_t x, uint32_t y)
{
	if (a->all[x].time != a->all[y].time)
		return a->all[x].time > a->all[y].time;
	return x < y;
}

static int heap_push(struct ancestry *a, uint32_t item)
{
	uint32_t *grown = mem_grow(a->heap, &a->heap_cap, a->nheap + 1, sizeof *grown);
	size_t i = a->nheap;

	if (grown == NULL)
		return -1;
	a->heap = grown;
	a->nheap++;
	while (i > 0 && is_newer(a, item, a->heap[(i - 1) / 2])) {
		a->heap[i] = a->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	a->heap[i] = item;
	return 0;
}

int64_t ancestry_next(struct ancestry *a)
{
	uint32_t top, last;
	size_t i = 0;

	if (a->nheap == 0)
		return ANCESTRY_END;
	top = a->heap[0];
	last = a->heap[--a->nheap];
	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= a->nheap)
			break;
		if (child + 1 < a->nheap && is_newer(a, a->heap[child + 1], a->heap[child]))
			child++;
		if (!is_newer(a, a->heap[child], last))
			break;
		a->heap[i] = a->heap[child];
		i = child;
	}
	a->heap[i] = last;
	a->all[top].waiting = false;
	return top;
}

static uint32_t find(const struct ancestry *a, const git_oid *id)
{
	size_t at = 0;
	uint32_t i;

	while ((i = map_find(&a->places, key_of(id), &at)) != MAP_NONE)
		if (git_oid_equal(&a->all[i].id, id))
			break;
	return i;
}

static int look_up(struct ancestry *a, const git_oid *id, git_commit **commit,
		   struct error *err)
{
	char hex[GIT_OID_HEXSZ + 1];

	if (git_commit_lookup(commit, a->repo->git, id) == 0)
		return 0;
	git_oid_tostr(hex, sizeof hex, id);
	return error_set(err, ERR_NOT_FOUND, "%s: commit %.10s is not in the repository%s",
			 a->repo->dir, hex, shallow_hint(a->repo));
}

static int add_new(struct ancestry *a, const git_oid *id, uint32_t *place, struct error *err)
{
	struct ancestor *grown = mem_grow(a->all, &a->cap, a->n + 1, sizeof *grown);
	git_commit *commit;

	if (grown == NULL)
		return error_nomem(err);
	a->all = grown;
	if (look_up(a, id, &commit, err) < 0)
		return -1;
	*place = (uint32_t)a->n;
	memset(&a->all[a->n], 0, sizeof *a->all);
	git_oid_cpy(&a->all[a->n].id, id);
	a->all[a->n].time = git_commit_time(commit);
	git_commit_free(commit);
	if (map_add(&a->places, key_of(id), *place) < 0)
		return error_nomem(err);
	a->n++;
	return 0;
}

int ancestry_add(struct ancestry *a, const git_oid *id, unsigned marks, struct error *err)
{
	uint32_t i = find(a, id);
	bool is_new = i == MAP_NONE;

	if (is_new && add_new(a, id, &i, err) < 0)
		return -1;
	if (!is_new && (a->all[i].marks & marks) == marks)
		return 0;
	a->all[i].marks |= marks;
	if (!a->all[i].waiting && heap_push(a, i) < 0)
		return error_nomem(err);
	a->all[i].waiting = true;
	return 0;
}

int ancestry_add_parents(struct ancestry *a, git_commit *commit, unsigned marks,
			 struct error *err)
{
	for (size_t i = 0; i < a->nborders; i++) {
		if (git_oid_equal(&a->borders[i], git_commit_id(commit))) {
			a->met_border = true;
			return 0;
		}
	}
	for (unsigned i = 0; i < git_commit_parentcount(commit); i++)
		if (ancestry_add(a, git_commit_parent_id(commit, i), marks, err) < 0)
			return -1;
	return 0;
}
