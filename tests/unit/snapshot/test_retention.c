#include <sys/wait.h>
#include <time.h>

#include "scratch.h"
#include "snapshot/archive.h"
#include "snapshot/leader.h"
#include "snapshot/run.h"
#include "snapshot/runfile.h"

enum { DAY = 86400 };

static int64_t now_s(void)
{
	return (int64_t)time(NULL);
}

/* A snapshot of 1,000 bytes, its profile so many seconds old. */
static void put_snapshot(const char *run, const char *name, int64_t age_s)
{
	char zeros[901], rest[101];

	memset(zeros, 'x', 900);
	memset(rest, 'x', 100);
	zeros[900] = rest[100] = '\0';
	mkdir(at("profiling"), 0700);
	mkdir(at("profiling/%s", run), 0700);
	ck_assert_int_eq(mkdir(at("profiling/%s/%s", run, name), 0700), 0);
	put_file(at("profiling/%s/%s/profile.prof", run, name), zeros);
	put_file(at("profiling/%s/%s/snapshot.json", run, name), rest);
	set_mtime(at("profiling/%s/%s/profile.prof", run, name), now_s() - age_s);
}

/* run.json of a leader that has gone, or of ours, written so long ago. */
static void put_runfile(const char *run, bool gone, int64_t age_s)
{
	struct process leader;
	struct buf text = BUF_INIT;
	struct error err = ERROR_INIT;

	process_leader(&leader);
	if (gone)
		leader.ticks++;
	ck_assert_int_eq(runfile_write_new(&text, &leader, &err), 0);
	put_file(at("profiling/%s/run.json", run), buf_str(&text));
	set_mtime(at("profiling/%s/run.json", run), now_s() - age_s);
	buf_release(&text);
}

static uint64_t trimmed(uint64_t max_bytes)
{
	struct error err = ERROR_INIT;
	uint64_t bytes;

	ck_assert_msg(archive_trim(at("profiling"), max_bytes, 0, &bytes, &err) == 0, "%s", err.text);
	return bytes;
}

static bool has(const char *what)
{
	return is_there(at("profiling/%s", what));
}

/* Three of 1000 bytes: within the limit none goes; beyond it the oldest do until there is
 * room for 1000 more. */
START_TEST(test_retention__makes_room)
{
	struct error err = ERROR_INIT;
	uint64_t bytes;

	scratch_begin();
	put_snapshot("a", "GET.x.000001ms", 500);
	put_snapshot("a", "GET.y.000001ms", 400);
	put_snapshot("a", "GET.z.000001ms", 300);
	ck_assert_int_eq(archive_trim(at("profiling"), 3000, 1000, &bytes, &err), 0);
	ck_assert_uint_eq(bytes, 3000);
	ck_assert_int_eq(archive_trim(at("profiling"), 2999, 1000, &bytes, &err), 0);
	ck_assert_uint_eq(bytes, 1000);
	ck_assert(!has("a/GET.y.000001ms"));
	ck_assert(has("a/GET.z.000001ms"));
	scratch_end();
}
END_TEST

START_TEST(test_retention__oldest_first)
{
	scratch_begin();
	put_snapshot("a", "GET.x.000001ms", 500);
	put_snapshot("a", "GET.y.000001ms", 700);
	put_snapshot("b", "GET.z.000001ms", 600);
	put_snapshot("b", "GET.w.000001ms", 300);
	ck_assert_uint_eq(trimmed(4000), 4000);
	ck_assert(has("a/GET.y.000001ms"));
	ck_assert_uint_eq(trimmed(3999), 3000);
	ck_assert(!has("a/GET.y.000001ms"));
	/* Now b has the oldest, 600: it goes before a, and its younger one too. */
	ck_assert_uint_eq(trimmed(1500), 1000);
	ck_assert(has("a/GET.x.000001ms"));
	ck_assert_uint_eq(count_entries(at("profiling/b")), 0);
	ck_assert_uint_eq(count_entries(at("profiling/a")), 1);
	scratch_end();
}
END_TEST

