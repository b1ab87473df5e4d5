/* Imported, read as pstats, verified. */
#include "snapshot/files.h"

#include "failing.h"
#include "format/callgrind.h"
#include "format/pprof.h"
#include "format/pstats.h"
#include "sample.h"
#include "scratch.h"
#include "snapshot/verify.h"

static const struct format_info no_info;

static struct manifest imported(void)
{
	struct manifest m = small_manifest();

	m.mode = "imported";
	m.wall_ns = 3600000000000;
	return m;
}

static void import(const char *path, const struct profile *p)
{
	struct manifest m = imported();
	struct error err = ERROR_INIT;

	ck_assert_msg(snapshot_import(path, p, &m, &err) == 0, "%s", err.text);
}

static struct buf findings(const char *path)
{
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT;
	struct snapshot s;

	ck_assert_int_eq(snapshot_read(&s, path, &err), 0);
	ck_assert_msg(snapshot_verify(&out, &s, &err) == 0, "%s", err.text);
	snapshot_release(&s);
	return out;
}

static void assert_finds(const char *path, const char *what)
{
	struct buf out = findings(path);

	ck_assert_msg(*what ? strstr(buf_str(&out), what) != NULL : out.len == 0, "%s",
		      buf_str(&out));
	buf_release(&out);
}

static bool has_file(const char *folder, const char *name)
{
	char path[600];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return access(path, F_OK) == 0;
}

/* With a tree and times all files; without either what is left. */
START_TEST(test_files__import)
{
	struct profile *p = sample_random(3, 20, 200), *flat;
	struct error err = ERROR_INIT;
	struct manifest m = imported();
	struct buf prof = BUF_INIT;

	scratch_begin();
	import(at("new/run/all"), p);
	ck_assert(has_file(at("new/run/all"), "profile.prof"));
	ck_assert(has_file(at("new/run/all"), "callstack.txt"));
	ck_assert(has_file(at("new/run/all"), "profile.pb.gz"));
	assert_finds(at("new/run/all"), "");
	ck_assert_int_eq(snapshot_import(at("new/run/all"), p, &m, &err), -1);
	ck_assert_int_eq(err.code, ERR_EXISTS);

	ck_assert_int_eq(pstats_write(&prof, p, &no_info, &err), 0);
	flat = pstats_read(buf_bytes(&prof), &err);
	import(at("flat"), flat);
	ck_assert(!has_file(at("flat"), "profile.pb.gz"));
	ck_assert(has_file(at("flat"), "profile.kgrind"));
	assert_finds(at("flat"), "");
	profile_free(flat);

	flat = profile_new();
	profile_add_metric(flat, "Ir", "count");
	import(at("events"), flat);
	ck_assert(!has_file(at("events"), "profile.prof"));
	ck_assert(has_file(at("events"), "profile.kgrind"));
	profile_free(flat);
	buf_release(&prof);
	profile_free(p);
	scratch_end();
}
END_TEST

/* A file that is pstats as it is; a snapshot's profile.prof; anything else as one. */
START_TEST(test_files__pstats)
{
	struct profile *p = sample_random(3, 20, 200);
	struct buf prof = BUF_INIT, tree = BUF_INIT, got = BUF_INIT;
	struct error err = ERROR_INIT;

	scratch_begin();
	ck_assert_int_eq(pstats_write(&prof, p, &no_info, &err), 0);
	ck_assert_int_eq(pprof_write(&tree, p, &no_info, &err), 0);
	ck_assert_int_eq(file_create(at("x.prof"), buf_bytes(&prof), &err), 0);
	ck_assert_int_eq(file_create(at("x.pb.gz"), buf_bytes(&tree), &err), 0);
	import(at("snapshot"), p);
	for (int i = 0; i < 3; i++) {
		const char *const names[] = { "x.prof", "x.pb.gz", "snapshot" };

		buf_clear(&got);
		ck_assert_msg(snapshot_pstats(&got, at("%s", names[i]), &err) == 0, "%s", err.text);
		ck_assert_uint_eq(got.len, prof.len);
		ck_assert_mem_eq(got.data, prof.data, got.len);
	}
	put_file(at("bad"), "no weight\n");
	ck_assert_int_eq(snapshot_pstats(&got, at("bad"), &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "bad: not a profile"));
	buf_release(&prof);
	buf_release(&tree);
	buf_release(&got);
	profile_free(p);
	scratch_end();
}
END_TEST

