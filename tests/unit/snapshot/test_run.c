#include "snapshot/run.h"

#include <sys/wait.h>
#include <time.h>

#include "scratch.h"
#include "snapshot/leader.h"
#include "snapshot/runfile.h"

static struct run open_run(const char *archive, const char *name)
{
	struct error err = ERROR_INIT;
	struct run run;

	ck_assert_msg(run_open(&run, archive, name, &err) == 0, "%s", err.text);
	return run;
}

static const struct json *read_runfile(struct arena *arena, const char *path)
{
	struct error err = ERROR_INIT;
	const struct json *doc = runfile_read(arena, path, &err);

	ck_assert_msg(doc != NULL, "%s", err.text);
	return doc;
}

static struct runfile_totals totals_of(const struct run *run)
{
	struct runfile_totals t;
	struct arena arena = ARENA_INIT;

	ck_assert(runfile_totals(read_runfile(&arena, run->path), &t));
	arena_release(&arena);
	return t;
}

START_TEST(test_run__by_leader)
{
	struct run run, again;
	struct process leader, owner;
	struct arena arena = ARENA_INIT;
	struct stat st;
	struct tm tm;
	time_t start;
	char want[32];

	scratch_begin();
	run = open_run(at("deep/profiling"), NULL);
	process_leader(&leader);
	start = (time_t)(leader.start_ns / 1000000000);
	strftime(want, sizeof want, "%Y-%m-%d_%H:%M:%S", localtime_r(&start, &tm));
	ck_assert_str_eq(run.name, want);
	ck_assert_str_eq(run.path, at("deep/profiling/%s", want));
	ck_assert_str_eq(run.archive, at("deep/profiling"));
	ck_assert_str_eq(get_file(at("deep/profiling/.gitignore")), "*\n");
	ck_assert_int_eq(stat(run.path, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0700);
	ck_assert_int_eq(stat(at("deep/profiling"), &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0700);
	ck_assert(runfile_leader(read_runfile(&arena, run.path), &owner));
	ck_assert(process_same(&owner, &leader));
	again = open_run(at("deep/profiling"), NULL);
	ck_assert_str_eq(again.name, run.name);
	/* .gitignore, .lock and the one run. */
	ck_assert_uint_eq(count_entries(at("deep/profiling")), 3);
	arena_release(&arena);
	run_release(&run);
	run_release(&again);
	scratch_end();
}
END_TEST

START_TEST(test_run__archive_of_the_user_stays)
{
	struct run run;

	scratch_begin();
	ck_assert_int_eq(mkdir(at("profiling"), 0755), 0);
	run = open_run(at("profiling/"), NULL);
	ck_assert(!is_there(at("profiling/.gitignore")));
	ck_assert_str_eq(run.path, at("profiling/%s", run.name));
	run_release(&run);
	scratch_end();
}
END_TEST

/* Makes a run as another leader's, under the name that ours would have. */
static void put_others_run(const char *name, const struct process *owner)
{
	struct buf text = BUF_INIT;
	struct error err = ERROR_INIT;

	ck_assert_int_eq(mkdir(at("profiling/%s", name), 0700), 0);
	ck_assert_int_eq(runfile_write_new(&text, owner, &err), 0);
	put_file(at("profiling/%s/run.json", name), buf_str(&text));
	buf_release(&text);
}

START_TEST(test_run__name_of_another_leader)
{
	struct process other;
	struct run run, first;
	char second[64];

	scratch_begin();
	first = open_run(at("first"), NULL);
	snprintf(second, sizeof second, "%s.2", first.name);
	ck_assert_int_eq(mkdir(at("profiling"), 0700), 0);
	process_leader(&other);
	other.ticks++;
	put_others_run(first.name, &other);
	/* An empty folder is nobody's, and not to be replaced. */
	ck_assert_int_eq(mkdir(at("profiling/%s", second), 0700), 0);
	run = open_run(at("profiling"), NULL);
	ck_assert_str_eq(run.path, at("profiling/%s.3", first.name));
	ck_assert_uint_eq(count_entries(at("profiling/%s", second)), 0);
	run_release(&run);
	run_release(&first);
	scratch_end();
}
END_TEST

/* The clock was set, or another worker lives in another zone: the leader's run
 * has another name than we would give it. */
START_TEST(test_run__joins_under_another_name)
{
	static const int64_t apart_s[] = { -2, 1, 14 * 3600, -12 * 3600 };

	for (size_t i = 0; i < sizeof apart_s / sizeof apart_s[0]; i++) {
		struct process leader;
		struct run run;
		struct tm tm;
		time_t start;
		char name[32];

		scratch_begin();
		ck_assert_int_eq(mkdir(at("profiling"), 0700), 0);
		process_leader(&leader);
		start = (time_t)(leader.start_ns / 1000000000 + apart_s[i]);
		strftime(name, sizeof name, "%Y-%m-%d_%H:%M:%S", localtime_r(&start, &tm));
		put_others_run(name, &leader);
		run = open_run(at("profiling"), NULL);
		ck_assert_str_eq(run.name, name);
		run_release(&run);
		scratch_end();
	}
}
END_TEST

START_TEST(test_run__workers_share)
{
	enum { NWORKERS = 8 };
	struct runfile_totals totals;
	struct run run;
	int status;

	scratch_begin();
	for (int i = 0; i < NWORKERS; i++)
		if (fork() == 0) {
			struct error err = ERROR_INIT;
			struct run mine;
			struct run_counts counts = { 0, 0, 0 };
			int rc = run_open(&mine, at("profiling"), NULL, &err);

			for (int k = 0; k < 5 && rc == 0; k++) {
				counts.seen += 3;
				counts.kept += 2;
				counts.dropped += 1;
				rc = run_count(&mine, &counts, &err);
			}
			run_release(&mine);
			_exit(rc == 0 ? 0 : 1);
		}
	for (int i = 0; i < NWORKERS; i++) {
		ck_assert_int_gt(wait(&status), 0);
		ck_assert_int_eq(status, 0);
	}
	run = open_run(at("profiling"), NULL);
	/* .gitignore, .lock, one run. */
	ck_assert_uint_eq(count_entries(at("profiling")), 3);
	totals = totals_of(&run);
	/* 8 workers * 5 times 3, 2 and 1. */
	ck_assert_uint_eq(totals.nprocesses, 8);
	ck_assert_uint_eq(totals.counts.seen, 120);
	ck_assert_uint_eq(totals.counts.kept, 80);
	ck_assert_uint_eq(totals.counts.dropped, 40);
	run_release(&run);
	scratch_end();
}
END_TEST

START_TEST(test_run__named)
{
	struct run run, again;

	scratch_begin();
	run = open_run(at("profiling"), "nightly 7");
	ck_assert_str_eq(run.path, at("profiling/nightly 7"));
	ck_assert(is_there(at("profiling/nightly 7/run.json")));
	again = open_run(at("profiling"), "nightly 7");
	ck_assert_str_eq(again.path, run.path);
	run_release(&run);
	run_release(&again);
	/* A folder that is there is joined, whoever made it. */
	ck_assert_int_eq(mkdir(at("profiling/mine"), 0700), 0);
	run = open_run(at("profiling"), "mine");
	ck_assert_str_eq(run.name, "mine");
	run_release(&run);
	scratch_end();
}
END_TEST

START_TEST(test_run__names_refused)
{
	static const char *const wrong[] = { "", ".", "..", ".hidden", "a/b", "../x", "/x",
					     "a\nb", "a\x7f", "GET.root.000001ms" };
	struct error err = ERROR_INIT;
	struct run run;
	char longest[202];

	scratch_begin();
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		ck_assert_msg(run_open(&run, at("profiling"), wrong[i], &err) < 0, "%s", wrong[i]);
		ck_assert_int_eq(err.code, ERR_REFUSED);
		ck_assert_ptr_null(strpbrk(err.text, "\n\x7f"));
	}
	memset(longest, 'x', 201);
	longest[201] = '\0';
	ck_assert_int_eq(run_open(&run, at("profiling"), longest, &err), -1);
	ck_assert(!is_there(at("profiling")));
	longest[200] = '\0';
	run = open_run(at("profiling"), longest);
	run_release(&run);
	put_file(at("profiling/file"), "");
	ck_assert_int_eq(run_open(&run, at("profiling"), "file", &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "no folder"));
	scratch_end();
}
END_TEST

START_TEST(test_run__archive_cannot_be_made)
{
	struct error err = ERROR_INIT;
	struct run run;

	scratch_begin();
	put_file(at("file"), "");
	ck_assert_int_eq(run_open(&run, at("file"), NULL, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "file"));
	ck_assert_int_eq(run_open(&run, "", NULL, &err), -1);
	scratch_end();
}
END_TEST

START_TEST(test_run__count_keeps_what_others_wrote)
{
	struct run_counts counts = { 5, 4, 1 };
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	struct runfile_totals totals;
	struct run run;
	const struct json *doc;

	scratch_begin();
	run = open_run(at("profiling"), "x");
	put_file(at("profiling/x/run.json"),
		 "{\"schema\": 9, \"new\": [1], \"leader\": {\"pid\": 1},"
		 "\"processes\": [{\"pid\": 4, \"ticks\": 2, \"seen\": 10, \"kept\": 9,"
		 "\"start\": \"1970-01-01T00:00:00Z\", \"more\": true}],"
		 "\"earlier\": {\"processes\": 3, \"seen\": 100, \"kept\": 50, \"dropped\": 2}}");
	ck_assert_int_eq(run_count(&run, &counts, &err), 0);
	counts.seen = 6;
	ck_assert_int_eq(run_count(&run, &counts, &err), 0);
	doc = read_runfile(&arena, run.path);
	ck_assert_int_eq(json_int(doc, "schema", 0), 9);
	ck_assert_int_eq(json_get(doc, "new")->first->integer, 1);
	ck_assert(json_bool(json_get(doc, "processes")->first, "more", false));
	totals = totals_of(&run);
	ck_assert_uint_eq(totals.nprocesses, 5); /* 3 + the row + ours */
	ck_assert_uint_eq(totals.counts.seen, 116); /* 100 + 10 + 6 */
	ck_assert_uint_eq(totals.counts.kept, 63);  /* 50 + 9 + 4 */
	ck_assert_uint_eq(totals.counts.dropped, 3); /* 2 + 0 + 1 */
	arena_release(&arena);
	run_release(&run);
	scratch_end();
}
END_TEST

START_TEST(test_run__count_replaces_what_is_no_runfile)
{
	static const char *const wrong[] = { "", "[]", "{\"processes\": 4}", "nonsense", "null" };
	struct run_counts counts = { 5, 4, 1 };
	struct error err = ERROR_INIT;
	struct run run;

	scratch_begin();
	run = open_run(at("profiling"), "x");
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		put_file(at("profiling/x/run.json"), wrong[i]);
		ck_assert_msg(run_count(&run, &counts, &err) == 0, "%s: %s", wrong[i], err.text);
		ck_assert_uint_eq(totals_of(&run).counts.seen, 5);
	}
	run_release(&run);
	scratch_end();
}
END_TEST

