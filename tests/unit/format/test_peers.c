/* Files of ours in front of their real readers: CPython's pstats and marshal,
 * callgrind_annotate, go tool pprof. peers.py drives them; what is not on the
 * machine it names and leaves out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <utime.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "format/callgrind.h"
#include "format/callstack.h"
#include "format/pprof.h"
#include "format/pstats.h"
#include "profile/derive.h"
#include "sample.h"
#include "table.h"
#include "unit.h"

static char dir[] = "/tmp/cprof-peers-XXXXXX";

static void write_file(const char *folder, const char *name, struct buf *content)
{
	struct error err;
	char path[512];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	ck_assert_msg(file_create(path, buf_bytes(content), &err) == 0, "%s", err.text);
	buf_clear(content);
}

/* What peers.py must find: the file's own words for a function, self and cum. */
static void add_expected(struct buf *out, const struct profile *p)
{
	struct table t;
	struct error err;

	ck_assert_int_eq(derive_table(&t, p, NULL, 0, &err), 0);
	for (uint32_t i = 0; i < p->nfunctions; i++) {
		const struct totals *f = table_function(&t, i);

		buf_printf(out, "%s\t%u\t%s\t%llu\t%lld\t%lld\n", p->functions[i].file,
			   p->functions[i].line, p->functions[i].qualname,
			   (unsigned long long)f->ncalls, (long long)f->costs[0].self,
			   (long long)f->costs[0].cum);
	}
	table_release(&t);
}

static void write_case(const char *name, struct profile *p)
{
	struct buf out = BUF_INIT;
	struct error err;
	char folder[256], path[512];
	struct format_info info = { .path = path, .mtime = 1764000000 + 86400 * (name[0] % 28),
				    .command = "GET /user/{id}", .time_ns = 1764000000000000000,
				    .duration_ns = 738000000, .pid = 4711 };
	struct utimbuf times = { info.mtime, info.mtime };

	snprintf(folder, sizeof folder, "%s/%s", dir, name);
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	snprintf(path, sizeof path, "%s/profile.prof", name); /* as typed in dir */
	ck_assert_int_eq(pstats_write(&out, p, &info, &err), 0);
	write_file(folder, "profile.prof", &out);
	ck_assert_int_eq(callstack_write(&out, p, &info, &err), 0);
	write_file(folder, "callstack.txt", &out);
	ck_assert_int_eq(callgrind_write(&out, p, &info, &err), 0);
	write_file(folder, "profile.kgrind", &out);
	ck_assert_int_eq(pprof_write(&out, p, &info, &err), 0);
	write_file(folder, "profile.pb.gz", &out);
	add_expected(&out, p);
	write_file(folder, "expected.tsv", &out);
	snprintf(path, sizeof path, "%s/profile.prof", folder);
	ck_assert_int_eq(utime(path, &times), 0);
	buf_release(&out);
	profile_free(p);
}

/* f calls itself 50,000 deep: stacks are folded, counts are not. */
static struct profile *deep(void)
{
	struct profile *p = sample_new();
	uint32_t f = sample_function(p, "deep.py", 1, "f", NULL), node = 0;

	for (int i = 0; i < 50000; i++) {
		node = profile_append_node(p, node, f);
		p->nodes[node].ncalls = 1;
	}
	for (uint32_t i = p->nnodes; i-- > 0;)
		profile_node_cum(p, i)[0] = 10 * (p->nnodes - i);
	return p;
}

/* Calls beyond 31 bits, no time at all, a name of 300 characters. */
static struct profile *odd(void)
{
	struct profile *p = sample_new();
	char name[301];

	memset(name, 'n', 300);
	name[300] = '\0';
	sample_calls(p, 0, sample_function(p, "a.py", 1, "many", NULL), 5000000000u, 1);
	sample_calls(p, 0, sample_function(p, "a.py", UINT32_MAX, name, NULL), 1, 0);
	sample_calls(p, 0, sample_function(p, "~", 0, "bare", NULL), 3, 999999999999);
	/* pstats compares names, not what it prints. */
	sample_calls(p, 0, sample_function(p, "z.py", 1, "a", NULL), 1, 5000);
	sample_calls(p, 0, sample_function(p, "a.py", 2, "b", NULL), 1, 5000);
	sample_calls(p, 0, sample_function(p, "b.py", 9, "a", NULL), 1, 5000);
	sample_calls(p, 0, sample_function(p, "a.py", 3, "\xEF\xBF\xBF", NULL), 1, 5000);
	sample_calls(p, 0, sample_function(p, "a.py", 3, "\xF0\x90\x80\x80", NULL), 1, 5000);
	return p;
}

static struct profile *read_profile(const char *path)
{
	struct buf in = BUF_INIT;
	struct error err;
	struct profile *p;

	ck_assert_msg(file_read(&in, path, 1 << 28, &err) == 0, "%s", err.text);
	p = pstats_read(buf_bytes(&in), &err);
	ck_assert_msg(p != NULL, "%s: %s", path, err.text);
	buf_release(&in);
	return p;
}

static void assert_same_table(const struct profile *a, const struct profile *b)
{
	ck_assert_uint_eq(a->nfunctions, b->nfunctions);
	ck_assert_uint_eq(a->table.narcs, b->table.narcs);
	for (uint32_t i = 0; i < a->nfunctions; i++)
		table_assert_equal(table_function(&a->table, i), table_function(&b->table, i));
	for (uint32_t i = 0; i < a->table.narcs; i++) {
		const struct arc *x = table_arc_at(&a->table, i);
		const struct arc *y = table_arc_at(&b->table, i);

		ck_assert_uint_eq(x->caller, y->caller);
		ck_assert_uint_eq(x->callee, y->callee);
		table_assert_equal(&x->totals, &y->totals);
	}
}

/* Every CPython wrote what it loaded once more, by Stats.dump_stats. */
static void read_again(const char *name)
{
	char command[300], path[512];
	FILE *list;

	snprintf(path, sizeof path, "%s/%s/profile.prof", dir, name);
	struct profile *ours = read_profile(path);

	snprintf(command, sizeof command, "ls %s/%s/again-*.prof", dir, name);
	list = popen(command, "r");
	ck_assert_ptr_nonnull(list);
	while (fgets(path, sizeof path, list) != NULL) {
		struct profile *theirs;

		path[strcspn(path, "\n")] = '\0';
		theirs = read_profile(path);
		assert_same_table(ours, theirs);
		profile_free(theirs);
	}
	ck_assert_int_eq(pclose(list), 0);
	profile_free(ours);
}

START_TEST(test_peers__read_what_we_write)
{
	char command[300], name[16];

	if (system("python3 -c pass") != 0) {
		printf("no python3: peers not asked\n");
		return;
	}
	ck_assert_ptr_nonnull(mkdtemp(dir));
	for (unsigned seed = 0; seed < 20; seed++) {
		snprintf(name, sizeof name, "%c-random", 'a' + seed);
		write_case(name, sample_random(seed, 4 + seed * 9, 20 + seed * seed * 12));
	}
	write_case("y-odd", odd());
	write_case("z-deep", deep());
	snprintf(command, sizeof command, "python3 tests/unit/format/peers.py %s", dir);
	fflush(stdout);
	ck_assert_int_eq(system(command), 0);
	read_again("a-random");
	read_again("t-random");
	read_again("y-odd");
	snprintf(command, sizeof command, "rm -r %s", dir);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

UNIT_MAIN("format/peers", test_peers__read_what_we_write)
