#include "snapshot/archive.h"

#include <limits.h>

#include "scratch.h"
#include "snapshot/run.h"
#include "snapshot/write.h"

/* Writes a snapshot of this start and wall time into a run. */
static void put_snapshot(const char *run_name, const char *route, int64_t start_s, int64_t ms)
{
	struct manifest m = small_manifest();
	struct profile *p = small_profile();
	struct error err = ERROR_INIT;
	struct buf path = BUF_INIT;
	struct run run;
	uint64_t size;

	m.route = route;
	m.start_ns = start_s * 1000000000;
	m.wall_ns = ms * 1000000;
	ck_assert_msg(run_open(&run, at("profiling"), run_name, &err) == 0, "%s", err.text);
	ck_assert_msg(snapshot_write(&run, p, &m, &path, &size, &err) == 0, "%s", err.text);
	run_release(&run);
	profile_free(p);
	buf_release(&path);
}

static void set_created(const char *run_name, const char *created)
{
	char text[200];

	snprintf(text, sizeof text,
		 "{\"created\": \"%s\", \"processes\": [{\"seen\": 3, \"kept\": 2, \"dropped\": 1},"
		 " {\"seen\": 30, \"kept\": 20}]}", created);
	put_file(at("profiling/%s/run.json", run_name), text);
}

START_TEST(test_archive__reads_in_order)
{
	struct error err = ERROR_INIT;
	struct archive a;

	scratch_begin();
	put_snapshot("b", "/late", 300, 1);
	put_snapshot("b", "/early", 100, 1);
	put_snapshot("b", "/again", 300, 1);
	put_snapshot("a", "/", 200, 1);
	set_created("b", "1970-01-01T00:01:00Z");
	set_created("a", "1970-01-01T00:02:00Z");
	ck_assert_int_eq(archive_read(&a, at("profiling"), &err), 0);
	ck_assert_uint_eq(a.nruns, 2);
	ck_assert_str_eq(a.runs[0].name, "b");
	ck_assert_int_eq(a.runs[0].created_ns, 60000000000);
	ck_assert_str_eq(a.runs[1].name, "a");
	ck_assert_uint_eq(a.runs[0].nsnapshots, 3);
	ck_assert_str_eq(a.runs[0].snapshots[0].name, "GET.early.000001ms");
	/* The same start: by name. */
	ck_assert_str_eq(a.runs[0].snapshots[1].name, "GET.again.000001ms");
	ck_assert_str_eq(a.runs[0].snapshots[2].name, "GET.late.000001ms");
	ck_assert_str_eq(a.runs[0].snapshots[2].run, "b");
	ck_assert_str_eq(a.runs[0].snapshots[2].path, at("profiling/b/GET.late.000001ms"));
	ck_assert(a.runs[0].has_counts);
	ck_assert_uint_eq(a.runs[0].seen, 33);
	ck_assert_uint_eq(a.runs[0].kept, 22);
	ck_assert_uint_eq(a.runs[0].dropped, 1);
	ck_assert_uint_eq(a.runs[0].nprocesses, 2);
	archive_release(&a);
	scratch_end();
}
END_TEST

/* Without run.json a run is as old as its oldest snapshot. */
START_TEST(test_archive__run_without_runfile)
{
	struct error err = ERROR_INIT;
	struct archive a;

	scratch_begin();
	put_snapshot("a", "/", 200, 1);
	put_snapshot("b", "/", 100, 1);
	unlink(at("profiling/a/run.json"));
	unlink(at("profiling/b/run.json"));
	ck_assert_int_eq(archive_read(&a, at("profiling"), &err), 0);
	ck_assert_uint_eq(a.nruns, 2);
	ck_assert_str_eq(a.runs[0].name, "b");
	ck_assert_int_eq(a.runs[0].created_ns, 100000000000);
	ck_assert(!a.runs[0].has_counts);
	ck_assert_int_eq(a.runs[0].outcome, RUN_UNKNOWN);
	archive_release(&a);
	scratch_end();
}
END_TEST

