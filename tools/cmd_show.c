#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "format/callstack.h"
#include "format/format.h"
#include "format/pstats.h"
#include "profile/diff.h"
#include "profile/focus.h"
#include "show.h"
#include "show_list.h"
#include "snapshot/files.h"

static const struct opt rows[] = {
	{ 's', "sort", OPT_LIST, offsetof(struct show_options, sort), "KEY", show_sort_keys,
	  "order of the table (tottime): calls, cumtime, filename, line, name, nfl, pcalls, "
	  "stdname, tottime, pstats' other names of these, or none; several as KEY,KEY" },
	{ 'r', "reverse", OPT_FLAG, offsetof(struct show_options, reverse), NULL, NULL,
	  "the table from its end" },
	{ 'n', "limit", OPT_NUMBER, offsetof(struct show_options, limit), "N", NULL,
	  "at most N lines (0, the default: all)" },
	{ 0, "strip-dirs", OPT_FLAG, offsetof(struct show_options, strip_dirs), NULL, NULL,
	  "leave out the folders of files; functions that are then one are added up" },
	{ 0, "callers", OPT_TEXT, offsetof(struct show_options, callers), "F", NULL,
	  "who called the functions that F, a PATTERN, is about" },
	{ 0, "callees", OPT_TEXT, offsetof(struct show_options, callees), "F", NULL,
	  "whom they called" },
	{ 0, "focus", OPT_TEXT, offsetof(struct show_options, focus), "F", NULL,
	  "only paths through functions whose name F is found in; wants a call tree" },
	{ 't', "tree", OPT_FLAG, offsetof(struct show_options, tree), NULL, NULL,
	  "the call tree, the costliest first" },
	{ 0, "min", OPT_PERCENT, offsetof(struct show_options, min), "PERCENT", NULL,
	  "leave calls below this part of the total out of the tree (1)" },
	{ 0, "depth", OPT_NUMBER, offsetof(struct show_options, depth), "N", NULL,
	  "at most N levels of the tree (0: all)" },
	OPT_ROW_JSON(show_options),
	OPT_ROWS_SUBJECT(show_options),
	OPT_ROW_COLOR(show_options),
	{ 0, NULL, OPT_FLAG, 0, NULL, NULL, NULL }
};

const struct usage show_usage = {
	"WHAT [PATTERN]...", 1, INT_MAX, "what", rows,
	"Prints where the time went, function by function as Python's pstats does. WHAT\n"
	"is a snapshot, a file in any format that cprof reads, - for standard input, or\n"
	"a route: 'GET /user/*' is the request of median wall time in the newest run.\n"
	"Requests of a run, an archive, or a route with --all are added up.\n"
	"\n"
	"Each PATTERN shortens what the one before left, as pstats' restrictions do: a\n"
	"number is so many lines, a number from .0 to .99 that part of the lines, and\n"
	"all else a regular expression as Python has them, found in what is printed of\n"
	"a function. Of a tree it keeps what lies on the way to them, and below.\n"
	"\n"
	"Functions of a snapshot are named with their class, and those that pstats takes\n"
	"for one are apart. What the request handed on to other threads counts in the\n"
	"table too, and stands apart in the tree, below {started thread}, {executor job}\n"
	"and {asyncio task}. Percentages are of the request's own time.\n",
	"  schema  1\n"
	"  path, request, status, start, wall_ns, commit   null where not known\n"
	"  unit    of the times: \"nanoseconds\" in a traced profile\n"
	"  calls, primitive_calls    sums over all functions\n"
	"  total, beside   time of the request, and of threads, jobs and tasks beside it\n"
	"  snapshots       how many were added up; 0 of a file\n"
	"  lost, folded    calls that are missing, or booked on an ancestor\n"
	"  functions  of each: file, line, name, qualname, calls, primitive_calls,\n"
	"          tottime, cumtime (null calls: the profile was sampled), metrics\n"
	"          (what else was measured: of each unit, self, cum), callers or callees\n"
	"          with --callers or --callees (of each the same as of a function, but\n"
	"          for these calls alone)\n"
	"  tree    instead, with --tree; parents first. Of each node: parent (an index\n"
	"          into tree, or null: the request, and what ran beside it), file, line,\n"
	"          name, qualname, calls, tottime, cumtime\n",
	"  cprof show GET.root.000738ms            where the time went, by the functions\n"
	"                                          with most time of their own\n"
	"  cprof show 'GET /user/*' --tree         who called what, and what it took\n"
	"  cprof show app.prof -s cumtime 'views\\.py' 20\n"
	"                                          one file's functions with all below\n"
	"                                          them, 20 of them\n"
	"  cprof show app.prof --callers 'execute'\n"
	"                                          who called it\n"
	"  curl -s $URL | cprof show -             a profile from elsewhere\n"
};

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* As pstats heads a file: "Sat Nov 21 18:20:37 2026    app.prof". */
static void file_title(struct buf *out, const struct subject *subject)
{
	struct stat st;

	if (strcmp(subject->path, "-") == 0) {
		buf_adds(out, "standard input");
		return;
	}
	if (stat(subject->path, &st) == 0) {
		callstack_add_date(out, st.st_mtime);
		buf_adds(out, "    ");
	}
	text_printable(out, subject->what);
}

