#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "format/pstats_sum.h"
#include "output.h"
#include "snapshot/files.h"
#include "snapshot/folder.h"
#include "snapshot/name.h"
#include "subject.h"

struct merge_options {
	struct subject_options from;
	const char *output;
	bool by_route;
};

static const struct opt rows[] = {
	{ 'o', "output", OPT_TEXT, offsetof(struct merge_options, output), "FILE", NULL,
	  "where the sum goes; - is standard output; with --by-route a folder" },
	{ 0, "by-route", OPT_FLAG, offsetof(struct merge_options, by_route), NULL, NULL,
	  "a sum for each method and route of the snapshots" },
	{ 0, "slowest", OPT_FLAG, offsetof(struct merge_options, from.slowest), NULL, NULL,
	  "of a route, a run or an archive the slowest request alone" },
	OPT_ROW_SUBJECT_DIR(merge_options),
	{ 0, NULL, OPT_FLAG, 0, NULL, NULL, NULL }
};

const struct usage merge_usage = {
	"X...", 1, INT_MAX, "what", rows,
	"Adds profiles up to one file that pstats, SnakeViz and cprof read. Each X is a\n"
	"snapshot, a run or an archive (all snapshots in it), the requests of a route\n"
	"('GET /user/*': all of the newest run that has such), a file of any format that\n"
	"cprof reads, or - for standard input. Memory does not grow with their number.\n"
	"\n"
	"The sum is that of pstats.Stats(X...): the same functions in the same order, to\n"
	"the last bit. (pstats adds the first, then the others from the last to the\n"
	"second, and so does cprof.) Sampled and traced profiles do not add up.\n"
	"\n"
	"With --by-route there is a file for each method and route, GET.user.{id}.prof,\n"
	"in the folder --output.\n",
	NULL,
	"  cprof merge profiling -o all.prof          all requests there are\n"
	"  cprof merge 'GET /user/*' -o user.prof     those of one route\n"
	"  cprof merge profiling --by-route -o sums   a file for each route\n"
	"  cprof merge *.prof -o all.prof             profiles from elsewhere\n"
};

struct input {
	char *path;
	char *route; /* a file's name; NULL: not by route */
	size_t at;   /* in the order in which they were named */
};

struct merger {
	const struct merge_options *options;
	struct input *inputs;
	size_t n, cap;
	struct progress progress;
	size_t done;
	bool left_out; /* of a run or an archive something */
};

static char *copy(const char *s, size_t len)
{
	char *to = mem_alloc(len + 1);

	if (to != NULL) {
		memcpy(to, s, len);
		to[len] = '\0';
	}
	return to;
}

/* "GET.user.{id}": a snapshot's name up to its milliseconds. */
static char *route_name(const struct snapshot *s)
{
	const struct manifest *m = &s->manifest;
	struct buf name = BUF_INIT;
	char *route = NULL;

	snapshot_name(&name, m->method, m->route, m->route_is_template, 0);
	if (!name.failed)
		route = copy(name.data, name.len - strlen(".000000ms"));
	buf_release(&name);
	return route;
}

static int add_input(struct merger *m, const char *path, const struct snapshot *s)
{
	struct input *grown = mem_grow(m->inputs, &m->cap, m->n + 1, sizeof *grown);
	struct input *in;

	if (grown == NULL)
		return complain("out of memory"), -1;
	m->inputs = grown;
	in = &grown[m->n];
	*in = (struct input){ copy(path, strlen(path)), NULL, m->n++ };
	if (m->options->by_route)
		in->route = route_name(s);
	if (in->path == NULL || (m->options->by_route && in->route == NULL))
		return complain("out of memory"), -1;
	return 0;
}

/* Thousands are named file by file, and to look each up in the archive takes longer
 * than to add it. */
static bool is_plain_file(const struct merge_options *o, const char *what)
{
	struct stat st;

	return !o->by_route && !o->from.slowest && stat(what, &st) == 0 && S_ISREG(st.st_mode);
}

static int add_subject(struct merger *m, const char *what)
{
	struct subject s;
	int rc;

	if (is_plain_file(m->options, what))
		return add_input(m, what, NULL);
	rc = subject_find(&s, &m->options->from, what);
	m->left_out |= rc == 0 && s.left_out;
	if (rc == 0 && s.kind == PATH_FILE && m->options->by_route)
		rc = -1, complain("merge: %s is a file, and only snapshots have a route; leave "
				  "out --by-route", what);
	else if (rc == 0 && s.kind == PATH_FILE)
		rc = add_input(m, s.path, NULL);
	for (size_t i = 0; i < s.nsnapshots && rc == 0; i++)
		rc = add_input(m, s.snapshots[i]->path, s.snapshots[i]);
	subject_release(&s);
	return rc;
}