/* Nothing that a reader would take for a snapshot is ever without its files. */
START_TEST(test_retention__the_young_stay)
{
	scratch_begin();
	put_snapshot("a", "GET.x.000001ms", 50);
	put_snapshot("a", "GET.y.000001ms", 70);
	put_snapshot("a", "GET.future.000001ms", -100);
	ck_assert_uint_eq(trimmed(0), 2000);
	ck_assert(has("a/GET.x.000001ms"));
	ck_assert(has("a/GET.future.000001ms"));
	ck_assert(!has("a/GET.y.000001ms"));
	scratch_end();
}
END_TEST

START_TEST(test_retention__empty_runs)
{
	scratch_begin();
	put_snapshot("gone", "GET.x.000001ms", DAY);
	put_runfile("gone", true, 100);
	put_file(at("profiling/gone/.lock"), "");
	put_snapshot("alive", "GET.x.000001ms", DAY);
	put_runfile("alive", false, 100);
	put_snapshot("young", "GET.x.000001ms", DAY);
	put_runfile("young", true, 10);
	put_snapshot("silent", "GET.x.000001ms", DAY);
	put_runfile("silent", false, DAY + 100);
	put_snapshot("users", "GET.x.000001ms", DAY);
	put_runfile("users", true, 100);
	put_file(at("profiling/users/notes.txt"), "");
	put_snapshot("writing", "GET.x.000001ms", DAY);
	put_runfile("writing", true, 100);
	ck_assert_int_eq(mkdir(at("profiling/writing/.GET.y.000001ms"), 0700), 0);
	put_snapshot("none", "GET.x.000001ms", DAY);
	/* No snapshot in it, and no run: of the user. */
	ck_assert_int_eq(mkdir(at("profiling/folder"), 0700), 0);
	ck_assert_uint_eq(trimmed(0), 0);
	ck_assert(!has("gone"));
	ck_assert(has("alive/run.json"));
	ck_assert(has("young/run.json"));
	ck_assert(!has("silent"));
	ck_assert(has("users/notes.txt"));
	ck_assert(has("writing/run.json"));
	ck_assert(has("none"));
	ck_assert(has("folder"));
	scratch_end();
}
END_TEST

START_TEST(test_retention__nothing_to_do_changes_nothing)
{
	scratch_begin();
	put_snapshot("a", "GET.x.000001ms", DAY);
	ck_assert_int_eq(mkdir(at("profiling/empty"), 0700), 0);
	put_runfile("empty", true, DAY);
	ck_assert_uint_eq(trimmed(1000), 1000);
	ck_assert(has("empty/run.json"));
	scratch_end();
}
END_TEST

START_TEST(test_retention__leftovers)
{
	static const char *const ours[] = { "a/.GET.x.000001ms", "a/.GET.x.000001ms.2",
					    "a/.cprof-gone.1.1", ".cprof-new.1.1" };
	static const char *const others[] = { ".git", ".venv", "a/.cache", "src/.hidden" };

	scratch_begin();
	put_snapshot("a", "GET.x.000001ms", 100);
	ck_assert_int_eq(mkdir(at("profiling/src"), 0700), 0);
	for (int round = 0; round < 2; round++) {
		/* Half an hour old, then two hours. */
		int64_t then = now_s() - (round ? 7200 : 1800);

		for (size_t i = 0; i < 4; i++) {
			mkdir(at("profiling/%s", ours[i]), 0700);
			put_file(at("profiling/%s/profile.prof", ours[i]), "12345");
			set_mtime(at("profiling/%s", ours[i]), then);
			mkdir(at("profiling/%s", others[i]), 0700);
			put_file(at("profiling/%s/file", others[i]), "");
			set_mtime(at("profiling/%s", others[i]), then);
		}
		put_file(at("profiling/a/GET.x.000001ms/.cprof-file.1.1"), "123");
		set_mtime(at("profiling/a/GET.x.000001ms/.cprof-file.1.1"), then);
		/* 1000 + 4 * 5 + 3: what is being written counts. */
		ck_assert_uint_eq(trimmed(5000), round ? 1000 : 1023);
		for (size_t i = 0; i < 4; i++) {
			ck_assert_int_eq(has(ours[i]), round == 0);
			ck_assert(has(others[i]));
		}
	}
	ck_assert_uint_eq(count_entries(at("profiling/a/GET.x.000001ms")), 2);
	scratch_end();
}
END_TEST