START_TEST(test_archive__outcome)
{
	struct error err = ERROR_INIT;
	struct archive a;

	scratch_begin();
	put_snapshot("a", "/", 200, 1);
	put_snapshot("b", "/", 100, 1);
	set_created("a", "1970-01-01T00:01:00Z");
	set_created("b", "1970-01-01T00:02:00Z");
	ck_assert_int_eq(run_set_outcome(at("profiling/a"), RUN_FAILED, &err), 0);
	ck_assert_int_eq(run_set_outcome(at("profiling/b"), RUN_PASSED, &err), 0);
	ck_assert_int_eq(archive_read(&a, at("profiling"), &err), 0);
	ck_assert_int_eq(a.runs[0].outcome, RUN_FAILED);
	ck_assert_int_eq(a.runs[1].outcome, RUN_PASSED);
	archive_release(&a);
	ck_assert_int_eq(archive_read_runs(&a, at("profiling"), &err), 0);
	ck_assert_int_eq(a.runs[0].outcome, RUN_FAILED);
	ck_assert_int_eq(a.runs[1].outcome, RUN_PASSED);
	archive_release(&a);
	scratch_end();
}
END_TEST

START_TEST(test_archive__passes_over)
{
	struct error err = ERROR_INIT;
	struct archive a;

	scratch_begin();
	put_snapshot("run", "/", 200, 1);
	ck_assert_int_eq(mkdir(at("profiling/folder"), 0700), 0);
	ck_assert_int_eq(mkdir(at("profiling/.hidden"), 0700), 0);
	put_file(at("profiling/file"), "");
	ck_assert_int_eq(mkdir(at("profiling/run/folder"), 0700), 0);
	ck_assert_int_eq(mkdir(at("profiling/run/.GET.x.000001ms"), 0700), 0);
	put_file(at("profiling/run/GET.y.000001ms"), "");
	/* A stranger's archive must not lead elsewhere. */
	ck_assert_int_eq(mkdir(at("outside"), 0700), 0);
	ck_assert_int_eq(rename(at("profiling/run"), at("outside/run")), 0);
	ck_assert_int_eq(symlink("../outside/run", at("profiling/link")), 0);
	put_snapshot("run", "/", 200, 1);
	ck_assert_int_eq(symlink("../../outside/run/GET.root.000001ms",
				 at("profiling/run/GET.link.000001ms")), 0);
	ck_assert_int_eq(archive_read(&a, at("profiling"), &err), 0);
	ck_assert_uint_eq(a.nruns, 1);
	ck_assert_uint_eq(a.runs[0].nsnapshots, 1);
	ck_assert_str_eq(a.runs[0].snapshots[0].name, "GET.root.000001ms");
	archive_release(&a);
	scratch_end();
}
END_TEST

START_TEST(test_archive__nothing_there)
{
	struct error err = ERROR_INIT;
	struct archive a;
	struct run_info r;
	struct snapshot s;

	scratch_begin();
	ck_assert_int_eq(archive_read(&a, at("profiling"), &err), -1);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "serve a request"));
	ck_assert_int_eq(mkdir(at("profiling"), 0700), 0);
	ck_assert_int_eq(archive_read(&a, at("profiling"), &err), -1);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "no runs"));
	ck_assert_int_eq(run_read(&r, at("x"), &err), -1);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	ck_assert_int_eq(snapshot_read(&s, at("x"), &err), -1);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	scratch_end();
}
END_TEST

START_TEST(test_archive__snapshot_without_manifest)
{
	struct error err = ERROR_INIT;
	struct snapshot s;

	scratch_begin();
	ck_assert_int_eq(mkdir(at("r"), 0700), 0);
	ck_assert_int_eq(mkdir(at("r/PUT.a.%%7Bb%%7D.000738ms.2"), 0700), 0);
	set_mtime(at("r/PUT.a.%%7Bb%%7D.000738ms.2"), 1000);
	ck_assert_int_eq(snapshot_read(&s, at("r/PUT.a.%%7Bb%%7D.000738ms.2/"), &err), 0);
	ck_assert(!s.has_manifest);
	ck_assert_int_eq(s.problem.code, ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(s.problem.text, "snapshot.json"));
	/* What the folder tells. */
	ck_assert_str_eq(s.name, "PUT.a.%7Bb%7D.000738ms.2");
	ck_assert_str_eq(s.run, "r");
	ck_assert_str_eq(s.manifest.method, "PUT");
	ck_assert_str_eq(s.manifest.route, "/a/{b}");
	ck_assert(!s.manifest.route_is_template);
	ck_assert_int_eq(s.manifest.wall_ns, 738000000);
	ck_assert_int_eq(s.manifest.start_ns, 1000000000000);
	ck_assert_int_eq(s.manifest.git.dirty, -1);
	snapshot_release(&s);
	ck_assert_int_eq(mkdir(at("GET.root.000001ms"), 0700), 0);
	ck_assert_int_eq(snapshot_read(&s, at("GET.root.000001ms"), &err), 0);
	ck_assert_str_eq(s.manifest.route, "/");
	snapshot_release(&s);
	ck_assert_int_eq(mkdir(at("GET.{unmatched}.000001ms"), 0700), 0);
	ck_assert_int_eq(snapshot_read(&s, at("GET.{unmatched}.000001ms"), &err), 0);
	ck_assert_str_eq(s.manifest.route, "{unmatched}");
	ck_assert(s.manifest.route_is_template);
	snapshot_release(&s);
	ck_assert_int_eq(mkdir(at("odd"), 0700), 0);
	ck_assert_int_eq(snapshot_read(&s, at("odd"), &err), 0);
	ck_assert_str_eq(s.manifest.route, "odd");
	snapshot_release(&s);
	scratch_end();
}
END_TEST

