#include "snapshot/manifest.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "format/json.h"

/* snapshot.json:
 *
 *     {
 *       "schema": 1,
 *       "method": "GET",
 *       "route": "/user/{id}",
 *       "route_is_template": true,
 *       "path": "/user/7",
 *       "status": "200 OK",              null: start_response was never called
 *       "label": "tests/test_user.py::test_show[7]",  whose request it is
 *       "ordinal": 1,                    which of its requests; null: not known
 *       "start": "2026-11-21T18:20:37.000000001+01:00",
 *       "wall_seconds": 0.738,
 *       "cpu_seconds": 0.702,            null: not known
 *       "bytes_sent": 5120,              null: the server sent a file itself
 *       "pid": 71, "thread": 71, "served_before": 12,
 *       "host": "...", "python": "3.11.7", "implementation": "CPython",
 *       "cprof": "0.1", "mode": "exact", "engine": "setprofile",
 *       "events": 20400, "tracer_seconds": 0.002, what tracing cost, taken out of the profile
 *       "ns_per_event": 98, "tracer_share": 0.27,   the same per event, and of the wall time
 *       "lost": 0, "folded": 0, "interrupted": false,
 *       "followed": [                    what ran beside it, see profile.h
 *         { "kind": "job", "wall_seconds": 0.2, "cpu_seconds": 0.1, "events": 52,
 *           "cut": false }               true: it went on after the request
 *       ],
 *       "followed_lost": 0,              and is not in the profile
 *       "ended": "closed",
 *       "exception": null,
 *       "git": { "commit": "...", "branch": "main", "dirty": false, ... }
 *     }
 *
 * "label" and "ordinal" are there where somebody gave one, "git" once the
 * snapshot is tagged. Seconds are doubles, which tell
 * nanoseconds apart up to a hundred days.
 *
 * Trap: two lists below name the members, one to write and one to know them
 * again; a member in the first alone would be written twice after a rewrite. */

static const char *const members[] = {
	"schema", "method", "route", "route_is_template", "path", "status", "label", "ordinal",
	"start",
	"wall_seconds", "cpu_seconds", "bytes_sent", "pid", "thread", "served_before", "host",
	"python", "implementation", "cprof", "mode", "engine", "events",
	"tracer_seconds", "ns_per_event", "tracer_share", "lost", "folded",
	"interrupted", "followed", "followed_lost", "ended", "exception", "git", NULL
};

static const char *const git_members[] = { "commit",  "branch",    "dirty", "author_date",
					   "subject", "tagged_at", "worktree", NULL };

static void add_unknown(struct json_writer *w, const struct json *object,
			const char *const *known)
{
	if (object == NULL || object->type != JSON_OBJECT)
		return;
	for (const struct json *v = object->first; v != NULL; v = v->next) {
		const char *const *k = known;

		while (*k != NULL && strcmp(*k, v->key) != 0)
			k++;
		if (*k == NULL)
			json_add_value(w, v->key, v);
	}
}

static void add_seconds(struct json_writer *w, const char *key, int64_t ns)
{
	if (ns < 0)
		json_add_null(w, key);
	else
		json_add_number(w, key, (double)ns / 1e9);
}

static void add_count(struct json_writer *w, const char *key, uint64_t n)
{
	json_add_int(w, key, n > INT64_MAX ? INT64_MAX : (int64_t)n);
}

static void add_label(struct json_writer *w, const struct manifest *m)
{
	if (m->label == NULL)
		return;
	json_add_string(w, "label", m->label);
	if (m->ordinal != 0)
		add_count(w, "ordinal", m->ordinal);
	else
		json_add_null(w, "ordinal");
}

static void add_request(struct json_writer *w, const struct manifest *m)
{
	struct buf start = BUF_INIT;

	json_add_string(w, "method", m->method);
	json_add_string(w, "route", m->route);
	json_add_bool(w, "route_is_template", m->route_is_template);
	json_add_string(w, "path", m->path);
	json_add_string(w, "status", m->status);
	add_label(w, m);
	time_format(&start, m->start_ns);
	json_add_string(w, "start", buf_str(&start));
	if (start.failed)
		w->out->failed = true;
	buf_release(&start);
	json_add_number(w, "wall_seconds", (double)m->wall_ns / 1e9);
	add_seconds(w, "cpu_seconds", m->cpu_ns);
	if (m->bytes_known)
		add_count(w, "bytes_sent", m->bytes_sent);
	else
		json_add_null(w, "bytes_sent");
}

