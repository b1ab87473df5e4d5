#include "git/store.h"

#include <sys/wait.h>

#include "repo.h"

/* Two commits whose runs share a ref, and one elsewhere. */
static const char *const a1 = "a1000000000000000000000000000000000000aa";
static const char *const a2 = "a1000000000000000000000000000000000000bb";
static const char *const b1 = "b100000000000000000000000000000000000000";

static struct arena arena;
static struct error err;

static struct repository *open_repo(const char *dir)
{
	struct repository *r = repository_open(dir, &err);

	ck_assert_msg(r != NULL, "%s", err.text);
	return r;
}

static void end(void)
{
	arena_release(&arena);
	scratch_end();
}

#define OK(call) ck_assert_msg((call) == 0, "%s", err.text)

static struct bytes bytes_of(const char *text)
{
	return (struct bytes){ (const uint8_t *)text, strlen(text) };
}

static void add_text(struct repository *r, const char *commit, const char *run, int64_t at_s,
		     enum run_outcome outcome, const char *text)
{
	const struct store_run what = { commit, run, at_s, outcome };
	const struct store_file file = { "summary.json", bytes_of(text), NULL };

	OK(store_add(r, &what, &file, 1, &err));
}

static void add(struct repository *r, const char *commit, const char *run, int64_t at_s)
{
	add_text(r, commit, run, at_s, RUN_PASSED, run);
}

/* "one two three", oldest first. */
static const char *runs_of(struct repository *r, const char *commit)
{
	static char texts[4][4000];
	static unsigned turn;
	char *text = texts[turn++ % 4];
	struct store_run *runs;
	size_t n;

	OK(store_list(r, commit, &runs, &n, &arena, &err));
	text[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		strcat(text, i ? " " : "");
		strcat(text, runs[i].run);
	}
	return text;
}

static const char *text_of(struct repository *r, const char *commit, const char *run,
			   const char *path)
{
	struct bytes out;

	OK(store_read(r, commit, run, path, &out, &arena, &err));
	return arena_strndup(&arena, (const char *)out.data, out.len);
}

START_TEST(test_store__add_list_read)
{
	struct repository *r;
	struct store_run *runs;
	struct bytes out;
	size_t n;

	begin();
	r = open_repo(at("repo"));
	ck_assert_str_eq(runs_of(r, NULL), "");
	add(r, a1, "2026-11-21_18:20:37", 300);
	add_text(r, a1, "second", 100, RUN_FAILED, "{}");
	add_text(r, a2, "third", 200, RUN_UNKNOWN, "");
	add_text(r, b1, "fourth", 50, RUN_UNFINISHED, "");
	ck_assert_str_eq(runs_of(r, NULL), "fourth second third 2026-11-21_18:20:37");
	ck_assert_str_eq(runs_of(r, a1), "second 2026-11-21_18:20:37");
	ck_assert_str_eq(runs_of(r, a2), "third");
	OK(store_list(r, b1, &runs, &n, &arena, &err));
	ck_assert_int_eq(runs[0].outcome, RUN_UNFINISHED);
	OK(store_list(r, a1, &runs, &n, &arena, &err));
	ck_assert_int_eq(runs[0].outcome, RUN_FAILED);
	ck_assert_int_eq(runs[1].outcome, RUN_PASSED);
	ck_assert_int_eq(runs[1].when_s, 300);
	ck_assert_str_eq(runs[1].commit, a1);
	ck_assert_str_eq(text_of(r, a1, "second", "summary.json"), "{}");
	ck_assert_str_eq(text_of(r, a2, "third", "summary.json"), "");
	ck_assert_int_eq(store_read(r, a2, "second", "summary.json", &out, &arena, &err), -1);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	ck_assert_int_eq(store_read(r, a1, "second", "other", &out, &arena, &err), -1);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "run second, other: not there"));
	/* Again, at another time and with another end: one run still. */
	add_text(r, a1, "second", 400, RUN_PASSED, "[]");
	ck_assert_str_eq(runs_of(r, a1), "2026-11-21_18:20:37 second");
	ck_assert_str_eq(text_of(r, a1, "second", "summary.json"), "[]");
	repository_close(r);
	/* git finds nothing wrong, and everything in packs. */
	git(0, "git fsck --strict && test -z \"$(find .git/objects/[0-9a-f]* -type f)\"");
	git(0, "git gc -q --prune=now");
	r = open_repo(at("repo"));
	ck_assert_str_eq(runs_of(r, NULL), "fourth third 2026-11-21_18:20:37 second");
	repository_close(r);
	end();
}
END_TEST