/* "GET /user/{id}  12 requests  profiling/2026-11-21_18:20:37" */
static void several_title(struct buf *out, const struct subject *subject)
{
	if (subject->by_route) {
		text_printable(out, subject->what);
		buf_adds(out, "  ");
	}
	plural(out, subject->nsnapshots, "request");
	buf_adds(out, "  ");
	text_printable(out, subject->path);
}

void show_title(struct buf *out, const struct show *show)
{
	const struct snapshot *s = show->snapshot;
	const struct manifest *m = &s->manifest;

	if (show->subject->kind == PATH_FILE) {
		file_title(out, show->subject);
		return;
	}
	if (show->subject->kind != PATH_SNAPSHOT) {
		several_title(out, show->subject);
		return;
	}
	if (!s->has_manifest) {
		text_printable(out, show->subject->path);
		return;
	}
	request_title(out, s);
	if (m->status != NULL) {
		buf_adds(out, "  ");
		text_printable(out, m->status);
	}
	buf_adds(out, "  ");
	text_time(out, m->wall_ns);
	buf_adds(out, "  ");
	local_time(out, m->start_ns);
	if (m->git.commit != NULL) {
		buf_adds(out, "  ");
		commit_title(out, &m->git);
	}
}

struct losses {
	uint64_t lost, folded, cut, late;
	bool interrupted;
};

/* What the manifests say, or the profile itself. */
static struct losses losses_of(const struct show *show)
{
	const struct profile *p = show->profile;
	struct losses l = { .lost = 0 };

	for (size_t i = 0; i < show->subject->nsnapshots; i++) {
		const struct manifest *m = &show->subject->snapshots[i]->manifest;

		l.lost += m->lost;
		l.folded += m->folded;
		l.late += m->followed_lost;
		l.interrupted |= m->interrupted;
		for (size_t k = 0; k < m->nfollowed; k++)
			l.cut += m->followed[k].cut;
	}
	l.lost = larger(l.lost, p ? p->nlost : 0);
	l.folded = larger(l.folded, p ? p->nfolded : 0);
	return l;
}

void show_losses(struct buf *out, const struct show *show, const char *indent)
{
	struct losses l = losses_of(show);
	struct buf text = BUF_INIT;

	if (l.lost != 0) {
		buf_printf(&text, "%sincomplete: ", indent);
		plural(&text, l.lost, "call");
		buf_adds(&text, " could not be recorded\n");
	}
	if (l.folded != 0) {
		buf_adds(&text, indent);
		plural(&text, l.folded, "recursive call");
		buf_adds(&text, " counted on an ancestor\n");
	}
	if (l.interrupted)
		buf_printf(&text, "%sincomplete: another profiler took over meanwhile\n", indent);
	if (l.cut != 0)
		buf_printf(&text, "%sof its threads and jobs %llu went on after the request\n",
			   indent, (unsigned long long)l.cut);
	if (l.late != 0)
		buf_printf(&text, "%sof its threads and jobs %llu began too late to be in this\n",
			   indent, (unsigned long long)l.late);
	term_put(&show->term, out, STYLE_YELLOW, buf_str(&text));
	buf_release(&text);
}

