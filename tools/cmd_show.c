#include <limits.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "output.h"
#include "show.h"
#include "show_list.h"

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
	"  path, request, status, label, ordinal, start, wall_ns, commit\n"
	"          null where not known; label: the test that sent the request, ordinal:\n"
	"          which of that test's it is\n"
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
	show_json_head(w, show);
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

	if ((show->sum ? show_list_fill_sum(&l, show->sum, calls, err)
		       : show_list_fill(&l, show->profile, show->metric, calls, err)) < 0) {
		error_prefix(err, "%s: ", file_called(show->subject->path));
		goto done;
	}
	if ((o->strip_dirs && show_list_strip(&l, err) < 0) ||
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

static int put_all(struct show *show, struct error *err)
{
	struct pstats_sum sum = PSTATS_SUM_INIT;
	struct profile *p = NULL;
	struct buf out = BUF_INIT;
	struct output output;
	int rc = output_begin(&output, "-", err) < 0 ? -1 : show_read(show, &sum, &p, err);

	term_init(&show->term, show->options->color);
	out.sink = &output.sink;
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
	else /* a sum of which a part is missing is none of what was asked for */
		status = subject.left_out && show.sum != NULL ? EXIT_COULD_NOT : EXIT_DONE;
done:
	subject_release(&subject);
	return status;
}