static void add_followed(struct json_writer *w, const struct manifest *m)
{
	const struct json *was = json_get(m->other, "followed");

	if (was != NULL) {
		json_add_value(w, "followed", was);
		add_count(w, "followed_lost", m->followed_lost);
		return;
	}
	json_open_array(w, "followed");
	for (size_t i = 0; i < m->nfollowed; i++) {
		const struct manifest_followed *f = &m->followed[i];

		json_open_object(w, NULL);
		json_add_string(w, "kind", f->kind);
		json_add_number(w, "wall_seconds", (double)f->wall_ns / 1e9);
		add_seconds(w, "cpu_seconds", f->cpu_ns);
		add_count(w, "events", f->events);
		json_add_bool(w, "cut", f->cut);
		json_close_object(w);
	}
	json_close_array(w);
	add_count(w, "followed_lost", m->followed_lost);
}

static void add_how(struct json_writer *w, const struct manifest *m)
{
	json_add_int(w, "pid", m->pid);
	add_count(w, "thread", m->thread);
	add_count(w, "served_before", m->served_before);
	json_add_string(w, "host", m->host);
	json_add_string(w, "python", m->python);
	json_add_string(w, "implementation", m->implementation);
	json_add_string(w, "cprof", m->cprof);
	json_add_string(w, "mode", m->mode);
	json_add_string(w, "engine", m->engine);
	add_count(w, "events", m->events);
	json_add_number(w, "tracer_seconds", (double)m->tracer_ns / 1e9);
	json_add_number(w, "ns_per_event",
			m->events ? (double)m->tracer_ns / (double)m->events : 0);
	json_add_number(w, "tracer_share",
			m->wall_ns > 0 ? (double)m->tracer_ns / (double)m->wall_ns : 0);
	add_count(w, "lost", m->lost);
	add_count(w, "folded", m->folded);
	json_add_bool(w, "interrupted", m->interrupted);
	add_followed(w, m);
	json_add_string(w, "ended", m->ended);
	json_add_string(w, "exception", m->exception);
}

static void add_git(struct json_writer *w, const struct manifest *m)
{
	const struct json *was = json_get(m->other, "git");
	const struct manifest_git *git = &m->git;

	if (git->commit == NULL && (was == NULL || was->type != JSON_OBJECT))
		return;
	json_open_object(w, "git");
	if (git->commit != NULL) {
		json_add_string(w, "commit", git->commit);
		json_add_string(w, "branch", git->branch);
		if (git->dirty < 0)
			json_add_null(w, "dirty");
		else
			json_add_bool(w, "dirty", git->dirty != 0);
		json_add_string(w, "author_date", git->author_date);
		json_add_string(w, "subject", git->subject);
		json_add_string(w, "tagged_at", git->tagged_at);
		json_add_string(w, "worktree", git->worktree);
	}
	add_unknown(w, was, git_members);
	json_close_object(w);
}

int manifest_write(struct buf *out, const struct manifest *m, struct error *err)
{
	struct json_writer w;

	json_begin(&w, out);
	json_add_int(&w, "schema", m->schema > MANIFEST_SCHEMA ? m->schema : MANIFEST_SCHEMA);
	add_request(&w, m);
	add_how(&w, m);
	add_git(&w, m);
	add_unknown(&w, m->other, members);
	json_end(&w);
	return out->failed ? error_nomem(err) : 0;
}

/* Hostile numbers must not overflow the conversion. */
static int64_t seconds_ns(const struct json *doc, const char *key, int64_t fallback)
{
	double s = json_num(doc, key, -1);

	return s >= 0 && s < 9e9 ? llround(s * 1e9) : fallback;
}

static uint64_t count_of(const struct json *doc, const char *key)
{
	int64_t n = json_int(doc, key, 0);

	return n < 0 ? 0 : (uint64_t)n;
}

static bool is_commit(const char *s)
{
	size_t len = s ? strlen(s) : 0;

	return (len == 40 || len == 64) && strspn(s, "0123456789abcdef") == len;
}

/* What is no commit's name is not taken for one: it goes to file names and
 * command lines. */
static void read_git(struct manifest_git *git, const struct json *object)
{
	const struct json *dirty = json_get(object, "dirty");
	const char *commit = json_str(object, "commit", NULL);

	git->dirty = -1;
	if (!is_commit(commit))
		return;
	git->commit = commit;
	git->branch = json_str(object, "branch", NULL);
	if (dirty != NULL && dirty->type == JSON_BOOL)
		git->dirty = dirty->boolean;
	git->author_date = json_str(object, "author_date", NULL);
	git->subject = json_str(object, "subject", NULL);
	git->tagged_at = json_str(object, "tagged_at", NULL);
	git->worktree = json_str(object, "worktree", NULL);
}