static int add_file(struct merger *m, struct pstats_sum *sum, struct buf *bytes,
		    const struct input *in, struct error *err)
{
	int rc;

	progress_step(&m->progress, m->done++, m->n);
	buf_clear(bytes);
	rc = snapshot_pstats(bytes, in->path, err);
	if (rc < 0)
		return -1;
	rc = pstats_sum_add(sum, buf_bytes(bytes), err);
	return rc < 0 ? error_prefix(err, "%s: ", in->path) : 0;
}

/* The first, then the others from the last to the second: pstats' order. */
static int sum_up(struct merger *m, struct pstats_sum *sum, const struct input *inputs, size_t n,
		  struct error *err)
{
	struct buf bytes = BUF_INIT;
	int rc = add_file(m, sum, &bytes, &inputs[0], err);

	for (size_t i = n; i-- > 1 && rc == 0;)
		rc = add_file(m, sum, &bytes, &inputs[i], err);
	buf_release(&bytes);
	return rc;
}

static int merge_into(struct merger *m, const struct input *inputs, size_t n, const char *path)
{
	struct pstats_sum sum = PSTATS_SUM_INIT;
	struct buf out = BUF_INIT, line = BUF_INIT;
	struct error err = ERROR_INIT;
	int rc = sum_up(m, &sum, inputs, n, &err);

	if (rc == 0)
		rc = pstats_sum_write(&out, &sum, &err);
	if (rc == 0)
		rc = output_file(path, buf_bytes(&out), &err);
	progress_end(&m->progress);
	if (rc < 0) {
		complain("%s", err.text);
	} else if (strcmp(path, "-") != 0) {
		text_printable(&line, path);
		buf_addc(&line, '\n');
		out_write(&line);
	}
	buf_release(&line);
	buf_release(&out);
	pstats_sum_release(&sum);
	return rc;
}

/* Those of one route in the order in which they were named. */
static int by_route(const void *left, const void *right)
{
	const struct input *a = left, *b = right;
	int order = strcmp(a->route, b->route);

	return order != 0 ? order : (a->at > b->at) - (a->at < b->at);
}

static int merge_route(struct merger *m, size_t from, size_t to)
{
	struct buf name = BUF_INIT;
	char *path;
	int rc;

	buf_printf(&name, "%s.prof", m->inputs[from].route);
	path = path_join(m->options->output, buf_str(&name));
	rc = path == NULL || name.failed ? (complain("out of memory"), -1)
					 : merge_into(m, &m->inputs[from], to - from, path);
	mem_free(path);
	buf_release(&name);
	return rc;
}

static int merge_routes(struct merger *m)
{
	struct error err = ERROR_INIT;
	char *folder = path_join(m->options->output, "");
	bool made;
	int rc = folder == NULL ? error_nomem(&err) : folder_make(folder, &made, &err);

	mem_free(folder);
	if (rc < 0)
		return complain("%s", err.text), -1;
	for (size_t from = 0, to; from < m->n && rc == 0; from = to) {
		for (to = from + 1; to < m->n; to++)
			if (strcmp(m->inputs[from].route, m->inputs[to].route) != 0)
				break;
		rc = merge_route(m, from, to);
	}
	return rc;
}

static int merge(struct merger *m)
{
	const struct merge_options *o = m->options;

	if (m->n == 0)
		return complain("merge: there is no snapshot in it"), -1;
	if (!o->by_route)
		return merge_into(m, m->inputs, m->n, o->output);
	return merge_routes(m);
}

static int check(const struct merge_options *o)
{
	if (o->output == NULL)
		return complain("merge: say where the sum goes: --output FILE"), -1;
	if (o->by_route && strcmp(o->output, "-") == 0)
		return complain("merge: --by-route makes several files: --output is a folder"), -1;
	return 0;
}

int cmd_merge(int argc, char **argv)
{
	struct merge_options o = { .from = { .all = true } };
	struct merger m = { .options = &o };
	int status, rc, n = command_options("merge", &o, argc, argv, &status);

	if (n < 0)
		return status;
	if (o.from.slowest)
		o.from.all = false;
	rc = check(&o);
	for (int i = 0; i < n && rc == 0; i++)
		rc = add_subject(&m, argv[i]);
	if (rc == 0 && o.by_route)
		qsort(m.inputs, m.n, sizeof *m.inputs, by_route);
	progress_begin(&m.progress, "merging");
	if (rc == 0)
		rc = merge(&m);
	for (size_t i = 0; i < m.n; i++) {
		mem_free(m.inputs[i].path);
		mem_free(m.inputs[i].route);
	}
	mem_free(m.inputs);
	return rc < 0 || m.left_out ? EXIT_COULD_NOT : EXIT_DONE;
}
