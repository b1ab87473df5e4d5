#include "change/compare.h"

#include "../snapshot/scratch.h"
#include "failing.h"
#include "snapshot/write.h"

/* A run in the scratch folder, one request a second. */
static struct run run;
static int64_t clock_ns;

static void begin(void)
{
	struct error err = ERROR_INIT;

	scratch_begin();
	clock_ns = 1764000000000000000;
	ck_assert_msg(run_open(&run, at("archive"), "run", &err) == 0, "%s", err.text);
}

static void end(void)
{
	run_release(&run);
	scratch_end();
}

/* main calls load `loads` times, `load_ns` in all, and itself takes 1,000 ns. */
static struct profile *make_profile(uint64_t loads, int64_t load_ns)
{
	struct profile *p = profile_new();
	uint32_t main_node, load;

	ck_assert_int_eq(profile_add_metric(p, "wall", "nanoseconds"), 0);
	ck_assert_int_eq(profile_add_root(p), 0);
	main_node = profile_child(p, 0, profile_function(p, "/srv/shop/app.py", 3, "main", NULL));
	p->nodes[main_node].ncalls = 1;
	*profile_node_cum(p, 0) = *profile_node_cum(p, main_node) = 1000 + load_ns;
	if (loads != 0) {
		load = profile_child(p, main_node,
				     profile_function(p, "/v/lib/python3.11/site-packages/db/load.py",
						      9, "load", "Db.load"));
		p->nodes[load].ncalls = loads;
		*profile_node_cum(p, load) = load_ns;
	}
	return p;
}

static struct manifest request_at(const char *route, int64_t wall_ns)
{
	struct manifest m = small_manifest();

	m.route = route;
	m.wall_ns = wall_ns;
	m.start_ns = clock_ns += 1000000000;
	return m;
}

static void put(struct profile *p, const struct manifest *m)
{
	struct error err = ERROR_INIT;
	struct buf path = BUF_INIT;
	uint64_t size;

	ck_assert_msg(snapshot_write(&run, p, m, &path, &size, &err) == 0, "%s", err.text);
	buf_release(&path);
	profile_free(p);
}

/* `us` names the request's folder and is its wall time as served. */
static void request(const char *route, uint64_t loads, int64_t load_ns, int64_t us)
{
	struct manifest m = request_at(route, us * 1000000);

	put(make_profile(loads, load_ns), &m);
}

struct read {
	struct run_info info;
	struct summary s;
};

static struct read summarise(void)
{
	struct read all;
	struct error err = ERROR_INIT;

	ck_assert_msg(run_read(&all.info, run.path, &err) == 0, "%s", err.text);
	ck_assert_msg(summary_of_run(&all.s, &all.info, "/srv/shop", NULL, &err) == 0, "%s", err.text);
	return all;
}

static void forget(struct read *all)
{
	summary_release(&all->s);
	run_info_release(&all->info);
}

static void check_range(struct count_range r, uint64_t min, uint64_t median, uint64_t max)
{
	ck_assert_uint_eq(r.min, min);
	ck_assert_uint_eq(r.median, median);
	ck_assert_uint_eq(r.max, max);
}