START_TEST(test_store__whole_snapshots)
{
	const struct store_run run = { a1, "run", 0, RUN_PASSED };
	struct store_file files[] = {
		{ "snapshots/GET.b/profile.pb.gz", bytes_of("b"), NULL },
		{ "summary.json", bytes_of("{}"), NULL },
		{ "snapshots/GET.a/profile.pb.gz", { NULL, 0 }, NULL },
		{ "snapshots/GET.a/snapshot.json", bytes_of("{1}"), NULL },
		{ "snapshots/GET.a.b/snapshot.json", bytes_of("{2}"), NULL },
	};
	struct repository *r;
	struct store_run *runs;
	size_t n;

	begin();
	put_file(at("profile"), "of a file");
	files[2].from = at("profile");
	r = open_repo(at("repo"));
	OK(store_add(r, &run, files, 5, &err));
	ck_assert_str_eq(text_of(r, a1, "run", "snapshots/GET.a/profile.pb.gz"), "of a file");
	ck_assert_str_eq(text_of(r, a1, "run", "snapshots/GET.a/snapshot.json"), "{1}");
	ck_assert_str_eq(text_of(r, a1, "run", "snapshots/GET.a.b/snapshot.json"), "{2}");
	ck_assert_str_eq(text_of(r, a1, "run", "snapshots/GET.b/profile.pb.gz"), "b");
	OK(store_list(r, a1, &runs, &n, &arena, &err));
	ck_assert_uint_eq(n, 1);
	ck_assert_int_gt(runs[0].when_s, base_s);
	files[2].from = at("nowhere");
	ck_assert_int_eq(store_add(r, &run, files, 5, &err), -1);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	repository_close(r);
	git(0, "git fsck --strict");
	end();
}
END_TEST

START_TEST(test_store__bad_names)
{
	static const struct store_run runs[] = {
		{ "a1", "run", 0, RUN_PASSED },
		{ "A100000000000000000000000000000000000000", "run", 0, RUN_PASSED },
		{ "a1000000000000000000000000000000000000aa", "", 0, RUN_PASSED },
		{ "a1000000000000000000000000000000000000aa", "a/b", 0, RUN_PASSED },
	};
	static const char *const paths[] = { "..", "a/../b", "a//b", "/a", ".git", "a/.GIT/b", "." };
	const struct store_run good = { a1, "run", 0, RUN_PASSED };
	struct repository *r;

	begin();
	r = open_repo(at("repo"));
	for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++)
		ck_assert_int_eq(store_add(r, &runs[i], NULL, 0, &err), -1);
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		const struct store_file file = { paths[i], bytes_of(""), NULL };

		ck_assert_int_eq(store_add(r, &good, &file, 1, &err), -1);
		ck_assert_int_eq(err.code, ERR_REFUSED);
	}
	ck_assert_str_eq(runs_of(r, NULL), "");
	repository_close(r);
	end();
}
END_TEST