static void json_request(struct json_writer *w, const struct show *show)
{
	const struct snapshot *s = show->snapshot;
	const struct manifest *m = &s->manifest;
	struct losses losses = losses_of(show);
	struct buf text = BUF_INIT;

	json_add_string(w, "path", show->subject->path);
	if (s->has_manifest && m->method != NULL && m->route != NULL)
		buf_printf(&text, "%s %s", m->method, m->route);
	json_add_string(w, "request", text.len ? buf_str(&text) : NULL);
	json_add_string(w, "status", m->status);
	buf_clear(&text);
	if (s->has_manifest)
		time_format(&text, m->start_ns);
	json_add_string(w, "start", text.len ? buf_str(&text) : NULL);
	if (s->has_manifest)
		json_add_int(w, "wall_ns", m->wall_ns);
	else
		json_add_null(w, "wall_ns");
	json_add_string(w, "commit", m->git.commit);
	json_add_string(w, "unit", show->unit);
	json_add_int(w, "snapshots", (int64_t)show->subject->nsnapshots);
	json_add_int(w, "lost", (int64_t)losses.lost);
	json_add_int(w, "folded", (int64_t)losses.folded);
	buf_release(&text);
}

void show_focus(struct buf *out, const struct show *show, const char *indent)
{
	int64_t cum = show->options->focus ? profile_node_cum(show->profile, 0)[show->metric] : 0;

	if (show->options->focus == NULL)
		return;
	buf_printf(out, "%sonly paths through '", indent);
	text_printable(out, show->options->focus);
	buf_printf(out, "', %.1f%% of the whole\n",
		   show->unfocused ? (double)cum * 100 / (double)show->unfocused : 0.0);
}

/* --- what was asked for */

static int restrict_list(struct show_list *l, const struct show_options *o, struct error *err)
{
	const char *f = o->callers ? o->callers : o->callees;

	if (f != NULL && show_list_restrict(l, f, err) < 0)
		return -1;
	if (f != NULL && l->norder == 0)
		return error_set(err, ERR_NOT_FOUND, "show: there is no function '%s'", f);
	for (int i = 0; i < o->nrestrictions; i++)
		if (show_list_restrict(l, o->restrictions[i], err) < 0)
			return -1;
	if (o->limit != 0)
		show_list_limit(l, o->limit);
	return 0;
}

static void begin_json(struct json_writer *w, struct buf *out, const struct show *show)
{
	json_begin(w, out);
	json_add_int(w, "schema", 1);
	json_request(w, show);
}

static void put_list(struct buf *out, const struct show *show, struct show_list *l,
		     const struct show_index *x)
{
	struct json_writer w;

	if (show->options->json) {
		begin_json(&w, out, show);
		table_json(&w, show, l, x);
		json_end(&w);
	} else if (x == NULL) {
		table_text(out, show, l);
	} else if (l->norder != 0) {
		calls_text(out, show, l, x);
	}
}

static int show_table(struct buf *out, const struct show *show, struct error *err)
{
	const struct show_options *o = show->options;
	struct show_list l = SHOW_LIST_INIT;
	struct show_index x = { .arcs = NULL };
	bool calls = o->callers != NULL || o->callees != NULL;
	int rc = -1;

	if ((show->sum ? show_list_fill_sum(&l, show->sum, err)
		       : show_list_fill(&l, show->profile, show->metric, err)) < 0 ||
	    (o->strip_dirs && show_list_strip(&l, err) < 0) ||
	    show_list_sort(&l, &o->sort, o->reverse, err) < 0 || restrict_list(&l, o, err) < 0 ||
	    (calls && show_index_fill(&x, &l, o->callees != NULL, err) < 0))
		goto done;
	put_list(out, show, &l, calls ? &x : NULL);
	rc = 0;
done:
	show_index_release(&x);
	show_list_release(&l);
	return rc;
}