START_TEST(test_summary__warm_requests_count)
{
	struct read all;
	const struct summary_group *g;
	const struct summary_function *f;

	begin();
	request("/user/{id}", 900, 90000, 9); /* cold */
	request("/user/{id}", 4, 400, 3);
	request("/user/{id}", 3, 300, 1);
	request("/user/{id}", 0, 0, 2);
	request("/user/{id}", 3, 500, 4);
	all = summarise();
	ck_assert_uint_eq(all.s.ngroups, 1);
	g = &all.s.groups[0];
	ck_assert(g->warm);
	ck_assert_uint_eq(g->nrequests, 4);
	ck_assert_uint_eq(g->ncold, 1);
	ck_assert_str_eq(g->method, "GET");
	ck_assert_str_eq(g->route, "/user/{id}");
	ck_assert(g->route_is_template && !g->failed && g->label == NULL);
	/* In the order in which they came. */
	ck_assert_int_eq(g->values[0], 1400);
	ck_assert_int_eq(g->values[2], 1000);
	ck_assert_uint_eq(g->calls[0], 5);
	ck_assert_uint_eq(g->calls[2], 1);
	/* By file: app.py, db/load.py. */
	ck_assert_uint_eq(g->nfunctions, 2);
	f = &g->functions[0];
	ck_assert_str_eq(f->id.file, "app.py");
	ck_assert_str_eq(f->id.name, "main");
	ck_assert_int_eq((int)f->id.origin, (int)ORIGIN_APP);
	ck_assert_uint_eq(f->line, 3);
	check_range(f->calls, 1, 1, 1);
	ck_assert_int_eq(f->self[0], 1000);
	ck_assert_int_eq(f->cum[0], 1350); /* of 1000 1300 1400 1500 */
	f = &g->functions[1];
	ck_assert_str_eq(f->id.file, "db/load.py");
	ck_assert_str_eq(f->id.name, "Db.load");
	ck_assert_int_eq((int)f->id.origin, (int)ORIGIN_PACKAGE);
	check_range(f->calls, 0, 3, 4);
	ck_assert_int_eq(f->self[0], 350); /* of 0 300 400 500 */
	/* request -> main is the last. */
	ck_assert_uint_eq(g->narcs, 2);
	ck_assert_uint_eq(g->arcs[0].caller, 0);
	ck_assert_uint_eq(g->arcs[0].callee, 1);
	check_range(g->arcs[0].calls, 0, 3, 4);
	ck_assert_uint_eq(g->arcs[1].caller, UINT32_MAX);
	ck_assert_uint_eq(g->arcs[1].callee, 0);
	check_range(g->arcs[1].calls, 1, 1, 1);
	/* Of 1, 2, 3 and 4 ms the faster of the middle two. */
	ck_assert_ptr_nonnull(strstr(g->typical, ".000002ms"));
	forget(&all);
	end();
}
END_TEST

START_TEST(test_summary__another_process_is_cold_again)
{
	struct manifest m;
	struct read all;

	begin();
	request("/a", 1, 100, 1);
	m = request_at("/a", 2000000);
	m.pid = 72;
	put(make_profile(2, 100), &m);
	all = summarise();
	ck_assert(!all.s.groups[0].warm);
	ck_assert_uint_eq(all.s.groups[0].nrequests, 2);
	ck_assert_uint_eq(all.s.groups[0].ncold, 0);
	forget(&all);
	end();
}
END_TEST

START_TEST(test_summary__groups_in_order)
{
	struct manifest m;
	struct read all;
	const struct summary_group *g;

	begin();
	request("/b", 1, 100, 1);
	request("/a", 1, 100, 2);
	m = request_at("/a", 3000000);
	m.method = "DELETE";
	m.status = "503 Service Unavailable";
	m.interrupted = true;
	put(make_profile(1, 100), &m);
	for (uint64_t ordinal = 10; ordinal >= 9; ordinal--) {
		m = request_at("/a", 4000000);
		m.label = "tests/test_a.py::test_show";
		m.ordinal = ordinal;
		put(make_profile(1, 100), &m);
	}
	m = request_at("/a", 6000000);
	m.route_is_template = false; /* a path that looks like one */
	put(make_profile(1, 100), &m);
	all = summarise();
	g = all.s.groups;
	ck_assert_uint_eq(all.s.ngroups, 6);
	ck_assert_str_eq(g[0].method, "DELETE");
	ck_assert(g[0].failed);
	ck_assert_uint_eq(g[0].nlost, 1);
	ck_assert_str_eq(g[1].route, "/a");
	ck_assert(!g[1].route_is_template);
	ck_assert(!g[1].failed);
	ck_assert_uint_eq(g[1].nlost, 0);
	ck_assert(g[2].route_is_template);
	ck_assert_str_eq(g[3].route, "/b");
	ck_assert_str_eq(g[4].label, "tests/test_a.py::test_show");
	ck_assert_uint_eq(g[4].ordinal, 9);
	ck_assert_uint_eq(g[5].ordinal, 10);
	for (int i = 1; i < 6; i++) /* one of method and route twice: a template, and a path */
		ck_assert(group_order(&g[i - 1], &g[i]) < 0 || i == 2);
	ck_assert_int_eq(group_order(&g[1], &g[2]), 0);
	forget(&all);
	end();
}
END_TEST

