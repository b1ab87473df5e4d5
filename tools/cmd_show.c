#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "profile/diff.h"
#include "show.h"

static const struct opt rows[] = {
	{ 's', "sort", OPT_CHOICE, offsetof(struct show_options, sort), "KEY", show_sort_keys,
	  "order of the table (tottime): calls, cumtime, file, line, name, nfl, pcalls, "
	  "stdname, tottime, and pstats' other names of these" },
	{ 'n', "limit", OPT_NUMBER, offsetof(struct show_options, limit), "N", NULL,
	  "at most N lines (30, of a tree all; 0: all)" },
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
	"WHAT [PATTERN]", 1, 2, "what", rows,
	"Prints where the time of a snapshot went, function by function as pstats does.\n"
	"WHAT is a snapshot or a profile's file, profile.prof or profile.pb.gz.\n"
	"Functions are named with their class, and those that pstats takes for one are\n"
	"apart.\n"
	"\n"
	"What the request handed on to other threads counts in the table too, and stands\n"
	"apart in the tree, below {started thread} and {executor job}. Percentages are\n"
	"of the request's own time.\n"
	"\n"
	"PATTERN, an extended regular expression, keeps the functions whose printed name\n"
	"it matches; of a tree, what lies on the way to them, and below.\n",
	"  schema  1\n"
	"  path, request, status, start, wall_ns, commit   null where not known\n"
	"  unit    of the times: \"nanoseconds\" in a traced profile\n"
	"  calls, primitive_calls    sums over all functions\n"
	"  total, beside   time of the request, and of the threads and jobs it started\n"
	"  lost, folded    calls that are missing, or booked on an ancestor\n"
	"  functions  of each: file, line, name, qualname, calls, primitive_calls,\n"
	"          tottime, cumtime (null calls: the profile was sampled), metrics\n"
	"          (what else was measured: of each unit, self, cum)\n"
	"  tree    instead, with --tree; parents first. Of each node: parent (an index\n"
	"          into tree, or null: the request, and what ran beside it), file, line,\n"
	"          name, qualname, calls, tottime, cumtime\n",
	"  cprof show GET.root.000738ms            the 30 functions with most time of\n"
	"                                          their own\n"
	"  cprof show GET.root.000738ms --tree     who called what, and what it took\n"
	"  cprof show GET.root.000738ms -s cumtime 'views\\.py'\n"
	"                                          one file, with all below it\n"
	"  cprof show app.prof -n 0                a profile from elsewhere, all of it\n"
};

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

void show_title(struct buf *out, const struct show *show)
{
	const struct snapshot *s = show->snapshot;
	const struct manifest *m = &s->manifest;

	if (!s->has_manifest) {
		text_printable(out, show->path);
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

void show_losses(struct buf *out, const struct show *show, const char *indent)
{
	const struct profile *p = show->profile;
	const struct manifest *m = &show->snapshot->manifest;
	uint64_t lost = larger(p->nlost, m->lost), folded = larger(p->nfolded, m->folded);
	uint64_t cut = 0;
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < m->nfollowed; i++)
		cut += m->followed[i].cut;

	if (lost != 0) {
		buf_printf(&text, "%sincomplete: ", indent);
		plural(&text, lost, "call");
		buf_adds(&text, " could not be recorded\n");
	}
	if (folded != 0) {
		buf_adds(&text, indent);
		plural(&text, folded, "recursive call");
		buf_adds(&text, " counted on an ancestor\n");
	}
	if (m->interrupted)
		buf_printf(&text, "%sincomplete: another profiler took over meanwhile\n", indent);
	if (cut != 0)
		buf_printf(&text, "%sof its threads and jobs %llu went on after the request\n",
			   indent, (unsigned long long)cut);
	if (m->followed_lost != 0)
		buf_printf(&text, "%sof its threads and jobs %llu began too late to be in this\n",
			   indent, (unsigned long long)m->followed_lost);
	term_put(&show->term, out, STYLE_YELLOW, buf_str(&text));
	buf_release(&text);
}

static void json_request(struct json_writer *w, const struct show *show)
{
	const struct snapshot *s = show->snapshot;
	const struct manifest *m = &s->manifest;
	struct buf text = BUF_INIT;

	json_add_string(w, "path", show->path);
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
	json_add_string(w, "unit", show->profile->metrics[show->metric].unit);
	json_add_int(w, "lost", (int64_t)larger(show->profile->nlost, m->lost));
	json_add_int(w, "folded", (int64_t)larger(show->profile->nfolded, m->folded));
	buf_release(&text);
}

bool show_matches(const struct show *show, const struct function *f)
{
	struct buf name = BUF_INIT;
	bool matches;

	if (show->pattern == NULL)
		return true;
	function_name(&name, f);
	matches = regexec(&show->regex, buf_str(&name), 0, NULL, 0) == 0;
	buf_release(&name);
	return matches;
}

static int put_all(struct show *show, struct error *err)
{
	const struct show_options *o = show->options;
	struct json_writer w;
	struct buf out = BUF_INIT;
	int rc;

	term_init(&show->term, o->color);
	if (o->json) {
		json_begin(&w, &out);
		json_add_int(&w, "schema", 1);
		json_request(&w, show);
		rc = o->tree ? tree_json(&w, show, err) : table_json(&w, show, err);
		json_end(&w);
	} else {
		rc = o->tree ? tree_text(&out, show, err) : table_text(&out, show, err);
	}
	if (rc == 0)
		out_write(&out);
	buf_release(&out);
	return rc;
}

static int check(const struct show *show, struct error *err)
{
	const struct show_options *o = show->options;

	if (show->profile->nmetrics == 0)
		return error_set(err, ERR_FORMAT, "%s: no values in this profile", show->path);
	if (o->tree && o->sort != SHOW_UNSET)
		return error_set(err, ERR_REFUSED, "show: --sort orders the table; --tree always "
				 "has the costliest first");
	if (o->tree && !profile_has_tree(show->profile))
		return error_set(err, ERR_REFUSED, "%s: this profile has no call tree, only "
				 "functions and who called them (a snapshot's profile.pb.gz has "
				 "one); leave out --tree", show->path);
	return 0;
}

static int compile_pattern(struct show *show, const char *pattern)
{
	char why[120];
	int rc = regcomp(&show->regex, pattern, REG_EXTENDED | REG_NOSUB);

	if (rc != 0) {
		regerror(rc, &show->regex, why, sizeof why);
		return complain("show: pattern '%s': %s", pattern, why);
	}
	show->pattern = pattern;
	return 0;
}

int cmd_show(int argc, char **argv)
{
	struct show_options o = { .sort = SHOW_UNSET, .limit = SHOW_UNSET, .min = 1 };
	struct show show = { .options = &o };
	struct subject subject;
	struct profile *p = NULL;
	struct error err = ERROR_INIT;
	int status, n = command_options("show", &o, argc, argv, &status);

	if (n < 0)
		return status;
	if (n == 2 && compile_pattern(&show, argv[1]) != 0)
		return EXIT_COULD_NOT;
	status = EXIT_COULD_NOT;
	if (subject_find(&subject, &o.from, argv[0]) == 0)
		p = subject_profile(&subject, "show");
	if (p == NULL)
		goto done;
	show.profile = p;
	show.snapshot = subject_snapshot(&subject);
	show.path = subject.path;
	show.metric = profile_time_metric(p);
	if (check(&show, &err) < 0 || put_all(&show, &err) < 0)
		complain("%s", err.text);
	else
		status = EXIT_DONE;
done:
	profile_free(p);
	subject_release(&subject);
	if (show.pattern != NULL)
		regfree(&show.regex);
	return status;
}
