#include <string.h>

#include "gate.h"
#include "output.h"

static const struct opt rows[] = {
	{ 'b', "baseline", OPT_TEXT, offsetof(struct gate_options, baseline), "REV", NULL,
	  "compare HEAD's runs with those of the nearest commit that has any, from the merge "
	  "base of HEAD and REV back; else what cprof.toml says" },
	{ 0, "config", OPT_TEXT, offsetof(struct gate_options, config), "FILE", NULL,
	  "the rules; else cprof.toml of the current folder or one above it" },
	{ 0, "markdown", OPT_TEXT, offsetof(struct gate_options, markdown), "FILE", NULL,
	  "also write Markdown, for a job's summary or a comment: under 60 KB" },
	{ 0, "junit", OPT_TEXT, offsetof(struct gate_options, junit), "FILE", NULL,
	  "also write JUnit XML: a case for each rule and request" },
	{ 'f', "force", OPT_FLAG, offsetof(struct gate_options, force), NULL, NULL,
	  "compare what unlike Pythons or modes measured, too" },
	OPT_ROW_JSON(gate_options),
	OPT_ROW_REPO(gate_options),
	OPT_ROW_SUBJECT_DIR(gate_options),
	OPT_ROW_COLOR(gate_options),
	{ 0, NULL, OPT_FLAG, 0, NULL, NULL, NULL }
};

const struct usage gate_usage = {
	"[OLD NEW]", 0, 2, "what", rows,
	"Fails when a request got worse: the exit status is 1, and the functions are\n"
	"named. 0: none did, or there is no baseline yet. 2: it could not be told.\n"
	"\n"
	"OLD and NEW are runs, or several of one commit: RUN,RUN. With --baseline they\n"
	"are the runs of commits, from the archive (see 'cprof tag') and from the\n"
	"repository (see 'cprof fetch'). Runs of a suite that failed, or was killed\n"
	"before its end, are no baseline, nor are those of uncommitted changes where\n"
	"there are others. A request that the baseline has not is new, and not worse.\n"
	"\n"
	"Counts of calls are exact, so one run a side is enough for them. Where they\n"
	"vary from request to request it is a growth when the least now is more than\n"
	"the most before. Time is judged only where each side has five runs or more of\n"
	"one machine that took turns, old, new, old, new, ...; then by an exact test, p\n"
	"below 0.01 for the request and below 0.05 for all of them together, and where\n"
	"the least that the change can be (of its 99 % interval) is beyond the limit\n"
	"and half of what it seems to be.\n"
	"\n"
	"cprof.toml has the rules. Without it, or without a [[rule]], these hold:\n"
	"\n"
	"    [[rule]]\n"
	"    warm = true                     # not the first of its kind in a process\n"
	"    sql = \"+0\"                      # no statement more than before\n"
	"\n"
	"    [[rule]]\n"
	"    total_calls = \"+10%\"            # calls of all functions\n"
	"    wall = { worse = \"5%\", floor = \"0.2 ms\" }\n"
	"    cpu = { worse = \"5%\", floor = \"0.2 ms\" } # where it was measured\n"
	"\n"
	"What a rule can say, each key by itself and together:\n"
	"\n"
	"    baseline = \"main\"               # at the top: what --baseline is without it\n"
	"\n"
	"    [[rule]]\n"
	"    name = \"the shop\"               # shown in reports\n"
	"    route = \"GET /shop/{id}\"        # or [\"GET /*\", \"/cart\"]; all without it\n"
	"    label = \"tests/test_shop.py::*\" # requests of a suite's tests\n"
	"    sql = 4                         # at most 4 statements (DB-API drivers)\n"
	"    total_calls = \"+10%\"\n"
	"    calls = { \"app.views:show\" = 1, \"requests.*\" = 0 }\n"
	"    new_callees = \"deny\"            # the application calls no function of\n"
	"                                    # others that it did not call before\n"
	"    new_callees = { deny = [\"requests\", \"urllib3\"], from = \"app.views\" }\n"
	"    allocs = \"+20%\"                 # where they were measured\n"
	"    alloc_bytes = \"8 MB\"\n"
	"    wall = \"10%\"                    # worse, and by more than 0.2 ms\n"
	"    cpu = { worse = \"10%\", floor = \"1 ms\" }\n"
	"\n"
	"A limit is 4, at most four whatever was before; \"+4\", at most four more than\n"
	"before; \"+10%\", at most 10 % more. Functions are written as they are called\n"
	"(app.views:show, sqlite3.Cursor.execute), with *, ? and [a-z]; a module alone\n"
	"means all in it; several that one pattern means count together. One that no\n"
	"function is, though it may be called, is named beside the verdicts.\n",
	"  schema    1\n"
	"  verdict   \"passed\", \"failed\", or \"nothing\" to compare yet\n"
	"  rules     the file they are from; null: the default ones\n"
	"  baseline, current   of each: commit, branch, runs (their names), seen, kept,\n"
	"            dropped (requests); null where there is none\n"
	"  passed, failed, skipped   how many findings\n"
	"  findings  for each rule and request: rule (text, kind, name, line), label,\n"
	"            ordinal, method, route, verdict, skipped (why), text, old, new, p,\n"
	"            functions (who is to blame: function, file, line, calls, self,\n"
	"            more_calls_ns, dearer_calls_ns, from), typical (a snapshot's path)\n"
	"  Times are nanoseconds; what is not known is null.\n",
	"  cprof gate --baseline main           in CI: fail when a request got worse\n"
	"  cprof gate --baseline main --junit cprof.xml --markdown cprof.md\n"
	"  cprof gate 2026-11-21_18:20:37 2026-11-21_18:25:01\n"
	"                                       two runs\n"
	"  cprof gate a1,a2,a3,a4,a5 b1,b2,b3,b4,b5\n"
	"                                       five runs a side, to prove times\n"
};

