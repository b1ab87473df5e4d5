/* A summary of a run folder: its profiles are read by as many threads as there are
 * processors, each profile is made a digest and forgotten, and then the digests are put
 * together by groups. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/cores.h"
#include "base/mem.h"
#include "change/group.h"
#include "change/summary.h"

enum { MOST_THREADS = 16, PROFILES_A_THREAD = 4 };

/* What all threads share. */
struct reading {
	const struct run_info *run;
	const struct summary_watch *watch;
	struct digest *digests; /* per snapshot */
	uint8_t *book_of;       /* per snapshot: the thread's, or NOBODY */
	atomic_size_t next;     /* the first snapshot that nobody has taken */
	atomic_bool stop;
	pthread_mutex_t lock;   /* of what follows, and of the watch */
	size_t ndone;
	struct error err;       /* of the thread that failed first */
};

enum { NOBODY = UINT8_MAX };

struct reader {
	pthread_t thread;
	struct reading *all;
	struct book book;
	uint8_t number;
};

static void report(struct reading *r, const struct snapshot *s, const struct error *err)
{
	const struct summary_watch *w = r->watch;

	pthread_mutex_lock(&r->lock);
	r->ndone++;
	if (w != NULL && w->progress != NULL)
		w->progress(w->arg, r->ndone, r->run->nsnapshots);
	if (w != NULL && w->problem != NULL && err != NULL)
		w->problem(w->arg, s, err);
	pthread_mutex_unlock(&r->lock);
}

static void give_up(struct reading *r, const struct error *err)
{
	pthread_mutex_lock(&r->lock);
	if (r->err.code == ERR_NONE)
		r->err = *err;
	pthread_mutex_unlock(&r->lock);
	atomic_store(&r->stop, true);
}

static int read_one(struct reader *reader, size_t i, struct error *err)
{
	struct reading *all = reader->all;
	const struct snapshot *s = &all->run->snapshots[i];
	struct profile *p = snapshot_profile(s->path, err);
	int rc = p != NULL ? digest_profile(&all->digests[i], &reader->book, p, err) : -1;

	profile_free(p);
	if (rc < 0 && err->code == ERR_NOMEM)
		return -1;
	if (rc == 0)
		all->book_of[i] = reader->number;
	report(all, s, rc < 0 ? err : NULL);
	return 0;
}

static void *read_some(void *arg)
{
	struct reader *reader = arg;
	struct reading *all = reader->all;
	struct error err = ERROR_INIT;
	size_t i;

	while (!atomic_load(&all->stop) &&
	       (i = atomic_fetch_add(&all->next, 1)) < all->run->nsnapshots) {
		if (read_one(reader, i, &err) < 0)
			give_up(all, &err);
	}
	return NULL;
}

/* The caller's thread is one of them. */
static void read_by_threads(struct reader *readers, size_t n)
{
	size_t begun = 1;

	while (begun < n && pthread_create(&readers[begun].thread, NULL, read_some,
					   &readers[begun]) == 0)
		begun++;
	read_some(&readers[0]);
	while (--begun > 0)
		pthread_join(readers[begun].thread, NULL);
}

static size_t thread_count(size_t nsnapshots)
{
	size_t n = count_cores(), useful = nsnapshots / PROFILES_A_THREAD;

	n = n < useful ? n : useful;
	return n < 1 ? 1 : n < MOST_THREADS ? n : MOST_THREADS;
}

/* --- what the run was */

static int copy_text(struct arena *arena, const char **to, const char *text)
{
	*to = text != NULL ? arena_strdup(arena, text) : NULL;
	return text != NULL && *to == NULL ? -1 : 0;
}

/* "3.12.1" -> "3.12" */
static size_t minor_length(const char *version)
{
	const char *dot = strchr(version, '.');

	return dot != NULL ? (size_t)(dot + 1 - version) + strcspn(dot + 1, ".") : strlen(version);
}

static void agree(const char **common, const char *text, size_t len)
{
	if (*common == NULL)
		*common = text;
	else if (strlen(*common) < len || strncmp(*common, text, len) != 0)
		*common = "mixed";
}

static int cut_python(struct summary *s)
{
	s->python = arena_strndup(&s->arena, s->python, minor_length(s->python));
	return s->python == NULL ? -1 : 0;
}

/* What all requests say, as far as they say anything. Borrowed from the snapshots until
 * describe has copied it. */
static void ask_snapshots(struct summary *s, const struct request *requests, size_t n)
{
	bool several = false;

	for (size_t i = 0; i < n; i++) {
		const struct manifest *m = &requests[i].snapshot->manifest;

		if (m->python != NULL)
			agree(&s->python, m->python, minor_length(m->python));
		if (m->implementation != NULL)
			agree(&s->implementation, m->implementation, strlen(m->implementation));
		if (m->mode != NULL)
			agree(&s->mode, m->mode, strlen(m->mode));
		if (m->host != NULL) {
			uint64_t machine = map_hash(m->host, strlen(m->host));

			several |= s->machine != 0 && s->machine != machine;
			s->machine = machine;
		}
		if (m->git.commit != NULL && s->commit == NULL) {
			s->commit = m->git.commit;
			s->branch = m->git.branch;
		}
		s->dirty |= m->git.commit != NULL && m->git.dirty == 1;
	}
	if (several)
		s->machine = 0;
}

