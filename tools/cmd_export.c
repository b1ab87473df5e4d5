#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "format/callstack.h"
#include "format/format.h"
#include "format/pstats.h"
#include "format/pyprof2calltree.h"
#include "graph/gprof2dot.h"
#include "output.h"
#include "profile/diff.h"
#include "profile/pair.h"
#include "snapshot/files.h"
#include "subject.h"

enum { TO_UNSET = -1 };

/* The names of --to, and what they are in the table of formats; files that end so
 * are of that format. */
static const char *const to_names[] = { "callgrind", "pprof", "collapsed", "speedscope", "dot",
					"json", "csv", "callstack", "prof", NULL };

static const struct ending { const char *end, *to; } endings[] = {
	{ ".speedscope.json", "speedscope" }, { ".collapsed.txt", "collapsed" },
	{ ".collapsed", "collapsed" }, { ".folded", "collapsed" }, { ".kgrind", "callgrind" },
	{ ".callgrind", "callgrind" }, { ".pb.gz", "pprof" }, { ".json", "json" },
	{ ".csv", "csv" }, { ".dot", "dot" }, { ".prof", "prof" }, { ".pstats", "prof" }, { ".txt", "callstack" },
};

static const char *const compat_names[] = { "pyprof2calltree", NULL };

struct export_options {
	struct subject_options from;
	const char *output, *metric, *base;
	unsigned to, compat;
};

static const struct opt rows[] = {
	{ 't', "to", OPT_CHOICE, offsetof(struct export_options, to), "FORMAT", to_names,
	  "callgrind, pprof, collapsed, speedscope, dot, json, csv, callstack or prof; else as "
	  "the name of --output ends" },
	{ 'o', "output", OPT_TEXT, offsetof(struct export_options, output), "FILE", NULL,
	  "write there; else, and with -, to standard output" },
	{ 0, "metric", OPT_TEXT, offsetof(struct export_options, metric), "NAME", NULL,
	  "what collapsed stacks are weighed by, for example cpu (the first: wall)" },
	{ 0, "base", OPT_TEXT, offsetof(struct export_options, base), "Y", NULL,
	  "collapsed stacks with two weights, of Y and of X: what changed since" },
	{ 0, "compat", OPT_CHOICE, offsetof(struct export_options, compat), "PROGRAM",
	  compat_names, "callgrind as the program pyprof2calltree writes it" },
	OPT_ROWS_SUBJECT(export_options),
	{ 0, NULL, OPT_FLAG, 0, NULL, NULL, NULL }
};

const struct usage export_usage = {
	"X", 1, 1, "what", rows,
	"Writes a profile in another format. X is a snapshot, the request of a route\n"
	"('GET /user/*': that of median time), a file of any format that cprof reads, or\n"
	"- for standard input.\n"
	"\n"
	"  callgrind   KCachegrind, callgrind_annotate          profile.kgrind\n"
	"  pprof       go tool pprof, Pyroscope, speedscope     profile.pb.gz\n"
	"  collapsed   flamegraph.pl, inferno                   one stack a line\n"
	"  speedscope  speedscope.app, a profile for each metric\n"
	"  dot         graphviz and xdot: the graph that gprof2dot makes\n"
	"  json        all there is, for programs, as described below\n"
	"  csv         functions, for spreadsheets\n"
	"  callstack   the text that pstats prints              callstack.txt\n"
	"  prof        pstats, SnakeViz, gprof2dot              profile.prof\n"
	"\n"
	"What the profile has and the format cannot hold is said on standard error.\n"
	"Stacks are not made up: from functions and who called them (.prof, callgrind)\n"
	"there is no way back to pprof, collapsed and speedscope.\n"
	"\n"
	"With --compat pyprof2calltree costs are that program's: of profile.prof, calls\n"
	"of recursive functions counted in full.\n",
	"  schema  1\n"
	"  creator, command    \"cprof 0.1.0\", \"GET /user/{id}\" or null\n"
	"  sampled             true: all numbers of calls are null\n"
	"  lost, folded        calls that are missing, or booked on an ancestor\n"
	"  metrics    of each: name, unit\n"
	"  functions  of each: file, line, name, qualname, calls, primitive_calls; self,\n"
	"             cum: a number for each metric\n"
	"  arcs       of each: caller, callee (indices into functions), calls,\n"
	"             primitive_calls, self, cum\n"
	"  tree       null where there is none; parents first. Of each node: parent (an\n"
	"             index into tree; null: the request), function, calls, cum\n",
	"  cprof export GET.root.000738ms --to speedscope -o root.speedscope.json\n"
	"  cprof export 'GET /user/*' --to collapsed | flamegraph.pl > user.svg\n"
	"  cprof export GET.root.000738ms --to collapsed --metric cpu\n"
	"  cprof export NEW --base OLD --to collapsed | flamegraph.pl > diff.svg\n"
	"                                           a differential flame graph\n"
	"  cprof export app.prof -o app.kgrind      as the name ends: callgrind\n"
	"  cprof export app.prof --to callgrind --compat pyprof2calltree -o app.log\n"
};