static void replace(const char *folder, const char *name, const struct buf *content)
{
	struct error err = ERROR_INIT;

	ck_assert_int_eq(folder_write_file(folder, name, buf_bytes(content), &err), 0);
}

/* One file of another profile than the others. */
START_TEST(test_files__verify)
{
	struct profile *p = sample_random(3, 20, 200), *q = sample_random(3, 20, 200);
	struct buf out = BUF_INIT;
	struct error err;

	scratch_begin();
	sample_calls(q, 0, 4, 1, 5);
	import(at("a"), p);
	ck_assert_int_eq(pstats_write(&out, q, &no_info, &err), 0);
	replace(at("a"), "profile.prof", &out);
	assert_finds(at("a"), "profile.prof: disagrees with profile.pb.gz: ");
	assert_finds(at("a"), "callstack.txt: is not what pstats prints of profile.prof");
	import(at("b"), p);
	buf_clear(&out);
	ck_assert_int_eq(callgrind_write(&out, q, &no_info, &err), 0);
	replace(at("b"), "profile.kgrind", &out);
	assert_finds(at("b"), "profile.kgrind: disagrees with profile.pb.gz: ");
	import(at("c"), p);
	put_file(at("c/profile.pb.gz"), "nothing");
	assert_finds(at("c"), "profile.pb.gz: ");
	put_file(at("c/snapshot.json"), "{}");
	assert_finds(at("c"), "snapshot.json: ");
	unlink(at("c/callstack.txt"));
	assert_finds(at("c"), "callstack.txt: is missing");
	buf_release(&out);
	profile_free(p);
	profile_free(q);
	scratch_end();
}
END_TEST

/* One minute in the profile, a millisecond by the clock and the folder's name. */
START_TEST(test_files__verify_time)
{
	struct profile *p = sample_random(3, 20, 200);
	struct manifest m = imported();
	struct error err = ERROR_INIT;

	scratch_begin();
	m.wall_ns = 2000000;
	ck_assert_int_eq(snapshot_import(at("GET.root.000001ms"), p, &m, &err), 0);
	assert_finds(at("GET.root.000001ms"), "ms by the clock");
	assert_finds(at("GET.root.000001ms"), "1 ms by the folder's name, 2.000 ms by snapshot.json");
	profile_free(p);
	scratch_end();
}
END_TEST

struct trial {
	struct profile *p;
	struct snapshot s;
};

static int import_once(void *arg, struct error *err)
{
	struct trial *t = arg;
	struct manifest m = imported();
	int rc = snapshot_import(at("x"), t->p, &m, err);

	folder_remove(at("x"));
	return rc;
}

static int verify_once(void *arg, struct error *err)
{
	struct trial *t = arg;
	struct buf out = BUF_INIT;
	int rc = snapshot_verify(&out, &t->s, err);

	buf_release(&out);
	return rc;
}

static int pstats_once(void *arg, struct error *err)
{
	struct buf out = BUF_INIT;
	int rc = snapshot_pstats(&out, at("%s", (const char *)arg), err);

	buf_release(&out);
	return rc;
}

START_TEST(test_files__without_memory)
{
	struct trial t = { .p = sample_random(4, 15, 60) };
	struct error err;

	scratch_begin();
	import(at("s"), t.p);
	ck_assert_int_eq(snapshot_read(&t.s, at("s"), &err), 0);
	ck_assert_uint_gt(fail_each_allocation(import_once, &t), 15);
	ck_assert_uint_gt(fail_each_allocation(verify_once, &t), 50);
	ck_assert_uint_gt(fail_each_allocation(pstats_once, (void *)(uintptr_t)"s/profile.pb.gz"), 15);
	snapshot_release(&t.s);
	profile_free(t.p);
	scratch_end();
}
END_TEST

UNIT_MAIN("snapshot/files",
	  test_files__import,
	  test_files__pstats,
	  test_files__verify,
	  test_files__verify_time,
	  test_files__without_memory)