static int describe(struct summary *s, const struct run_info *run, const struct request *requests,
		    size_t n)
{
	ask_snapshots(s, requests, n);
	s->created_ns = run->created_ns;
	s->outcome = run->outcome;
	s->seen = run->seen;
	s->kept = run->kept;
	s->dropped = run->dropped;
	s->has_counts = run->has_counts;
	if (copy_text(&s->arena, &s->name, run->name) < 0 ||
	    copy_text(&s->arena, &s->path, run->path) < 0 ||
	    copy_text(&s->arena, &s->commit, s->commit) < 0 ||
	    copy_text(&s->arena, &s->branch, s->branch) < 0 ||
	    copy_text(&s->arena, &s->python, s->python ? s->python : "") < 0 ||
	    copy_text(&s->arena, &s->implementation, s->implementation ? s->implementation : "") < 0 ||
	    copy_text(&s->arena, &s->mode, s->mode ? s->mode : "") < 0)
		return -1;
	return cut_python(s);
}

/* --- from digests to groups */

static bool has_metric(const struct digest *d, const struct book_metric *m)
{
	for (uint32_t i = 0; i < d->nmetrics; i++)
		if (strcmp(d->metrics[i].name, m->name) == 0 &&
		    strcmp(d->metrics[i].unit, m->unit) == 0)
			return true;
	return false;
}

static bool all_have(const struct request *requests, size_t n, const struct book_metric *m)
{
	for (size_t i = 0; i < n; i++)
		if (!has_metric(requests[i].digest, m))
			return false;
	return true;
}

static int take_metrics(struct summary *s, const struct request *requests, size_t n)
{
	const struct digest *first = requests[0].digest;

	s->sampled = first->sampled;
	s->metrics = arena_alloc(&s->arena, first->nmetrics * sizeof *s->metrics);
	if (s->metrics == NULL)
		return -1;
	for (uint32_t i = 0; i < first->nmetrics; i++) {
		struct metric *m = &s->metrics[s->nmetrics];

		if (!all_have(requests, n, &first->metrics[i]))
			continue;
		if (copy_text(&s->arena, &m->name, first->metrics[i].name) < 0 ||
		    copy_text(&s->arena, &m->unit, first->metrics[i].unit) < 0)
			return -1;
		s->nmetrics++;
	}
	return 0;
}

/* Whether a digest can stand beside the run's first; else says so. */
static bool is_alike(struct reading *r, const struct digest *first, size_t i)
{
	const struct digest *d = &r->digests[i];
	struct error err;

	if (d->sampled == first->sampled && has_metric(d, &first->metrics[0]))
		return true;
	error_set(&err, ERR_REFUSED, "%s: %s, unlike the first of its run",
		  r->run->snapshots[i].path, d->sampled ? "sampled" : "traced");
	if (d->sampled == first->sampled)
		error_set(&err, ERR_REFUSED, "%s: does not measure %s, as the first of its run",
			  r->run->snapshots[i].path, first->metrics[0].name);
	if (r->watch != NULL && r->watch->problem != NULL)
		r->watch->problem(r->watch->arg, &r->run->snapshots[i], &err);
	return false;
}

/* The requests whose profile was read, oldest first. */
static size_t list_requests(struct request *out, struct reading *r, const struct gathered *names)
{
	const struct digest *first = NULL;
	size_t n = 0;

	for (size_t i = 0; i < r->run->nsnapshots; i++) {
		uint8_t book = r->book_of[i];

		if (book == NOBODY)
			continue;
		if (first == NULL)
			first = &r->digests[i];
		if (!is_alike(r, first, i))
			continue;
		out[n++] = (struct request){ &r->run->snapshots[i], &r->digests[i],
					     names->function_of[book], names->arc_of[book], i, true };
	}
	return n;
}

static uint64_t mix_text(uint64_t key, const char *text)
{
	return map_mix(key + (text != NULL ? map_hash_text(text, strlen(text)) : 1));
}

/* A process that has served one of this method and route before is warm. */
static int find_cold(struct request *requests, size_t n)
{
	struct map served = MAP_INIT;
	int rc = -1;

	for (size_t i = 0; i < n; i++) {
		const struct manifest *m = &requests[i].snapshot->manifest;
		uint64_t key = mix_text((uint64_t)m->pid, m->host);

		key = mix_text(mix_text(key, m->method), m->route);
		requests[i].cold = map_get(&served, key) == MAP_NONE;
		if (requests[i].cold && map_add(&served, key, 0) < 0)
			goto done;
	}
	rc = 0;
done:
	map_release(&served);
	return rc;
}