/* A graph, not a profile: no row of the table. */
static int dot_write(struct buf *out, const struct profile *p, const struct format_info *info,
		     struct error *err)
{
	struct graph_options options = GRAPH_OPTIONS_INIT;

	(void)info;
	options.max_nodes = 0;
	options.metric = profile_time_metric(p);
	return gprof2dot_write(out, p, &options, err);
}

static const struct format dot_format = { .name = "dot", .holds = HOLDS_ARCS | HOLDS_CALLS |
						   HOLDS_RECURSION | HOLDS_OWN | HOLDS_UNITS,
					  .write = dot_write };

static bool ends_with(const char *s, const char *end)
{
	size_t len = strlen(s), n = strlen(end);

	return len > n && strcmp(s + len - n, end) == 0;
}

static const char *name_of_format(const struct export_options *o)
{
	if (o->to != (unsigned)TO_UNSET)
		return to_names[o->to];
	for (size_t i = 0; o->output != NULL && i < sizeof endings / sizeof *endings; i++)
		if (ends_with(o->output, endings[i].end))
			return endings[i].to;
	return NULL;
}

static const struct format *find_format(const struct export_options *o)
{
	const char *name = name_of_format(o);
	const struct format *f = NULL;

	if (name == NULL) {
		complain("export: say in which format: --to FORMAT");
		return NULL;
	}
	f = strcmp(name, "dot") == 0 ? &dot_format
				     : format_find(strcmp(name, "prof") == 0 ? "pstats" : name);
	if (o->compat != (unsigned)TO_UNSET && strcmp(name, "callgrind") != 0) {
		complain("export: --compat goes with --to callgrind alone");
		return NULL;
	}
	if (o->base != NULL && strcmp(name, "collapsed") != 0) {
		complain("export: --base goes with --to collapsed alone");
		return NULL;
	}
	return f;
}

/* The metric of this name, or the first; -1 after a complaint. */
static int metric_or_first(const struct profile *p, const char *name)
{
	struct error err = ERROR_INIT;
	int m = name != NULL ? find_metric(p, name, &err) : 0;

	if (m < 0)
		complain("export: %s", err.text);
	return m;
}

/* Sets *metric, and where there is something to compare with, *p to both. */
static int choose(struct profile **p, uint32_t *metric, const struct export_options *o)
{
	struct error err = ERROR_INIT;
	struct profile *base = NULL, *pair = NULL;
	struct subject s;
	int after = metric_or_first(*p, o->metric), before = -1;

	*metric = after < 0 ? 0 : (uint32_t)after;
	if (after < 0 || o->base == NULL)
		return after < 0 ? -1 : 0;
	if (subject_find(&s, &o->from, o->base) == 0)
		base = subject_profile(&s, "export");
	subject_release(&s);
	if (base != NULL)
		before = metric_or_first(base, o->metric);
	if (before >= 0) {
		pair = profile_pair(base, (uint32_t)before, *p, *metric, &err);
		if (pair == NULL)
			complain("export: %s", err.text);
	}
	profile_free(base);
	if (pair == NULL)
		return -1;
	profile_free(*p);
	*p = pair;
	*metric = 0;
	return 0;
}

/* What the format shows of where the profile is from. */
static int fill_info(struct format_info *info, struct buf *path, struct buf *command,
		     const struct subject *s)
{
	const struct snapshot *snapshot = subject_snapshot(s);
	const struct manifest *m = &snapshot->manifest;
	struct stat st;

	buf_adds(path, file_called(s->path));
	if (s->kind == PATH_SNAPSHOT)
		buf_adds(path, "/profile.prof");
	if (snapshot->has_manifest) {
		buf_printf(command, "%s %s", m->method, m->route);
		info->command = buf_str(command);
		info->time_ns = m->start_ns;
		info->duration_ns = m->wall_ns;
		info->pid = m->pid;
	}
	info->path = buf_str(path);
	info->mtime = strcmp(s->path, "-") == 0 ? time(NULL)
		      : stat(info->path, &st) == 0 ? st.st_mtime : 0;
	return path->failed || command->failed ? (complain("out of memory"), -1) : 0;
}

static void say_losses(const struct format *f, const struct profile *p)
{
	struct buf losses = BUF_INIT;

	format_losses(&losses, f, p);
	if (losses.len != 0)
		complain("%s does not hold: %s", f->name, buf_str(&losses));
	buf_release(&losses);
}