START_TEST(test_retention__follows_no_link)
{
	scratch_begin();
	put_snapshot("a", "GET.x.000001ms", DAY);
	ck_assert_int_eq(rename(at("profiling"), at("outside")), 0);
	put_snapshot("b", "GET.y.000001ms", DAY);
	ck_assert_int_eq(symlink("../../../outside", at("profiling/b/GET.y.000001ms/link")), 0);
	ck_assert_int_eq(symlink("../outside/a", at("profiling/a")), 0);
	ck_assert_int_eq(symlink("../../outside/a/GET.x.000001ms",
				 at("profiling/b/GET.z.000001ms")), 0);
	ck_assert_uint_eq(trimmed(0), 0);
	ck_assert(!has("b/GET.y.000001ms"));
	ck_assert(is_there(at("outside/a/GET.x.000001ms/profile.prof")));
	scratch_end();
}
END_TEST

START_TEST(test_retention__several_at_once)
{
	int status;

	scratch_begin();
	for (int i = 0; i < 60; i++) {
		char name[64];

		snprintf(name, sizeof name, "GET.x%d.000001ms", i);
		put_snapshot("a", name, 1000 + i);
	}
	for (int i = 0; i < 4; i++)
		if (fork() == 0) {
			struct error err = ERROR_INIT;
			uint64_t bytes;

			_exit(archive_trim(at("profiling"), 10000, 0, &bytes, &err) == 0 ? 0 : 1);
		}
	for (int i = 0; i < 4; i++) {
		ck_assert_int_gt(wait(&status), 0);
		ck_assert_int_eq(status, 0);
	}
	/* All know the same order: the ten youngest stay, x0 to x9. What another is just
	 * deleting still counts, so that each of the three others may cost one more. */
	ck_assert_uint_le(count_entries(at("profiling/a")), 10);
	ck_assert_uint_ge(count_entries(at("profiling/a")), 7);
	ck_assert(has("a/GET.x6.000001ms/profile.prof"));
	ck_assert(!has("a/GET.x10.000001ms"));
	scratch_end();
}
END_TEST

START_TEST(test_retention__no_archive)
{
	struct error err = ERROR_INIT;
	uint64_t bytes;

	scratch_begin();
	ck_assert_int_eq(archive_trim(at("profiling"), 0, 0, &bytes, &err), -1);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	scratch_end();
}
END_TEST

START_TEST(test_retention__out_of_memory)
{
	int rc = -1;

	scratch_begin();
	for (size_t n = 1; rc < 0; n++) {
		struct error err = ERROR_INIT;
		uint64_t bytes;

		for (int i = 0; i < 3; i++)
			if (!has(i == 2 ? "b/GET.x2.000001ms" : i ? "a/GET.x1.000001ms"
								 : "a/GET.x0.000001ms")) {
				char name[64];

				snprintf(name, sizeof name, "GET.x%d.000001ms", i);
				put_snapshot(i == 2 ? "b" : "a", name, 1000 + i);
			}
		mem_fail_at(n, true);
		rc = archive_trim(at("profiling"), 500, 0, &bytes, &err);
		mem_fail_at(0, false);
		ck_assert_int_eq(rc < 0 ? err.code : ERR_NOMEM, ERR_NOMEM);
		ck_assert_uint_lt(n, 500);
	}
	/* The last round ran to its end. */
	ck_assert(!has("a/GET.x0.000001ms"));
	ck_assert(!has("b/GET.x2.000001ms"));
	scratch_end();
}
END_TEST

UNIT_MAIN("snapshot/retention", test_retention__makes_room, test_retention__oldest_first,
	  test_retention__the_young_stay,
	  test_retention__empty_runs, test_retention__nothing_to_do_changes_nothing,
	  test_retention__leftovers, test_retention__follows_no_link,
	  test_retention__several_at_once, test_retention__no_archive,
	  test_retention__out_of_memory)