static int by_group(const void *a, const void *b)
{
	const struct request *x = a, *y = b;
	int order = request_compare(x, y);

	return order != 0 ? order : x->order < y->order ? -1 : x->order > y->order;
}

static size_t length_of_group(const struct request *requests, size_t n)
{
	size_t len = 1;

	while (len < n && request_compare(&requests[0], &requests[len]) == 0)
		len++;
	return len;
}

static int make_groups(struct summary *s, const struct gathered *names, struct request *requests,
		       size_t n, struct error *err)
{
	size_t ngroups = 0, len;

	qsort(requests, n, sizeof *requests, by_group);
	for (size_t i = 0; i < n; i += length_of_group(&requests[i], n - i))
		ngroups++;
	s->groups = arena_alloc(&s->arena, ngroups * sizeof *s->groups);
	if (s->groups == NULL)
		return error_nomem(err);
	for (size_t i = 0; i < n; i += len) {
		len = length_of_group(&requests[i], n - i);
		if (group_fill(&s->groups[s->ngroups], s, names, &requests[i], len, err) < 0)
			return -1;
		s->ngroups++;
	}
	return 0;
}

static int put_together(struct summary *s, struct reading *r, const struct gathered *names,
			struct error *err)
{
	struct request *requests = mem_array(NULL, r->run->nsnapshots, sizeof *requests);
	size_t n = requests != NULL ? list_requests(requests, r, names) : 0;
	int rc = -1;

	if (requests == NULL)
		error_nomem(err);
	else if (n == 0)
		error_set(err, ERR_NOT_FOUND, "%s: no snapshot in it can be read", r->run->path);
	else if (describe(s, r->run, requests, n) < 0 || take_metrics(s, requests, n) < 0 ||
		 find_cold(requests, n) < 0)
		error_nomem(err);
	else
		rc = make_groups(s, names, requests, n, err);
	mem_free(requests);
	return rc;
}

static int read_all(struct reading *r, struct reader *readers, size_t n, struct error *err)
{
	size_t nsnapshots = r->run->nsnapshots;

	r->digests = mem_array(NULL, nsnapshots, sizeof *r->digests);
	r->book_of = mem_alloc(nsnapshots);
	if (r->digests == NULL || r->book_of == NULL)
		return error_nomem(err);
	memset(r->book_of, NOBODY, nsnapshots);
	read_by_threads(readers, n);
	if (r->err.code == ERR_NONE)
		return 0;
	*err = r->err;
	return -1;
}

/* The work tree that the run was tagged in: a baseline's may be another checkout. */
static const char *root_of(const struct run_info *run, const char *root)
{
	for (size_t i = 0; i < run->nsnapshots; i++)
		if (run->snapshots[i].manifest.git.worktree != NULL)
			return run->snapshots[i].manifest.git.worktree;
	return root;
}

int summary_of_run(struct summary *out, const struct run_info *run, const char *root,
		   const struct summary_watch *watch, struct error *err)
{
	struct reading r = { .run = run, .watch = watch, .lock = PTHREAD_MUTEX_INITIALIZER,
			     .err = ERROR_INIT };
	size_t n = thread_count(run->nsnapshots);
	struct reader *readers = mem_zalloc(n * sizeof *readers);
	struct book *books = mem_array(NULL, n, sizeof *books);
	struct gathered names = { 0 };
	int rc = -1;

	*out = (struct summary){ .arena = ARENA_INIT };
	if (readers == NULL || books == NULL) {
		error_nomem(err);
		goto done;
	}
	for (size_t i = 0; i < n; i++) {
		readers[i] = (struct reader){ .all = &r, .book = BOOK_INIT, .number = (uint8_t)i };
		readers[i].book.root = root_of(run, root);
	}
	rc = read_all(&r, readers, n, err);
	for (size_t i = 0; i < n; i++)
		books[i] = readers[i].book;
	if (rc == 0)
		rc = gather(&names, &out->arena, books, n, err);
	if (rc == 0)
		rc = put_together(out, &r, &names, err);
	gathered_release(&names);
	for (size_t i = 0; i < n; i++)
		book_release(&books[i]);
	if (rc < 0)
		summary_release(out);
done:
	pthread_mutex_destroy(&r.lock);
	mem_free(readers);
	mem_free(books);
	mem_free(r.digests);
	mem_free(r.book_of);
	return rc;
}

int summary_of_snapshot(struct summary *out, const struct snapshot *s, const char *root,
			struct error *err)
{
	struct run_info run = { .path = s->path, .name = s->name, .nsnapshots = 1,
				.created_ns = s->manifest.start_ns };

	run.snapshots = (struct snapshot *)s; /* which is only read */
	return summary_of_run(out, &run, root, NULL, err);
}
