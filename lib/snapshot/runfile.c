#include "snapshot/runfile.h"

#include <limits.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/mem.h"
#include "snapshot/folder.h"
#include "snapshot/manifest.h"

enum { RUNFILE_SCHEMA = 1 };

static const int64_t hour_ns = 3600 * (int64_t)1000000000;

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

const struct json *runfile_read(struct arena *arena, const char *run_folder, struct error *err)
{
	char *path = path_join(run_folder, "run.json");
	const struct json *doc = NULL;
	struct buf text = BUF_INIT;

	if (path == NULL) {
		error_nomem(err);
		return NULL;
	}
	if (folder_read_file(&text, path, RUNFILE_MAX, err) == 0) {
		doc = json_parse(arena, buf_bytes(&text), err);
		if (doc == NULL)
			error_prefix(err, "%s: ", path);
	}
	buf_release(&text);
	mem_free(path);
	return doc;
}

static uint64_t count_of(const struct json *row, const char *key)
{
	int64_t n = json_int(row, key, 0);

	return n < 0 ? 0 : (uint64_t)n;
}

static bool time_of(const struct json *object, const char *key, int64_t *unix_ns)
{
	const char *text = json_str(object, key, NULL);

	return text != NULL && time_parse(text, unix_ns) == 0;
}

/* The process a row or "leader" is of; rows do not have its boot. */
static bool read_process(const struct json *object, struct process *out)
{
	int64_t pid = json_int(object, "pid", 0);
	const char *boot = json_str(object, "boot", "");
	size_t len = strlen(boot);

	memset(out, 0, sizeof *out);
	if (pid <= 0 || pid > INT_MAX || len >= sizeof out->boot)
		return false;
	out->pid = (int)pid;
	out->ticks = count_of(object, "ticks");
	memcpy(out->boot, boot, len);
	return time_of(object, "start", &out->start_ns);
}

bool runfile_leader(const struct json *doc, struct process *out)
{
	return read_process(json_get(doc, "leader"), out);
}

bool runfile_created(const struct json *doc, int64_t *unix_ns)
{
	return time_of(doc, "created", unix_ns);
}

static void add_totals(struct runfile_totals *to, const struct json *row, uint64_t nprocesses)
{
	to->nprocesses += nprocesses;
	to->counts.seen += count_of(row, "seen");
	to->counts.kept += count_of(row, "kept");
	to->counts.dropped += count_of(row, "dropped");
}

static const struct json *rows_of(const struct json *doc)
{
	const struct json *rows = json_get(doc, "processes");

	return rows != NULL && rows->type == JSON_ARRAY ? rows->first : NULL;
}

bool runfile_totals(const struct json *doc, struct runfile_totals *out)
{
	const struct json *earlier = json_get(doc, "earlier");
	const struct json *rows = json_get(doc, "processes");

	memset(out, 0, sizeof *out);
	if (rows == NULL || rows->type != JSON_ARRAY)
		return false;
	for (const struct json *row = rows->first; row != NULL; row = row->next)
		add_totals(out, row, 1);
	if (earlier != NULL)
		add_totals(out, earlier, count_of(earlier, "processes"));
	return true;
}

const char *run_outcome_name(enum run_outcome outcome)
{
	static const char *const names[] = { NULL, "passed", "failed", "unfinished" };

	return names[outcome];
}

bool run_can_be_baseline(enum run_outcome outcome)
{
	return outcome != RUN_FAILED && outcome != RUN_UNFINISHED;
}

enum run_outcome runfile_outcome(const struct json *doc)
{
	const char *name = json_str(doc, "outcome", "");

	for (enum run_outcome o = RUN_PASSED; o <= RUN_UNFINISHED; o++)
		if (strcmp(name, run_outcome_name(o)) == 0)
			return o;
	return RUN_UNKNOWN;
}

static void add_time(struct json_writer *w, const char *key, int64_t unix_ns)
{
	struct buf text = BUF_INIT;

	time_format(&text, unix_ns);
	json_add_string(w, key, buf_str(&text));
	if (text.failed)
		w->out->failed = true;
	buf_release(&text);
}

static void add_process(struct json_writer *w, const struct process *p)
{
	json_add_int(w, "pid", p->pid);
	add_time(w, "start", p->start_ns);
	json_add_int(w, "ticks", (int64_t)p->ticks);
}

static void add_head(struct json_writer *w, const struct process *leader)
{
	json_add_int(w, "schema", RUNFILE_SCHEMA);
	add_time(w, "created", now_ns());
	json_open_object(w, "leader");
	add_process(w, leader);
	json_add_string(w, "boot", leader->boot);
	json_close_object(w);
}

