#include "snapshot/write.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "scratch.h"
#include "snapshot/archive.h"

static struct run run;

static void begin(void)
{
	struct error err = ERROR_INIT;

	scratch_begin();
	ck_assert_msg(run_open(&run, at("profiling"), "run", &err) == 0, "%s", err.text);
}

static void end(void)
{
	run_release(&run);
	scratch_end();
}

/* Writes a snapshot; its path is borrowed until the next call. */
static const char *written(const struct manifest *m)
{
	static struct buf path;
	struct profile *p = small_profile();
	struct error err = ERROR_INIT;
	uint64_t size;

	buf_clear(&path);
	ck_assert_msg(snapshot_write(&run, p, m, &path, &size, &err) == 0, "%s", err.text);
	profile_free(p);
	return buf_str(&path);
}

START_TEST(test_write__all_files)
{
	static const char *const names[] = { "profile.prof", "callstack.txt", "profile.kgrind",
					     "profile.pb.gz", "snapshot.json" };
	struct manifest m = small_manifest();
	struct profile *p = small_profile();
	struct buf path = BUF_INIT;
	struct error err = ERROR_INIT;
	struct snapshot s;
	struct stat st;
	uint64_t size = 0, sum = 0;

	begin();
	buf_adds(&path, "in front: ");
	ck_assert_int_eq(snapshot_write(&run, p, &m, &path, &size, &err), 0);
	/* 2123.4 ms */
	ck_assert_str_eq(buf_str(&path) + strlen("in front: "),
			 at("profiling/run/GET.user.{id}.002123ms"));
	ck_assert_int_eq(stat(buf_str(&path) + strlen("in front: "), &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0700);
	for (size_t i = 0; i < 5; i++) {
		const char *file = at("profiling/run/GET.user.{id}.002123ms/%s", names[i]);

		ck_assert_msg(lstat(file, &st) == 0, "%s", file);
		ck_assert_int_eq(st.st_mode & 07777, 0600);
		ck_assert_int_gt(st.st_size, 0);
		sum += (uint64_t)st.st_size;
	}
	ck_assert_uint_eq(size, sum);
	/* The run holds run.json and the snapshot, nothing hidden. */
	ck_assert_uint_eq(count_entries(run.path), 2);
	ck_assert_uint_eq(count_entries(at("profiling/run/GET.user.{id}.002123ms")), 5);
	ck_assert_int_eq(snapshot_read(&s, at("profiling/run/GET.user.{id}.002123ms"), &err), 0);
	ck_assert(s.has_manifest);
	ck_assert_int_eq(s.manifest.wall_ns, m.wall_ns);
	snapshot_release(&s);
	profile_free(p);
	buf_release(&path);
	end();
}
END_TEST

START_TEST(test_write__callstack_has_path_and_time)
{
	struct manifest m = small_manifest();
	char date[64], want[300];
	const char *text;
	struct stat st;
	struct tm tm;

	begin();
	ck_assert_int_eq(stat((written(&m), at("profiling/run/GET.user.{id}.002123ms/profile.prof")),
			      &st), 0);
	ck_assert_int_eq(st.st_mtim.tv_nsec, 0);
	strftime(date, sizeof date, "%a %b %e %H:%M:%S %Y", localtime_r(&st.st_mtime, &tm));
	snprintf(want, sizeof want, "%s    profiling/run/GET.user.{id}.002123ms/profile.prof\n", date);
	text = get_file(at("profiling/run/GET.user.{id}.002123ms/callstack.txt"));
	ck_assert_msg(strncmp(text, want, strlen(want)) == 0, "%.200s", text);
	end();
}
END_TEST

START_TEST(test_write__same_names)
{
	struct manifest m = small_manifest();

	begin();
	m.route = "/";
	m.wall_ns = 499999;
	ck_assert_str_eq(written(&m), at("profiling/run/GET.root.000000ms"));
	for (int i = 2; i <= 40; i++)
		ck_assert_str_eq(written(&m), at("profiling/run/GET.root.000000ms.%d", i));
	/* The path inside is the one with the number. */
	ck_assert_ptr_nonnull(strstr(get_file(at("profiling/run/GET.root.000000ms.40/callstack.txt")),
				     "    profiling/run/GET.root.000000ms.40/profile.prof\n"));
	m.wall_ns = 500000;
	ck_assert_str_eq(written(&m), at("profiling/run/GET.root.000001ms"));
	end();
}
END_TEST

START_TEST(test_write__what_is_in_the_way)
{
	struct manifest m = small_manifest();

	begin();
	m.route = "/";
	m.wall_ns = 1000000;
	/* An empty folder, a file, a link, and what a process that died left. */
	ck_assert_int_eq(mkdir(at("profiling/run/GET.root.000001ms"), 0700), 0);
	put_file(at("profiling/run/GET.root.000001ms.2"), "");
	ck_assert_int_eq(symlink("nowhere", at("profiling/run/GET.root.000001ms.3")), 0);
	ck_assert_int_eq(mkdir(at("profiling/run/.GET.root.000001ms.4"), 0700), 0);
	ck_assert_str_eq(written(&m), at("profiling/run/GET.root.000001ms.5"));
	ck_assert_uint_eq(count_entries(at("profiling/run/GET.root.000001ms")), 0);
	end();
}
END_TEST

START_TEST(test_write__at_once)
{
	enum { NWRITERS = 4, EACH = 10 };
	struct manifest m = small_manifest();
	int status;

	begin();
	for (int i = 0; i < NWRITERS; i++)
		if (fork() == 0) {
			struct profile *p = small_profile();
			struct error err = ERROR_INIT;
			struct buf path = BUF_INIT;
			uint64_t size;
			int rc = 0;

			for (int k = 0; k < EACH && rc == 0; k++)
				rc = snapshot_write(&run, p, &m, &path, &size, &err);
			_exit(rc == 0 ? 0 : 1);
		}
	for (int i = 0; i < NWRITERS; i++) {
		ck_assert_int_gt(wait(&status), 0);
		ck_assert_int_eq(status, 0);
	}
	/* All 40 and run.json. */
	ck_assert_uint_eq(count_entries(run.path), NWRITERS * EACH + 1);
	end();
}
END_TEST

START_TEST(test_write__archive_deleted_meanwhile)
{
	struct manifest m = small_manifest();

	begin();
	ck_assert_int_eq(folder_remove(at("profiling")), 0);
	ck_assert_str_eq(written(&m), at("profiling/run/GET.user.{id}.002123ms"));
	ck_assert(is_there(at("profiling/run/run.json")));
	ck_assert(is_there(at("profiling/.gitignore")));
	end();
}
END_TEST

/* Fails to write; returns the error's text, borrowed until the next call. */
static const char *failed(const struct manifest *m)
{
	static struct error err;
	struct profile *p = small_profile();
	struct buf path = BUF_INIT;
	uint64_t size;

	ck_assert_int_eq(snapshot_write(&run, p, m, &path, &size, &err), -1);
	ck_assert_uint_eq(path.len, 0);
	profile_free(p);
	buf_release(&path);
	return err.text;
}

/* A limit on a file's size stands for a full disk: the first file is shorter
 * than 400 bytes, callstack.txt longer. */
START_TEST(test_write__no_room)
{
	struct manifest m = small_manifest();
	struct rlimit limit, old;

	begin();
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = old;
	for (rlim_t n = 0; n < 600; n += 50) {
		const char *text;

		limit.rlim_cur = n;
		ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
		text = failed(&m);
		ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
		ck_assert_msg(strstr(text, "File too large") != NULL, "%s", text);
		ck_assert_uint_eq(count_entries(run.path), 1);
	}
	end();
}
END_TEST

START_TEST(test_write__no_descriptors)
{
	struct manifest m = small_manifest();
	struct rlimit limit, old;

	begin();
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
	limit = old;
	limit.rlim_cur = 0;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_ptr_nonnull(strstr(failed(&m), "Too many open files"));
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
	ck_assert_uint_eq(count_entries(run.path), 1);
	end();
}
END_TEST

START_TEST(test_write__run_is_no_folder)
{
	struct manifest m = small_manifest();

	begin();
	ck_assert_int_eq(folder_remove(run.path), 0);
	put_file(run.path, "");
	ck_assert_ptr_nonnull(strstr(failed(&m), "profiling/run"));
	end();
}
END_TEST

START_TEST(test_write__out_of_memory)
{
	struct manifest m = small_manifest();
	struct profile *p = small_profile();
	size_t most = 0;

	begin();
	for (int forever = 0; forever < 2; forever++) {
		int rc = -1;

		for (size_t n = 1; rc < 0; n++) {
			struct buf path = BUF_INIT;
			struct error err = ERROR_INIT;
			uint64_t size;

			mem_fail_at(n, forever);
			rc = snapshot_write(&run, p, &m, &path, &size, &err);
			mem_fail_at(0, false);
			buf_release(&path);
			if (rc < 0) {
				ck_assert_int_eq(err.code, ERR_NOMEM);
				ck_assert_uint_eq(count_entries(run.path), 1);
			}
			most = n;
		}
		ck_assert_uint_gt(most, 20);
		ck_assert_int_eq(folder_remove(at("profiling/run/GET.user.{id}.002123ms")), 0);
	}
	profile_free(p);
	end();
}
END_TEST

START_TEST(test_write__replace_file)
{
	static const struct bytes content = { (const uint8_t *)"png", 3 };
	struct manifest m = small_manifest();
	struct error err = ERROR_INIT;
	const char *path;

	begin();
	path = written(&m);
	ck_assert_int_eq(snapshot_replace_file(path, "dot.png", content, &err), 0);
	ck_assert_int_eq(snapshot_replace_file(path, "dot.png", content, &err), 0);
	ck_assert_uint_eq(count_entries(path), 6);
	ck_assert_int_eq(snapshot_replace_file(path, "../dot.png", content, &err), -1);
	ck_assert_int_eq(err.code, ERR_REFUSED);
	ck_assert_int_eq(snapshot_replace_file(path, "", content, &err), -1);
	end();
}
END_TEST

UNIT_MAIN("snapshot/write", test_write__all_files, test_write__callstack_has_path_and_time,
	  test_write__same_names, test_write__what_is_in_the_way, test_write__at_once,
	  test_write__archive_deleted_meanwhile, test_write__no_room, test_write__no_descriptors,
	  test_write__run_is_no_folder, test_write__out_of_memory, test_write__replace_file)