static enum run_outcome outcome_of(const struct run *run)
{
	struct arena arena = ARENA_INIT;
	enum run_outcome outcome = runfile_outcome(read_runfile(&arena, run->path));

	arena_release(&arena);
	return outcome;
}

START_TEST(test_run__outcome)
{
	struct run_counts counts = { 5, 4, 1 };
	struct error err = ERROR_INIT;
	struct run run;

	scratch_begin();
	run = open_run(at("profiling"), "x");
	ck_assert_int_eq(outcome_of(&run), RUN_UNKNOWN);
	ck_assert_int_eq(run_set_outcome(run.path, RUN_UNFINISHED, &err), 0);
	ck_assert_int_eq(outcome_of(&run), RUN_UNFINISHED);
	ck_assert_int_eq(run_set_outcome(run.path, RUN_PASSED, &err), 0);
	ck_assert_int_eq(outcome_of(&run), RUN_PASSED);
	ck_assert_int_eq(run_count(&run, &counts, &err), 0);
	ck_assert_int_eq(outcome_of(&run), RUN_PASSED);
	ck_assert_int_eq(run_set_outcome(run.path, RUN_FAILED, &err), 0);
	ck_assert_int_eq(outcome_of(&run), RUN_FAILED);
	/* One of two suites passed: the run has failed all the same. */
	ck_assert_int_eq(run_set_outcome(run.path, RUN_PASSED, &err), 0);
	ck_assert_int_eq(outcome_of(&run), RUN_FAILED);
	ck_assert_int_eq(run_set_outcome(run.path, RUN_UNKNOWN, &err), 0);
	ck_assert_int_eq(outcome_of(&run), RUN_UNKNOWN);
	ck_assert_ptr_null(strstr(get_file(at("profiling/x/run.json")), "outcome"));
	ck_assert_uint_eq(totals_of(&run).counts.seen, 5);
	run_release(&run);
	scratch_end();
}
END_TEST