static int write_file(const char *path, gate_output *fill, const struct gate_view *v,
		      struct error *err)
{
	struct buf out = BUF_INIT;
	int rc;

	if (path == NULL)
		return 0;
	rc = fill(&out, v, err);
	if (rc == 0)
		rc = output_file(path, buf_bytes(&out), err);
	buf_release(&out);
	return rc;
}

/* Files first: they are there even when nobody reads standard output. */
static int put_all(const struct gate_options *o, struct gate_view *v, struct error *err)
{
	struct buf out = BUF_INIT;
	int rc;

	if (write_file(o->markdown, gate_markdown, v, err) < 0 ||
	    write_file(o->junit, gate_junit, v, err) < 0)
		return -1;
	rc = o->json ? gate_json(&out, v, err) : gate_text(&out, v, err);
	if (rc == 0)
		out_write(&out);
	buf_release(&out);
	return rc;
}

enum { FUNCTIONS = 20 };

static void report_side(struct report_side *out, struct gate_side *side)
{
	*out = (struct report_side){ .path = side->runs.runs[0]->path, .runs = side->runs,
				     .title = buf_str(&side->title) };
}

/* The sides are there: judged, said, and the status. */
static int judge(const struct gate_options *o, const struct rules *rules,
		 struct gate_sides *sides)
{
	struct change_options how = { .renames = &sides->renames, .force = o->force,
				      .roots = sides->roots };
	struct gate_view v = { .rules = rules, .sides = sides,
			       .report = { .limit = FUNCTIONS } };
	struct change change = { .arena = ARENA_INIT };
	struct gate gate = { .findings = NULL };
	struct error err = ERROR_INIT;
	int status = EXIT_COULD_NOT;

	term_init(&v.term, o->color);
	if (sides->nothing.len == 0) {
		if (change_between(&change, &sides->old.runs, &sides->new.runs, &how, &err) < 0) {
			if (err.code == ERR_REFUSED)
				complain("gate: %s; --force compares them", err.text);
			else
				complain("gate: %s", err.text);
			goto done;
		}
		if (gate_judge(&gate, rules, &change, &sides->old.runs, &sides->new.runs,
			       &err) < 0) {
			complain("%s", err.text);
			goto done;
		}
		v.change = v.report.change = &change;
		v.gate = &gate;
		report_side(&v.report.before, &sides->old);
		report_side(&v.report.after, &sides->new);
		v.report.term = v.term;
	}
	if (put_all(o, &v, &err) < 0)
		complain("%s", err.text);
	else
		status = gate.nfailed != 0 ? EXIT_JUDGED : EXIT_DONE;
done:
	gate_release(&gate);
	change_release(&change);
	return status;
}

static int gate(const struct gate_options *o, const struct rules *rules, int n, char **argv)
{
	const char *baseline = o->baseline ? o->baseline : rules->baseline;
	struct gate_sides sides;
	int rc, status = EXIT_COULD_NOT;

	if (n == 1)
		return complain("gate: one run alone is no comparison: name OLD and NEW, or "
				"--baseline REV");
	if (n == 2 && o->baseline != NULL)
		return complain("gate: either OLD and NEW or --baseline");
	if (n == 0 && baseline == NULL)
		return complain("gate: compare with what? --baseline main, or name two runs: "
				"cprof gate OLD NEW");
	rc = n == 2 ? gate_sides_of_runs(&sides, o, argv[0], argv[1])
		    : gate_sides_of_baseline(&sides, o, baseline);
	if (rc == 0)
		status = judge(o, rules, &sides);
	gate_sides_release(&sides);
	return status;
}

int cmd_gate(int argc, char **argv)
{
	struct gate_options o = { .baseline = NULL };
	struct error err = ERROR_INIT;
	struct rules rules;
	int status, n = command_options("gate", &o, argc, argv, &status);

	if (n < 0)
		return status;
	if (gate_read_rules(&rules, o.config, &err) < 0)
		status = complain("%s", err.text);
	else
		status = gate(&o, &rules, n, argv);
	rules_release(&rules);
	return status;
}