START_TEST(test_archive__bad_manifests)
{
	struct error err = ERROR_INIT;
	struct archive a;
	FILE *f;

	scratch_begin();
	for (int i = 1; i <= 4; i++)
		put_snapshot("run", "/", i, i);
	put_file(at("profiling/run/GET.root.000001ms/snapshot.json"), "{");
	unlink(at("profiling/run/GET.root.000002ms/snapshot.json"));
	put_file(at("secret"), "{\"schema\": 1}");
	ck_assert_int_eq(symlink("../../../secret",
				 at("profiling/run/GET.root.000002ms/snapshot.json")), 0);
	/* Over a megabyte, and otherwise right. */
	f = fopen(at("profiling/run/GET.root.000003ms/snapshot.json"), "a");
	ck_assert_int_eq(fprintf(f, "%1100000s", ""), 1100000);
	fclose(f);
	ck_assert_int_eq(archive_read(&a, at("profiling"), &err), 0);
	ck_assert_uint_eq(a.runs[0].nsnapshots, 4);
	for (size_t i = 0; i < 4; i++) {
		const struct snapshot *s = &a.runs[0].snapshots[i];
		bool good = strcmp(s->name, "GET.root.000004ms") == 0;

		ck_assert_int_eq(s->has_manifest, good);
		ck_assert_int_eq(s->problem.code != ERR_NONE, !good);
		if (!good)
			ck_assert_ptr_nonnull(strstr(s->problem.text, "snapshot.json: "));
	}
	archive_release(&a);
	scratch_end();
}
END_TEST

START_TEST(test_archive__files_of_a_snapshot)
{
	struct error err = ERROR_INIT;
	struct snapshot s;
	uint64_t size;

	scratch_begin();
	put_snapshot("run", "/", 1, 1);
	ck_assert_int_eq(snapshot_read(&s, at("profiling/run/GET.root.000001ms"), &err), 0);
	ck_assert_int_eq(s.problem.code, ERR_NONE);
	ck_assert(!s.has_picture);
	size = s.size;
	snapshot_release(&s);
	put_file(at("profiling/run/GET.root.000001ms/dot.png"), "12345");
	set_mtime(at("profiling/run/GET.root.000001ms/dot.png"), 1000);
	set_mtime(at("profiling/run/GET.root.000001ms/snapshot.json"), 1000);
	ck_assert_int_eq(snapshot_read(&s, at("profiling/run/GET.root.000001ms"), &err), 0);
	ck_assert(s.has_picture);
	ck_assert(!s.picture_is_old);
	ck_assert_uint_eq(s.size, size + 5);
	snapshot_release(&s);
	set_mtime(at("profiling/run/GET.root.000001ms/snapshot.json"), 1001);
	unlink(at("profiling/run/GET.root.000001ms/profile.prof"));
	ck_assert_int_eq(snapshot_read(&s, at("profiling/run/GET.root.000001ms"), &err), 0);
	ck_assert(s.picture_is_old);
	ck_assert_int_eq(s.problem.code, ERR_NONE);
	snapshot_release(&s);
	unlink(at("profiling/run/GET.root.000001ms/profile.pb.gz"));
	ck_assert_int_eq(snapshot_read(&s, at("profiling/run/GET.root.000001ms"), &err), 0);
	ck_assert_int_eq(s.problem.code, ERR_NONE);
	snapshot_release(&s);
	unlink(at("profiling/run/GET.root.000001ms/profile.kgrind"));
	ck_assert_int_eq(snapshot_read(&s, at("profiling/run/GET.root.000001ms"), &err), 0);
	ck_assert(s.has_manifest);
	ck_assert_int_eq(s.problem.code, ERR_NOT_FOUND);
	snapshot_release(&s);
	scratch_end();
}
END_TEST