START_TEST(test_run__outcome_of_strangers)
{
	struct error err = ERROR_INIT;
	struct run run;

	scratch_begin();
	run = open_run(at("profiling"), "x");
	put_file(at("profiling/x/run.json"), "{\"outcome\": \"great\", \"schema\": 9}");
	ck_assert_int_eq(outcome_of(&run), RUN_UNKNOWN);
	put_file(at("profiling/x/run.json"), "{\"outcome\": [\"failed\"], \"schema\": 9}");
	ck_assert_int_eq(outcome_of(&run), RUN_UNKNOWN);
	ck_assert_int_eq(run_set_outcome(run.path, RUN_PASSED, &err), 0);
	ck_assert_ptr_nonnull(strstr(get_file(at("profiling/x/run.json")), "\"schema\": 9"));
	/* None there, or none at all: a new one. */
	put_file(at("profiling/x/run.json"), "nonsense");
	ck_assert_int_eq(run_set_outcome(run.path, RUN_FAILED, &err), 0);
	ck_assert_int_eq(outcome_of(&run), RUN_FAILED);
	ck_assert_uint_eq(totals_of(&run).nprocesses, 0);
	unlink(at("profiling/x/run.json"));
	ck_assert_int_eq(run_set_outcome(run.path, RUN_FAILED, &err), 0);
	ck_assert_int_eq(outcome_of(&run), RUN_FAILED);
	ck_assert_int_lt(run_set_outcome(at("profiling/none"), RUN_FAILED, &err), 0);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	ck_assert(!is_there(at("profiling/none")));
	run_release(&run);
	scratch_end();
}
END_TEST