static int show_tree(struct buf *out, struct show *show, struct error *err)
{
	const struct show_options *o = show->options;
	struct json_writer w;
	int rc;

	if (o->nrestrictions != 0) {
		if (pattern_compile(&show->pattern, o->restrictions[0], err) < 0)
			return error_prefix(err, "show: ");
		show->has_pattern = true;
	}
	if (o->json) {
		begin_json(&w, out, show);
		rc = tree_json(&w, show, err);
		json_end(&w);
	} else {
		rc = tree_text(out, show, err);
	}
	if (show->has_pattern)
		pattern_release(&show->pattern);
	return rc;
}

static int check_options(const struct show_options *o)
{
	const char *of_table = o->sort.n ? "--sort" : o->reverse ? "--reverse"
			     : o->strip_dirs ? "--strip-dirs" : o->callers ? "--callers"
			     : o->callees ? "--callees" : NULL;

	if (o->tree && o->sort.n != 0)
		return complain("show: --sort orders the table; --tree always has the costliest "
				"first");
	if (o->tree && of_table != NULL)
		return complain("show: %s is about the table, not the tree", of_table);
	if (o->tree && o->nrestrictions > 1)
		return complain("show: of a tree one PATTERN is kept, not several");
	if (o->callers != NULL && o->callees != NULL)
		return complain("show: --callers and --callees exclude each other");
	return 0;
}

/* Puts the paths that are asked for in the place of the whole. */
static int focus(struct show *show, struct profile **whole, struct error *err)
{
	const struct profile *p = *whole;
	bool *wanted = mem_array(NULL, p->nfunctions, sizeof *wanted);
	struct pattern pattern = PATTERN_INIT;
	struct profile *part = NULL;
	struct buf name = BUF_INIT;

	if (wanted == NULL)
		return error_nomem(err);
	if (pattern_compile(&pattern, show->options->focus, err) < 0) {
		error_prefix(err, "show: --focus: ");
		goto done;
	}
	for (uint32_t i = 0; i < p->nfunctions; i++) {
		buf_clear(&name);
		function_name(&name, &p->functions[i]);
		wanted[i] = pattern_found(&pattern, buf_str(&name));
	}
	part = profile_focus(p, wanted, err);
	if (part == NULL) {
		error_prefix(err, "show: --focus %s: ", show->options->focus);
		goto done;
	}
	show->unfocused = profile_node_cum(p, 0)[show->metric];
	show->profile = part;
	show->unit = part->metrics[show->metric].unit;
	profile_free(*whole);
	*whole = part;
done:
	pattern_release(&pattern);
	buf_release(&name);
	mem_free(wanted);
	return part ? 0 : -1;
}

static int use_profile(struct show *show, struct profile **p, struct error *err)
{
	if ((*p)->nmetrics == 0)
		return error_set(err, ERR_FORMAT, "%s: no values in this profile",
				 show->subject->path);
	if (show->options->tree && !profile_has_tree(*p))
		return error_set(err, ERR_REFUSED, "%s: this profile has no call tree, only "
				 "functions and who called them (a snapshot's profile.pb.gz has "
				 "one); leave out --tree", show->subject->path);
	show->profile = *p;
	show->metric = profile_time_metric(*p);
	show->unit = (*p)->metrics[show->metric].unit;
	show->is_time = strcmp(show->unit, "nanoseconds") == 0;
	show->sampled = (*p)->sampled;
	return show->options->focus ? focus(show, p, err) : 0;
}

/* --- reading */

static int add_snapshots(struct pstats_sum *sum, const struct subject *s, struct error *err)
{
	struct buf bytes = BUF_INIT;
	struct progress progress;
	int rc = 0;

	progress_begin(&progress, "reading");
	for (size_t i = 0; i < s->nsnapshots && rc == 0; i++) {
		buf_clear(&bytes);
		progress_step(&progress, i, s->nsnapshots);
		rc = snapshot_pstats(&bytes, s->snapshots[i]->path, err);
		if (rc == 0 && pstats_sum_add(sum, buf_bytes(&bytes), err) < 0)
			rc = error_prefix(err, "%s: ", s->snapshots[i]->path);
	}
	progress_end(&progress);
	buf_release(&bytes);
	return rc;
}