/* A stranger may push anything there. */
START_TEST(test_store__foreign_refs)
{
	struct repository *r;
	struct store_run *runs;
	size_t n;

	begin();
	r = open_repo(at("repo"));
	add(r, a1, "mine", 100);
	repository_close(r);
	git(0, "mkdir -p b100000000000000000000000000000000000000/x "
	       "b100000000000000000000000000000000000000/7.passed. "
	       "b100000000000000000000000000000000000000/7.odd.run "
	       "b100000000000000000000000000000000000000/-7.passed.run "
	       "b100000000000000000000000000000000000000/8.failed.theirs other/7.passed.run && "
	       "for d in */*; do touch $d/file; done; touch README && git add . && "
	       "git commit -q -m x && git update-ref refs/cprof/runs/b1 HEAD");
	r = open_repo(at("repo"));
	ck_assert_str_eq(runs_of(r, NULL), "theirs mine");
	repository_close(r);
	git(0, "git update-ref refs/cprof/runs/b1 $(git hash-object -w b1*/x/file)");
	r = open_repo(at("repo"));
	ck_assert_int_eq(store_list(r, NULL, &runs, &n, &arena, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "refs/cprof/runs/b1"));
	repository_close(r);
	end();
}
END_TEST

START_TEST(test_store__trim)
{
	const int64_t day = 86400;
	struct repository *r;
	size_t dropped;

	begin();
	r = open_repo(at("repo"));
	for (int i = 0; i < 6; i++) {
		char name[8];

		snprintf(name, sizeof name, "r%d", i);
		add(r, i == 0 ? b1 : i % 2 ? a1 : a2, name, (i + 1) * day);
	}
	OK(store_trim(r, 0, 0, NULL, 100 * day, &dropped, &err));
	ck_assert_uint_eq(dropped, 0);
	/* r0 and r1 are more than 5 days old on the 8th day, but b1 has no other run. */
	OK(store_trim(r, 5, 0, b1, 8 * day, &dropped, &err));
	ck_assert_uint_eq(dropped, 1);
	ck_assert_str_eq(runs_of(r, NULL), "r0 r2 r3 r4 r5");
	OK(store_trim(r, 0, 3, b1, 8 * day, &dropped, &err));
	ck_assert_uint_eq(dropped, 2);
	ck_assert_str_eq(runs_of(r, NULL), "r0 r4 r5");
	OK(store_trim(r, 5, 1, NULL, 8 * day, &dropped, &err));
	ck_assert_str_eq(runs_of(r, NULL), "r5");
	ck_assert_str_eq(text_of(r, a1, "r5", "summary.json"), "r5");
	repository_close(r);
	/* What was dropped is freed: nothing but r5 can be reached. */
	git(0, "test $(git rev-list --objects --glob=refs/cprof/* | grep -c summary.json) = 1");
	end();
}
END_TEST

enum { WRITERS = 4, EACH = 5 };

static void write_some(int writer)
{
	struct repository *r = open_repo(at("repo"));

	for (int i = 0; i < EACH; i++) {
		char name[16];

		snprintf(name, sizeof name, "w%d-%d", writer, i);
		add(r, a1, name, 1000 + writer * EACH + i);
	}
	repository_close(r);
}

START_TEST(test_store__two_at_once)
{
	pid_t pids[WRITERS];
	struct repository *r;
	struct store_run *runs;
	size_t n;

	begin();
	for (int w = 0; w < WRITERS; w++) {
		pids[w] = fork();
		if (pids[w] == 0) {
			write_some(w);
			_exit(0);
		}
	}
	for (int w = 0; w < WRITERS; w++) {
		int status;

		ck_assert_int_eq(waitpid(pids[w], &status, 0), pids[w]);
		ck_assert_int_eq(status, 0);
	}
	r = open_repo(at("repo"));
	OK(store_list(r, a1, &runs, &n, &arena, &err));
	ck_assert_uint_eq(n, WRITERS * EACH);
	repository_close(r);
	end();
}
END_TEST

/* Of a commit, of all with NULL, in another repository below SCRATCH. */
static void has_runs(const char *name, const char *commit, const char *runs)
{
	struct repository *r = open_repo(at("%s", name));

	ck_assert_str_eq(runs_of(r, commit), runs);
	repository_close(r);
}