/* Of 300 processes that are gone all become one row, of 300 that count none. */
START_TEST(test_run__many_processes)
{
	struct run_counts counts = { 1, 1, 0 };
	struct buf text = BUF_INIT;
	struct error err = ERROR_INIT;
	struct runfile_totals totals;
	struct arena arena = ARENA_INIT;
	struct run run;
	struct buf now = BUF_INIT;

	scratch_begin();
	run = open_run(at("profiling"), "x");
	time_format(&now, (int64_t)time(NULL) * 1000000000);
	for (int recent = 0; recent < 2; recent++) {
		size_t nrows = 0;

		buf_clear(&text);
		buf_adds(&text, "{\"schema\": 1, \"processes\": [");
		for (int i = 0; i < 300; i++)
			buf_printf(&text,
				   "%s{\"pid\": %d, \"ticks\": 1, \"seen\": 2, \"kept\": 1,"
				   "\"start\": \"1970-01-01T00:00:00Z\", \"updated\": \"%s\"}",
				   i ? "," : "", 100000 + i,
				   recent ? buf_str(&now) : "1970-01-01T00:00:00Z");
		buf_adds(&text, "]}");
		put_file(at("profiling/x/run.json"), buf_str(&text));
		ck_assert_int_eq(run_count(&run, &counts, &err), 0);
		totals = totals_of(&run);
		ck_assert_uint_eq(totals.nprocesses, 301);
		ck_assert_uint_eq(totals.counts.seen, 601); /* 300 * 2 + 1 */
		for (const struct json *row =
			     json_get(read_runfile(&arena, run.path), "processes")->first;
		     row != NULL; row = row->next)
			nrows++;
		ck_assert_uint_eq(nrows, recent ? 301 : 1);
	}
	arena_release(&arena);
	buf_release(&text);
	buf_release(&now);
	run_release(&run);
	scratch_end();
}
END_TEST