START_TEST(test_summary__what_the_run_was)
{
	struct manifest m;
	struct read all;
	struct error err = ERROR_INIT;
	struct run_counts counts = { 7, 2, 1 };

	begin();
	m = request_at("/a", 1000000);
	m.git.commit = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d";
	m.git.branch = "main";
	m.git.dirty = 1;
	put(make_profile(1, 100), &m);
	m = request_at("/a", 2000000);
	m.python = "3.11.9";
	m.mode = "fast";
	put(make_profile(1, 100), &m);
	ck_assert_int_eq(run_count(&run, &counts, &err), 0);
	ck_assert_int_eq(run_set_outcome(run.path, RUN_FAILED, &err), 0);
	all = summarise();
	ck_assert_str_eq(all.s.name, "run");
	ck_assert_str_eq(all.s.path, run.path);
	ck_assert_str_eq(all.s.commit, "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d");
	ck_assert_str_eq(all.s.branch, "main");
	ck_assert(all.s.dirty);
	ck_assert_str_eq(all.s.python, "3.11");
	ck_assert_str_eq(all.s.implementation, "CPython");
	ck_assert_str_eq(all.s.mode, "mixed");
	ck_assert_uint_ne(all.s.machine, 0);
	ck_assert_int_eq((int)all.s.outcome, (int)RUN_FAILED);
	ck_assert(all.s.has_counts);
	ck_assert_uint_eq(all.s.seen, 7);
	ck_assert_uint_eq(all.s.dropped, 1);
	ck_assert(!all.s.sampled);
	ck_assert_uint_eq(all.s.nmetrics, 1);
	ck_assert_str_eq(all.s.metrics[0].name, "wall");
	forget(&all);
	end();
}
END_TEST

/* Two "key" of one file, and a C function whose name has an address. */
static struct profile *make_namesakes(unsigned first_line, const char *allocator)
{
	struct profile *p = profile_new();
	const struct { const char *file; unsigned line; const char *name; } all[] = {
		{ "/srv/shop/app.py", first_line + 10, "key" }, { "/srv/shop/app.py", first_line, "key" },
		{ "~", 0, allocator }, { "~", 0, "<built-in method __new__ of type object at 0x9>" },
	};

	ck_assert_int_eq(profile_add_metric(p, "wall", "nanoseconds"), 0);
	ck_assert_int_eq(profile_add_root(p), 0);
	for (unsigned i = 0; i < 4; i++) {
		uint32_t node = profile_child(p, 0, profile_function(p, all[i].file, all[i].line,
								    all[i].name, NULL));

		p->nodes[node].ncalls = i + 1;
		*profile_node_cum(p, node) = 10;
		*profile_node_cum(p, 0) += 10;
	}
	return p;
}

START_TEST(test_summary__namesakes_by_line_and_addresses_left_out)
{
	struct manifest m;
	struct read all;
	const struct summary_function *f;

	begin();
	m = request_at("/a", 1000000);
	put(make_namesakes(5, "<built-in method __new__ of type object at 0x7f31>"), &m);
	all = summarise();
	f = all.s.groups[0].functions;
	ck_assert_uint_eq(all.s.groups[0].nfunctions, 3);
	ck_assert_uint_eq(f[0].id.nth, 0);
	ck_assert_uint_eq(f[0].line, 5);
	check_range(f[0].calls, 2, 2, 2);
	ck_assert_uint_eq(f[1].id.nth, 1);
	check_range(f[1].calls, 1, 1, 1);
	ck_assert_str_eq(f[2].id.name, "<built-in method __new__ of type object at 0x>");
	check_range(f[2].calls, 7, 7, 7); /* 3 and 4 */
	ck_assert_int_eq(f[2].self[0], 20);
	forget(&all);
	end();
}
END_TEST

struct told {
	size_t problems, progress;
};

static void count_problem(void *arg, const struct snapshot *s, const struct error *err)
{
	struct told *told = arg;

	ck_assert_ptr_nonnull(s);
	ck_assert_int_ne((int)err->code, (int)ERR_NONE);
	told->problems++;
}