static void read_request(struct manifest *m, const struct json *doc)
{
	int64_t sent = json_int(doc, "bytes_sent", -1);

	m->route_is_template = json_bool(doc, "route_is_template", false);
	m->path = json_str(doc, "path", "");
	m->status = json_str(doc, "status", NULL);
	m->label = json_str(doc, "label", NULL);
	if (m->label != NULL && m->label[0] == '\0')
		m->label = NULL;
	if (m->label != NULL)
		m->ordinal = count_of(doc, "ordinal");
	m->wall_ns = seconds_ns(doc, "wall_seconds", 0);
	m->cpu_ns = seconds_ns(doc, "cpu_seconds", -1);
	m->bytes_known = sent >= 0;
	m->bytes_sent = sent >= 0 ? (uint64_t)sent : 0;
}

static int read_followed(struct manifest *m, const struct json *array, struct error *err)
{
	size_t n = 0;

	if (array == NULL || array->type != JSON_ARRAY)
		return 0;
	for (const struct json *v = array->first; v != NULL; v = v->next)
		n++;
	m->followed = arena_alloc(&m->arena, n * sizeof *m->followed);
	if (m->followed == NULL)
		return error_nomem(err);
	for (const struct json *v = array->first; v != NULL; v = v->next)
		if (v->type == JSON_OBJECT)
			m->followed[m->nfollowed++] = (struct manifest_followed){
				json_str(v, "kind", ""), seconds_ns(v, "wall_seconds", 0),
				seconds_ns(v, "cpu_seconds", -1), count_of(v, "events"),
				json_bool(v, "cut", false)
			};
	return 0;
}

static void read_how(struct manifest *m, const struct json *doc)
{
	int64_t pid = json_int(doc, "pid", 0);

	m->pid = pid < 0 || pid > INT_MAX ? 0 : (int)pid;
	m->thread = count_of(doc, "thread");
	m->served_before = count_of(doc, "served_before");
	m->host = json_str(doc, "host", "");
	m->python = json_str(doc, "python", "");
	m->implementation = json_str(doc, "implementation", "");
	m->cprof = json_str(doc, "cprof", "");
	m->mode = json_str(doc, "mode", "");
	m->engine = json_str(doc, "engine", "");
	m->events = count_of(doc, "events");
	m->tracer_ns = seconds_ns(doc, "tracer_seconds", 0);
	m->lost = count_of(doc, "lost");
	m->folded = count_of(doc, "folded");
	m->interrupted = json_bool(doc, "interrupted", false);
	m->followed_lost = count_of(doc, "followed_lost");
	m->ended = json_str(doc, "ended", "");
	m->exception = json_str(doc, "exception", NULL);
}

static int read_document(struct manifest *m, const struct json *doc, struct error *err)
{
	int64_t schema = json_int(doc, "schema", 0);
	const char *start = json_str(doc, "start", NULL);

	if (doc->type != JSON_OBJECT || schema < 1 || schema > INT_MAX)
		return error_set(err, ERR_FORMAT, "no manifest of a snapshot: no \"schema\"");
	m->schema = (int)schema;
	m->method = json_str(doc, "method", NULL);
	m->route = json_str(doc, "route", NULL);
	if (m->method == NULL || m->route == NULL)
		return error_set(err, ERR_FORMAT, "no \"%s\" in it",
				 m->method ? "route" : "method");
	if (start == NULL || time_parse(start, &m->start_ns) < 0)
		return error_set(err, ERR_FORMAT, "\"start\" is no time");
	read_request(m, doc);
	read_how(m, doc);
	read_git(&m->git, json_get(doc, "git"));
	m->other = doc;
	return read_followed(m, json_get(doc, "followed"), err);
}

int manifest_read(struct manifest *out, struct bytes in, struct error *err)
{
	const struct json *doc;

	memset(out, 0, sizeof *out);
	doc = json_parse(&out->arena, in, err);
	if (doc != NULL && read_document(out, doc, err) == 0)
		return 0;
	manifest_release(out);
	return -1;
}

void manifest_release(struct manifest *m)
{
	arena_release(&m->arena);
	memset(m, 0, sizeof *m);
}