/* SCRATCH/server.git, and two clones of it beside SCRATCH/repo. */
static void two_clones(struct repository *both[2])
{
	begin();
	commit(10, "one");
	git(0, "git clone -q --bare . ../server.git && git clone -q ../server.git ../x && "
	       "git clone -q ../server.git ../y");
	both[0] = open_repo(at("x"));
	both[1] = open_repo(at("y"));
}

static void close_clones(struct repository *both[2])
{
	repository_close(both[0]);
	repository_close(both[1]);
	end();
}

START_TEST(test_store__push_and_fetch)
{
	struct repository *both[2];

	two_clones(both);
	OK(store_fetch(both[0], "origin", &err)); /* nothing there yet */
	OK(store_push(both[0], "origin", &err));
	add(both[0], a1, "x1", 100);
	OK(store_push(both[0], "origin", &err));
	add(both[1], a1, "y1", 200); /* without having fetched */
	add(both[1], b1, "y2", 300);
	OK(store_push(both[1], "origin", &err));
	ck_assert_str_eq(runs_of(both[1], NULL), "x1 y1 y2");
	OK(store_fetch(both[0], "origin", &err));
	ck_assert_str_eq(runs_of(both[0], NULL), "x1 y1 y2");
	ck_assert_str_eq(text_of(both[0], b1, "y2", "summary.json"), "y2");
	has_runs("server.git", NULL, "x1 y1 y2");
	/* Any git has them by one fetch. */
	git(0, "git clone -q ../server.git ../z && cd ../z && "
	       "git fetch -q origin '+refs/cprof/*:refs/cprof/*' && git fsck --strict");
	has_runs("z", a1, "x1 y1");
	close_clones(both);
}
END_TEST

START_TEST(test_store__dropped_is_not_brought_back)
{
	struct repository *both[2];
	size_t dropped;

	two_clones(both);
	add(both[0], a1, "x1", 100);
	add(both[0], a1, "x2", 200);
	OK(store_push(both[0], "origin", &err));
	OK(store_fetch(both[1], "origin", &err));
	add(both[1], a1, "y3", 300);
	OK(store_trim(both[0], 0, 1, NULL, 0, &dropped, &err));
	ck_assert_uint_eq(dropped, 1);
	OK(store_push(both[0], "origin", &err));
	OK(store_push(both[1], "origin", &err));
	ck_assert_str_eq(runs_of(both[1], NULL), "x2 y3");
	OK(store_fetch(both[0], "origin", &err));
	ck_assert_str_eq(runs_of(both[0], NULL), "x2 y3");
	/* Both sides at once: here x2 goes, there y4 comes, and x2 is stored again. */
	OK(store_trim(both[0], 0, 1, NULL, 0, &dropped, &err));
	add(both[1], a1, "y4", 400);
	OK(store_push(both[1], "origin", &err));
	OK(store_push(both[0], "origin", &err));
	ck_assert_str_eq(runs_of(both[0], NULL), "y3 y4");
	add_text(both[1], a1, "x2", 500, RUN_PASSED, "anew");
	OK(store_push(both[1], "origin", &err));
	ck_assert_str_eq(runs_of(both[1], NULL), "y3 y4 x2");
	/* The server's refs are gone: it gets them again. */
	git(0, "cd ../server.git && git update-ref -d refs/cprof/runs/a1");
	OK(store_push(both[1], "origin", &err));
	OK(store_fetch(both[0], "origin", &err));
	ck_assert_str_eq(text_of(both[0], a1, "x2", "summary.json"), "anew");
	/* So does a clone whose own are. */
	git(0, "cd ../x && git update-ref -d refs/cprof/runs/a1");
	OK(store_fetch(both[0], "origin", &err));
	ck_assert_str_eq(runs_of(both[0], NULL), "y3 y4 x2");
	close_clones(both);
}
END_TEST