/* main and load, whichever file they come from. */
static void has_both(const char *path, bool tree)
{
	struct error err = ERROR_INIT;
	struct profile *p = snapshot_profile(path, &err);

	ck_assert_msg(p != NULL, "%s", err.text);
	ck_assert_uint_eq(p->nfunctions, 2);
	ck_assert_int_eq(profile_has_tree(p), tree);
	profile_free(p);
}

static void has_none(const char *path, enum error_code code, const char *why)
{
	struct error err = ERROR_INIT;

	ck_assert_ptr_null(snapshot_profile(path, &err));
	ck_assert_int_eq(err.code, code);
	ck_assert_msg(strstr(err.text, why) != NULL, "%s", err.text);
}

START_TEST(test_archive__profile)
{
	char snapshot[300];

	scratch_begin();
	put_snapshot("run", "/", 1, 1);
	snprintf(snapshot, sizeof snapshot, "%s", at("profiling/run/GET.root.000001ms"));
	has_both(snapshot, true);
	has_both(at("profiling/run/GET.root.000001ms/profile.prof"), false);
	put_file(at("profiling/run/GET.root.000001ms/profile.pb.gz"), "");
	has_none(snapshot, ERR_FORMAT, "profile.pb.gz: ");
	unlink(at("profiling/run/GET.root.000001ms/profile.pb.gz"));
	has_both(snapshot, false);
	ck_assert_int_eq(rename(at("profiling/run/GET.root.000001ms/profile.prof"), at("prof")), 0);
	has_both(snapshot, false);
	unlink(at("profiling/run/GET.root.000001ms/profile.kgrind"));
	has_none(snapshot, ERR_NOT_FOUND, "no profile.pb.gz, profile.prof or profile.kgrind");
	ck_assert_int_eq(symlink("../../../prof",
				 at("profiling/run/GET.root.000001ms/profile.prof")), 0);
	has_none(snapshot, ERR_REFUSED, "profile.prof: ");
	/* The user's own link is followed. */
	ck_assert_int_eq(symlink("prof", at("link")), 0);
	has_both(at("link"), false);
	has_none(at("nothing"), ERR_NOT_FOUND, "nothing");
	scratch_end();
}
END_TEST

static void finds(const char *what, enum path_kind kind, const char *path)
{
	struct error err = ERROR_INIT;
	enum path_kind got;
	char *found, real[PATH_MAX];

	ck_assert_msg(archive_find(at("profiling"), what, &got, &found, &err) == 0, "%s", err.text);
	ck_assert_int_eq(got, kind);
	ck_assert_ptr_nonnull(realpath(path, real));
	ck_assert_str_eq(found, real);
	mem_free(found);
}

static void finds_not(const char *what, enum error_code code, const char *why)
{
	struct error err = ERROR_INIT;
	enum path_kind kind;
	char *found;

	ck_assert_int_eq(archive_find(at("profiling"), what, &kind, &found, &err), -1);
	ck_assert_int_eq(err.code, code);
	ck_assert_msg(strstr(err.text, why) != NULL, "%s", err.text);
	ck_assert_ptr_null(found);
}

START_TEST(test_archive__find)
{
	scratch_begin();
	ck_assert_int_eq(chdir("/"), 0);
	put_snapshot("one", "/", 1, 1);
	put_snapshot("one", "/x", 1, 1);
	put_snapshot("two", "/", 1, 1);
	finds(at("profiling"), PATH_ARCHIVE, at("profiling"));
	finds(at("profiling/one/"), PATH_RUN, at("profiling/one"));
	finds(at("profiling/one/GET.root.000001ms"), PATH_SNAPSHOT,
	      at("profiling/one/GET.root.000001ms"));
	finds(at("profiling/one/run.json"), PATH_FILE, at("profiling/one/run.json"));
	finds("one", PATH_RUN, at("profiling/one"));
	finds("two/GET.root.000001ms", PATH_SNAPSHOT, at("profiling/two/GET.root.000001ms"));
	finds("GET.x.000001ms", PATH_SNAPSHOT, at("profiling/one/GET.x.000001ms"));
	finds_not("GET.root.000001ms", ERR_REFUSED, "in 2 runs");
	finds_not("three", ERR_NOT_FOUND, "no such snapshot, run or file; `cprof ls`");
	finds_not("", ERR_NOT_FOUND, "no such");
	finds_not("one/..", ERR_NOT_FOUND, "no such");
	finds_not("../profiling", ERR_NOT_FOUND, "no such");
	finds_not("one/GET.root.000001ms/profile.prof", ERR_NOT_FOUND, "no such");
	scratch_end();
}
END_TEST