int runfile_write_new(struct buf *out, const struct process *leader, struct error *err)
{
	struct json_writer w;

	json_begin(&w, out);
	add_head(&w, leader);
	json_open_array(&w, "processes");
	json_close_array(&w);
	json_end(&w);
	return out->failed ? error_nomem(err) : 0;
}

static void add_row(struct json_writer *w, const struct process *self,
		    const struct run_counts *counts)
{
	json_open_object(w, NULL);
	add_process(w, self);
	json_add_int(w, "seen", (int64_t)counts->seen);
	json_add_int(w, "kept", (int64_t)counts->kept);
	json_add_int(w, "dropped", (int64_t)counts->dropped);
	add_time(w, "updated", now_ns());
	json_close_object(w);
}

/* The start in ticks does not move when the clock is set. */
static bool is_row_of(const struct json *row, const struct process *self)
{
	struct process p;

	if (!read_process(row, &p) || p.pid != self->pid || p.ticks != self->ticks)
		return false;
	return p.ticks != 0 || p.start_ns == self->start_ns;
}

/* Whether a row can go into "earlier". A process of another container looks
 * gone from here; one that has not counted for an hour most likely is. */
static bool is_over(const struct json *row, const struct process *self)
{
	struct process p;
	int64_t updated;

	if (!read_process(row, &p) || !time_of(row, "updated", &updated))
		return true;
	memcpy(p.boot, self->boot, sizeof p.boot);
	return now_ns() - updated > hour_ns && !process_is_alive(&p);
}

static void add_rows(struct json_writer *w, const struct json *doc, const struct process *self,
		     const struct run_counts *counts, struct runfile_totals *earlier)
{
	size_t nrows = 0;
	bool is_new = true;

	for (const struct json *row = rows_of(doc); row != NULL; row = row->next)
		nrows++;
	json_open_array(w, "processes");
	for (const struct json *row = rows_of(doc); row != NULL; row = row->next) {
		if (is_row_of(row, self)) {
			/* Once: a stranger's file may have it twice. */
			if (is_new)
				add_row(w, self, counts);
			is_new = false;
		} else if (nrows >= RUNFILE_ROWS && is_over(row, self)) {
			add_totals(earlier, row, 1);
		} else {
			json_add_value(w, NULL, row);
		}
	}
	if (is_new)
		add_row(w, self, counts);
	json_close_array(w);
}

static void add_earlier(struct json_writer *w, const struct runfile_totals *t)
{
	if (t->nprocesses == 0)
		return;
	json_open_object(w, "earlier");
	json_add_int(w, "processes", (int64_t)t->nprocesses);
	json_add_int(w, "seen", (int64_t)t->counts.seen);
	json_add_int(w, "kept", (int64_t)t->counts.kept);
	json_add_int(w, "dropped", (int64_t)t->counts.dropped);
	json_close_object(w);
}

/* All members but those: of what is no document, a new one's. */
static void add_rest(struct json_writer *w, const struct json *doc, const char *but,
		     const char *and_but)
{
	struct process leader;

	if (doc == NULL || doc->type != JSON_OBJECT) {
		process_leader(&leader);
		add_head(w, &leader);
		return;
	}
	for (const struct json *v = doc->first; v != NULL; v = v->next)
		if (strcmp(v->key, but) != 0 && strcmp(v->key, and_but) != 0)
			json_add_value(w, v->key, v);
}

int runfile_write_row(struct buf *out, const struct json *doc, const struct process *self,
		      const struct run_counts *counts, struct error *err)
{
	struct runfile_totals earlier = { { 0, 0, 0 }, 0 };
	const struct json *was = json_get(doc, "earlier");
	struct json_writer w;

	if (was != NULL)
		add_totals(&earlier, was, count_of(was, "processes"));
	json_begin(&w, out);
	add_rest(&w, doc, "processes", "earlier");
	add_rows(&w, doc, self, counts, &earlier);
	add_earlier(&w, &earlier);
	json_end(&w);
	return out->failed ? error_nomem(err) : 0;
}

int runfile_write_outcome(struct buf *out, const struct json *doc, enum run_outcome outcome,
			  struct error *err)
{
	const struct json *rows = json_get(doc, "processes");
	struct json_writer w;

	json_begin(&w, out);
	add_rest(&w, doc, "outcome", "outcome");
	if (rows == NULL) {
		json_open_array(&w, "processes");
		json_close_array(&w);
	}
	if (outcome != RUN_UNKNOWN)
		json_add_string(&w, "outcome", run_outcome_name(outcome));
	json_end(&w);
	return out->failed ? error_nomem(err) : 0;
}