START_TEST(test_run__deleted_meanwhile)
{
	struct run_counts counts = { 5, 4, 1 };
	struct error err = ERROR_INIT;
	struct run run;

	scratch_begin();
	run = open_run(at("profiling"), NULL);
	ck_assert_int_eq(folder_remove(at("profiling")), 0);
	ck_assert_msg(run_count(&run, &counts, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(totals_of(&run).counts.seen, 5);
	ck_assert(is_there(at("profiling/.gitignore")));
	ck_assert_int_eq(run_restore(&run, &err), 0);
	run_release(&run);
	scratch_end();
}
END_TEST

START_TEST(test_run__count_does_not_wait_for_ever)
{
	struct run_counts counts = { 5, 4, 1 };
	struct error err = ERROR_INIT;
	struct run run;
	int lock;

	scratch_begin();
	run = open_run(at("profiling"), "x");
	lock = folder_lock(at("profiling/x/.lock"), &err);
	ck_assert_int_ge(lock, 0);
	ck_assert_int_eq(run_count(&run, &counts, &err), -1);
	ck_assert_int_eq(err.code, ERR_IO);
	folder_unlock(lock);
	/* Somebody stopped with the archive's lock in hand: all goes on. */
	lock = folder_lock(at("profiling/.lock"), &err);
	ck_assert_int_ge(lock, 0);
	run_release(&run);
	run = open_run(at("profiling"), "y");
	folder_unlock(lock);
	run_release(&run);
	scratch_end();
}
END_TEST

START_TEST(test_run__out_of_memory)
{
	struct run_counts counts = { 5, 4, 1 };
	struct error err = ERROR_INIT;
	struct run run = RUN_INIT;
	int rc = -1;

	scratch_begin();
	ck_assert_int_eq(mkdir(at("profiling"), 0700), 0);
	for (size_t n = 1; rc < 0; n++) {
		mem_fail_at(n, true);
		rc = run_open(&run, at("profiling"), NULL, &err);
		mem_fail_at(0, false);
		ck_assert_int_eq(rc < 0 ? err.code : ERR_NOMEM, ERR_NOMEM);
		/* .lock, and the run once it is made: nothing hidden stays. */
		ck_assert_uint_le(count_entries(at("profiling")), 2);
	}
	rc = -1;
	for (size_t n = 1; rc < 0; n++) {
		mem_fail_at(n, true);
		rc = run_count(&run, &counts, &err);
		mem_fail_at(0, false);
		ck_assert_int_eq(rc < 0 ? err.code : ERR_NOMEM, ERR_NOMEM);
		ck_assert_uint_le(count_entries(run.path), 2);
	}
	rc = -1;
	for (size_t n = 1; rc < 0; n++) {
		mem_fail_at(n, true);
		rc = run_set_outcome(run.path, RUN_PASSED, &err);
		mem_fail_at(0, false);
		ck_assert_int_eq(rc < 0 ? err.code : ERR_NOMEM, ERR_NOMEM);
		ck_assert_uint_le(count_entries(run.path), 2);
	}
	run_release(&run);
	scratch_end();
}
END_TEST

UNIT_MAIN("snapshot/run", test_run__by_leader, test_run__archive_of_the_user_stays,
	  test_run__name_of_another_leader, test_run__joins_under_another_name,
	  test_run__workers_share, test_run__named, test_run__names_refused,
	  test_run__archive_cannot_be_made, test_run__count_keeps_what_others_wrote,
	  test_run__count_replaces_what_is_no_runfile, test_run__outcome,
	  test_run__outcome_of_strangers, test_run__many_processes,
	  test_run__deleted_meanwhile, test_run__count_does_not_wait_for_ever,
	  test_run__out_of_memory)