static void count_progress(void *arg, size_t done, size_t total)
{
	struct told *told = arg;

	ck_assert_uint_le(done, total);
	told->progress++;
}

START_TEST(test_summary__what_cannot_stand_beside_the_rest_is_left_out)
{
	struct told told = { 0, 0 };
	struct summary_watch watch = { count_progress, count_problem, &told };
	struct error err = ERROR_INIT;
	struct profile *other = profile_new();
	struct run_info info;
	struct summary s;
	struct manifest m;

	begin();
	request("/a", 1, 100, 1);
	m = request_at("/a", 2000000);
	ck_assert_int_eq(profile_add_metric(other, "cpu", "nanoseconds"), 0);
	ck_assert_int_eq(profile_add_root(other), 0);
	put(other, &m);
	request("/a", 1, 100, 3);
	ck_assert_int_eq(run_read(&info, run.path, &err), 0);
	ck_assert_uint_eq(info.nsnapshots, 3);
	put_file(at("archive/run/%s/profile.pb.gz", info.snapshots[2].name), "no profile");
	ck_assert_msg(summary_of_run(&s, &info, NULL, &watch, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(s.groups[0].nrequests, 1);
	ck_assert_uint_eq(told.problems, 2);
	ck_assert_uint_eq(told.progress, 3);
	summary_release(&s);
	put_file(at("archive/run/%s/profile.pb.gz", info.snapshots[0].name), "");
	put_file(at("archive/run/%s/profile.pb.gz", info.snapshots[1].name), "");
	ck_assert_int_eq(summary_of_run(&s, &info, NULL, NULL, &err), -1);
	ck_assert_int_eq((int)err.code, (int)ERR_NOT_FOUND);
	run_info_release(&info);
	end();
}
END_TEST

START_TEST(test_summary__of_a_file_alone)
{
	struct error err = ERROR_INIT;
	struct run_info info;
	struct summary s;
	struct snapshot file = { .name = (char *)"profile.prof" };

	begin();
	request("/a", 3, 100, 1);
	ck_assert_int_eq(run_read(&info, run.path, &err), 0);
	file.path = path_join(info.snapshots[0].path, "profile.prof");
	ck_assert_msg(summary_of_snapshot(&s, &file, "/srv/shop", &err) == 0, "%s", err.text);
	ck_assert_uint_eq(s.ngroups, 1);
	ck_assert_str_eq(s.groups[0].method, "");
	ck_assert_uint_eq(s.groups[0].nfunctions, 2);
	ck_assert_str_eq(s.groups[0].functions[0].id.file, "app.py");
	check_range(s.groups[0].functions[1].calls, 3, 3, 3);
	ck_assert_int_eq(s.groups[0].values[0], 1100);
	/* What nobody else has called. */
	ck_assert_uint_eq(s.groups[0].narcs, 2);
	ck_assert_uint_eq(s.groups[0].arcs[1].caller, UINT32_MAX);
	ck_assert_uint_eq(s.groups[0].arcs[1].callee, 0);
	summary_release(&s);
	mem_free(file.path);
	run_info_release(&info);
	end();
}
END_TEST

static int read_again(void *arg, struct error *err)
{
	struct summary s;

	if (summary_of_run(&s, arg, "/srv/shop", NULL, err) < 0)
		return -1;
	summary_release(&s);
	return 0;
}

START_TEST(test_summary__without_memory)
{
	struct run_info info;
	struct error err = ERROR_INIT;

	begin();
	for (int i = 0; i < 9; i++) /* enough for two threads */
		request(i % 2 ? "/a" : "/b", (uint64_t)i, 100, i);
	ck_assert_int_eq(run_read(&info, run.path, &err), 0);
	ck_assert_uint_gt(fail_each_allocation(read_again, &info), 20);
	run_info_release(&info);
	end();
}
END_TEST

UNIT_MAIN("change/summary", test_summary__warm_requests_count,
	  test_summary__another_process_is_cold_again, test_summary__groups_in_order,
	  test_summary__what_the_run_was, test_summary__namesakes_by_line_and_addresses_left_out,
	  test_summary__what_cannot_stand_beside_the_rest_is_left_out,
	  test_summary__of_a_file_alone, test_summary__without_memory)