static int write_profile(struct buf *out, const struct subject *s, const struct format *f,
			 const struct export_options *o)
{
	struct buf path = BUF_INIT, command = BUF_INIT;
	struct format_info info = { .path = NULL };
	struct error err = ERROR_INIT;
	struct profile *p = subject_profile(s, "export");
	int rc = -1;

	if (p == NULL)
		return -1;
	if (choose(&p, &info.metric, o) < 0 || fill_info(&info, &path, &command, s) < 0)
		goto done;
	rc = f->write(out, p, &info, &err);
	if (rc == 0)
		say_losses(f, p);
	else if (!out->sink->failed) /* of that the sink knows more */
		complain("%s: %s", file_called(s->path), err.text);
done:
	buf_release(&path);
	buf_release(&command);
	profile_free(p);
	return rc;
}

static int write_sum(struct buf *out, const struct subject *s, const struct format *f,
		     const struct pstats_sum *sum)
{
	struct buf path = BUF_INIT, command = BUF_INIT;
	struct format_info info = { .path = NULL };
	struct error err = ERROR_INIT;
	int rc = fill_info(&info, &path, &command, s);

	if (rc == 0) {
		rc = strcmp(f->name, "callstack") == 0 ? callstack_write_sum(out, sum, &info, &err)
						       : pyprof2calltree_write(out, sum, &err);
		if (rc < 0)
			complain("%s: %s", file_called(s->path), err.text);
		else if (!(f->holds & HOLDS_ARCS) && sum->ncallers != 0)
			complain("%s does not hold: who called whom", f->name);
	}
	buf_release(&path);
	buf_release(&command);
	return rc;
}

/* From the doubles of the file itself, not from our whole nanoseconds, where the
 * format is made of them. */
static int write_subject(struct buf *out, const struct subject *s, const struct format *f,
			 const struct export_options *o)
{
	bool compat = o->compat != (unsigned)TO_UNSET;
	bool wants_sum = compat || (strcmp(f->name, "callstack") == 0 && o->metric == NULL &&
				    s->kind == PATH_FILE && strcmp(s->path, "-") != 0);
	struct pstats_sum sum = PSTATS_SUM_INIT;
	struct error err = ERROR_INIT;
	struct buf in = BUF_INIT;
	int rc;

	if (!wants_sum || (s->kind != PATH_FILE && s->kind != PATH_SNAPSHOT))
		return write_profile(out, s, f, o); /* which complains of a run */
	rc = compat ? snapshot_pstats(&in, s->path, &err)
		    : file_read(&in, s->path, SNAPSHOT_FILE_MAX, &err);
	wants_sum = compat || (rc == 0 && in.len != 0 && pstats_sniff(buf_bytes(&in)));
	if (rc == 0 && wants_sum && pstats_sum_add(&sum, buf_bytes(&in), &err) < 0)
		rc = error_prefix(&err, "%s: ", s->path);
	buf_release(&in);
	if (rc < 0)
		complain("%s", err.text);
	else if (!wants_sum || (sum.kind.sampled && !compat))
		rc = write_profile(out, s, f, o);
	else
		rc = write_sum(out, s, f, &sum);
	pstats_sum_release(&sum);
	return rc;
}

/* A terminal is no place for these. */
static int refuse_terminal(const struct export_options *o, const struct format *f)
{
	bool binary = strcmp(f->name, "pstats") == 0 || strcmp(f->name, "pprof") == 0;

	if (binary && (o->output == NULL || strcmp(o->output, "-") == 0) && isatty(STDOUT_FILENO))
		return complain("export: %s is no text for a terminal: --output FILE", f->name), -1;
	return 0;
}

int cmd_export(int argc, char **argv)
{
	struct export_options o = { .to = (unsigned)TO_UNSET, .compat = (unsigned)TO_UNSET };
	struct error err = ERROR_INIT;
	struct output output;
	struct buf out = BUF_INIT;
	struct subject s;
	const struct format *f;
	int status, rc, n = command_options("export", &o, argc, argv, &status);

	if (n < 0)
		return status;
	f = find_format(&o);
	if (f == NULL || refuse_terminal(&o, f) < 0)
		return EXIT_COULD_NOT;
	if (subject_find(&s, &o.from, argv[0]) < 0) {
		rc = -1;
	} else if (output_begin(&output, o.output ? o.output : "-", &err) < 0) {
		rc = -1;
		complain("%s", err.text);
	} else {
		out.sink = &output.sink;
		rc = write_subject(&out, &s, f, &o);
		/* Of standard output main says it. */
		if (output.sink.failed)
			rc = 0;
		if (output_end(&output, buf_bytes(&out), rc < 0 || output.sink.failed, &err) < 0) {
			rc = -1;
			complain("%s", err.text);
		}
	}
	subject_release(&s);
	buf_release(&out);
	return rc < 0 ? EXIT_COULD_NOT : EXIT_DONE;
}