static int read_several(struct show *show, struct pstats_sum *sum, struct error *err)
{
	const struct subject *s = show->subject;

	if (show->options->tree || show->options->focus != NULL)
		return error_set(err, ERR_REFUSED, "show: %s is several requests, and their sum has "
				 "no call tree; leave out %s, or name one", s->what,
				 show->options->tree ? "--tree" : "--focus");
	if (s->nsnapshots == 0)
		return error_set(err, ERR_NOT_FOUND, "%s: there is no snapshot in it", s->path);
	show->sum = sum;
	return add_snapshots(sum, s, err);
}

/* A file's own numbers, if they are of calls, else the profile that it makes. */
static int read_file(struct show *show, struct pstats_sum *sum, struct profile **p,
		     struct error *err)
{
	bool paths = show->options->tree || show->options->focus != NULL;
	struct buf in = BUF_INIT;
	int rc = file_read(&in, show->subject->path, SNAPSHOT_FILE_MAX, err);

	if (rc < 0)
		goto done;
	if (!paths && in.len != 0 && pstats_sniff(buf_bytes(&in))) {
		rc = pstats_sum_add(sum, buf_bytes(&in), err);
		if (rc == 0 && !sum->kind.sampled)
			show->sum = sum;
	}
	if (rc == 0 && show->sum == NULL) {
		*p = format_read(buf_bytes(&in), err);
		rc = *p ? 0 : -1;
	}
	if (rc < 0)
		error_prefix(err, "%s: ", strcmp(show->subject->path, "-") ? show->subject->path
									   : "standard input");
done:
	buf_release(&in);
	return rc;
}

static int read_subject(struct show *show, struct pstats_sum *sum, struct profile **p,
			struct error *err)
{
	const struct subject *s = show->subject;
	int rc;

	if (s->kind == PATH_SNAPSHOT) {
		*p = snapshot_profile(s->path, err);
		rc = *p ? 0 : -1;
	} else {
		rc = s->kind == PATH_FILE ? read_file(show, sum, p, err)
					  : read_several(show, sum, err);
	}
	show->unit = "nanoseconds";
	show->is_time = true;
	show->sampled = show->sum && show->sum->kind.sampled;
	return rc == 0 && *p != NULL ? use_profile(show, p, err) : rc;
}

static int put_all(struct show *show, struct error *err)
{
	struct pstats_sum sum = PSTATS_SUM_INIT;
	struct profile *p = NULL;
	struct buf out = BUF_INIT;
	int rc = read_subject(show, &sum, &p, err);

	term_init(&show->term, show->options->color);
	if (rc == 0)
		rc = show->options->tree ? show_tree(&out, show, err) : show_table(&out, show, err);
	if (rc == 0)
		out_write(&out);
	buf_release(&out);
	pstats_sum_release(&sum);
	profile_free(p);
	return rc;
}

int cmd_show(int argc, char **argv)
{
	static const struct snapshot none;
	struct show_options o = { .min = 1 };
	struct show show = { .options = &o };
	struct subject subject = { .what = NULL };
	struct error err = ERROR_INIT;
	int status, n = command_options("show", &o, argc, argv, &status);

	if (n < 0)
		return status;
	o.restrictions = argv + 1;
	o.nrestrictions = n - 1;
	status = check_options(&o);
	if (status != EXIT_DONE)
		return status;
	status = EXIT_COULD_NOT;
	if (subject_find(&subject, &o.from, argv[0]) < 0)
		goto done;
	show.subject = &subject;
	show.snapshot = subject.kind == PATH_SNAPSHOT ? subject_snapshot(&subject) : &none;
	if (put_all(&show, &err) < 0)
		complain("%s", err.text);
	else
		status = EXIT_DONE;
done:
	subject_release(&subject);
	return status;
}