START_TEST(test_store__two_push_at_once)
{
	struct repository *both[2];
	pid_t pids[2];

	two_clones(both);
	for (int c = 0; c < 2; c++) {
		pids[c] = fork();
		if (pids[c] == 0) {
			for (int i = 0; i < 3; i++) {
				char name[8];

				snprintf(name, sizeof name, "%c%d", "xy"[c], i);
				add(both[c], a1, name, 100 * (c + 1) + i);
				OK(store_push(both[c], "origin", &err));
			}
			_exit(0);
		}
	}
	for (int c = 0; c < 2; c++) {
		int status;

		ck_assert_int_eq(waitpid(pids[c], &status, 0), pids[c]);
		ck_assert_int_eq(status, 0);
	}
	has_runs("server.git", NULL, "x0 x1 x2 y0 y1 y2");
	close_clones(both);
}
END_TEST

START_TEST(test_store__refused)
{
	struct repository *both[2];

	two_clones(both);
	add(both[0], a1, "x1", 100);
	ck_assert_int_eq(store_push(both[0], "nowhere", &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "no remote of that name"));
	ck_assert_int_eq(store_push(both[0], "--upload-pack=x", &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "no remote of that name"));
	put_file(at("server.git/hooks/pre-receive"), "#!/bin/sh\necho no entry; exit 1\n");
	ck_assert_int_eq(chmod(at("server.git/hooks/pre-receive"), 0755), 0);
	ck_assert_int_eq(store_push(both[0], "origin", &err), -1);
	ck_assert_int_eq(err.code, ERR_REFUSED);
	ck_assert_msg(strstr(err.text, "remote: no entry") != NULL, "%s", err.text);
	ck_assert_msg(strstr(err.text, "hook declined") != NULL, "%s", err.text);
	git(0, "rm -r ../server.git");
	ck_assert_int_eq(store_fetch(both[0], "origin", &err), -1);
	ck_assert_msg(strstr(err.text, "git fetch origin: fatal:") != NULL, "%s", err.text);
	ck_assert_str_eq(runs_of(both[0], NULL), "x1");
	close_clones(both);
}
END_TEST

START_TEST(test_store__out_of_memory)
{
	const struct store_run run = { a1, "run", 100, RUN_PASSED };
	const struct store_file files[] = { { "summary.json", bytes_of("{}"), NULL },
					    { "snapshots/a/b", bytes_of("{}"), NULL } };
	struct repository *r;
	int rc = -1;

	begin();
	r = open_repo(at("repo"));
	add(r, a1, "before", 50);
	for (size_t n = 1; rc < 0; n++) {
		struct store_run *runs;
		struct bytes out;
		size_t nruns;

		err = (struct error)ERROR_INIT;
		mem_fail_at(n, true);
		rc = store_add(r, &run, files, 2, &err);
		if (rc == 0)
			rc = store_list(r, NULL, &runs, &nruns, &arena, &err);
		if (rc == 0)
			rc = store_read(r, a1, "run", "snapshots/a/b", &out, &arena, &err);
		if (rc == 0)
			rc = store_trim(r, 0, 1, NULL, 0, &nruns, &err);
		mem_fail_at(0, false);
		ck_assert_int_eq(rc < 0 ? err.code : ERR_NOMEM, ERR_NOMEM);
		arena_release(&arena);
	}
	ck_assert_str_eq(runs_of(r, NULL), "run");
	repository_close(r);
	end();
}
END_TEST

UNIT_MAIN("git/store", test_store__add_list_read, test_store__whole_snapshots,
	  test_store__bad_names, test_store__foreign_refs, test_store__trim,
	  test_store__two_at_once, test_store__push_and_fetch,
	  test_store__dropped_is_not_brought_back, test_store__two_push_at_once,
	  test_store__refused, test_store__out_of_memory)