START_TEST(test_archive__find_kinds)
{
	scratch_begin();
	ck_assert_int_eq(chdir(scratch), 0);
	/* A run without run.json; a snapshot copied under a name of the user's. */
	put_snapshot("one", "/", 1, 1);
	unlink(at("profiling/one/run.json"));
	finds(at("profiling/one"), PATH_RUN, at("profiling/one"));
	ck_assert_int_eq(rename(at("profiling/one/GET.root.000001ms"), at("before")), 0);
	finds("before", PATH_SNAPSHOT, at("before"));
	unlink(at("before/profile.prof"));
	finds("before", PATH_SNAPSHOT, at("before"));
	/* An empty one by its name alone. */
	ck_assert_int_eq(mkdir(at("GET.root.000001ms"), 0700), 0);
	finds("GET.root.000001ms", PATH_SNAPSHOT, at("GET.root.000001ms"));
	/* Links: of the user's followed, in the archive not. */
	ck_assert_int_eq(symlink("before", at("link")), 0);
	finds("link", PATH_SNAPSHOT, at("before"));
	ck_assert_int_eq(symlink("../before", at("profiling/inside")), 0);
	finds_not("inside", ERR_NOT_FOUND, "no such");
	ck_assert_int_eq(symlink("..", at("profiling/up")), 0);
	finds_not("up/GET.root.000001ms", ERR_NOT_FOUND, "no such");
	ck_assert_int_eq(mkfifo(at("fifo"), 0600), 0);
	finds_not("fifo", ERR_REFUSED, "neither");
	ck_assert_int_eq(chdir("/"), 0);
	scratch_end();
}
END_TEST

START_TEST(test_archive__out_of_memory)
{
	struct archive a;
	struct profile *p = NULL;
	char *found = NULL;
	enum path_kind kind;
	int rc = -1;

	scratch_begin();
	put_snapshot("one", "/", 1, 1);
	put_snapshot("two", "/x", 1, 1);
	unlink(at("profiling/two/GET.x.000001ms/snapshot.json"));
	for (size_t n = 1; rc < 0; n++) {
		struct error err = ERROR_INIT;

		mem_fail_at(n, false);
		rc = archive_read(&a, at("profiling"), &err);
		mem_fail_at(0, false);
		ck_assert_int_eq(rc < 0 ? err.code : ERR_NOMEM, ERR_NOMEM);
	}
	ck_assert_uint_eq(a.nruns, 2);
	ck_assert_uint_eq(a.runs[1].nsnapshots, 1);
	archive_release(&a);
	for (size_t n = 1; p == NULL; n++) {
		struct error err = ERROR_INIT;

		mem_fail_at(n, false);
		p = snapshot_profile(at("profiling/two/GET.x.000001ms"), &err);
		mem_fail_at(0, false);
		ck_assert_int_eq(p == NULL ? err.code : ERR_NOMEM, ERR_NOMEM);
	}
	profile_free(p);
	rc = -1;
	for (size_t n = 1; rc < 0; n++) {
		struct error err = ERROR_INIT;

		mem_fail_at(n, false);
		rc = archive_find(at("profiling"), "GET.x.000001ms", &kind, &found, &err);
		mem_fail_at(0, false);
		ck_assert_int_eq(rc < 0 ? err.code : ERR_NOMEM, ERR_NOMEM);
	}
	mem_free(found);
	scratch_end();
}
END_TEST

UNIT_MAIN("snapshot/archive", test_archive__reads_in_order, test_archive__run_without_runfile,
	  test_archive__outcome, test_archive__passes_over, test_archive__nothing_there,
	  test_archive__snapshot_without_manifest, test_archive__bad_manifests,
	  test_archive__files_of_a_snapshot, test_archive__profile, test_archive__find,
	  test_archive__find_kinds, test_archive__out_of_memory)
