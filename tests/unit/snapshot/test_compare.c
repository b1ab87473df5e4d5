#include "snapshot/compare.h"

#include "failing.h"
#include "scratch.h"
#include "snapshot/write.h"

/* A run in the scratch folder, one request after the other. */
struct made {
	struct run run;
	int64_t clock;
};

static struct made make_run(const char *name)
{
	struct made made = { RUN_INIT, 1764000000000000000 };
	struct error err = ERROR_INIT;

	ck_assert_msg(run_open(&made.run, at("archive"), name, &err) == 0, "%s", err.text);
	return made;
}

/* A request whose `function` is called so often. */
static void request(struct made *made, const char *route, const char *function,
		    uint64_t ncalls, int64_t wall_ms)
{
	struct manifest m = small_manifest();
	struct profile *p = profile_new();
	struct error err = ERROR_INIT;
	struct buf path = BUF_INIT;
	uint64_t size;
	uint32_t node;

	ck_assert_int_eq(profile_add_metric(p, "wall", "nanoseconds"), 0);
	ck_assert_int_eq(profile_add_root(p), 0);
	node = profile_child(p, 0, profile_function(p, "app.py", 3, function, NULL));
	p->nodes[node].ncalls = ncalls;
	*profile_node_cum(p, 0) = *profile_node_cum(p, node) = wall_ms * 1000000;
	m.route = route;
	m.wall_ns = wall_ms * 1000000;
	m.start_ns = made->clock += 1000000000;
	ck_assert_msg(snapshot_write(&made->run, p, &m, &path, &size, &err) == 0, "%s", err.text);
	buf_release(&path);
	profile_free(p);
}

static void begin(struct made *old, struct made *new)
{
	scratch_begin();
	*old = make_run("old");
	*new = make_run("new");
}

static struct run_info read_run(struct made *made)
{
	struct run_info info;
	struct error err = ERROR_INIT;

	ck_assert_msg(run_read(&info, made->run.path, &err) == 0, "%s", err.text);
	run_release(&made->run);
	return info;
}

struct compared {
	struct run_info before, after;
	struct comparison c;
};

static struct compared compare(struct made *old, struct made *new)
{
	struct compared all = { .before = read_run(old), .after = read_run(new) };
	struct error err = ERROR_INIT;

	ck_assert_msg(compare_runs(&all.c, &all.before, &all.after, NULL, &err) == 0, "%s",
		      err.text);
	return all;
}

static void end(struct compared *all)
{
	comparison_release(&all->c);
	run_info_release(&all->before);
	run_info_release(&all->after);
	scratch_end();
}

static const struct route_change *route(const struct comparison *c, const char *name)
{
	for (size_t i = 0; i < c->nroutes; i++)
		if (strcmp(c->routes[i].route, name) == 0)
			return &c->routes[i];
	ck_abort_msg("no route %s", name);
	return NULL;
}

START_TEST(test_compare__medians_and_typical)
{
	struct made old, new;
	struct compared all;
	const struct route_change *r;

	begin(&old, &new);
	request(&old, "/a", "f", 7, 30);
	request(&old, "/a", "f", 7, 10);
	request(&old, "/a", "f", 9, 20);
	request(&new, "/a", "f", 7, 40);
	request(&new, "/a", "f", 8, 20);
	all = compare(&old, &new);
	r = route(&all.c, "/a");
	ck_assert_str_eq(r->method, "GET");
	ck_assert_uint_eq(r->before.nrequests, 3);
	ck_assert_uint_eq(r->after.nrequests, 2);
	ck_assert_int_eq(r->before.wall_ns, 20000000);
	ck_assert_int_eq(r->after.wall_ns, 30000000); /* (40 + 20) / 2 */
	ck_assert_uint_eq(r->before.ncalls, 7);
	ck_assert_uint_eq(r->after.ncalls, 7);        /* (7 + 8) / 2, rounded down */
	ck_assert_str_eq(r->before.typical->name, "GET.a.000020ms");
	ck_assert_str_eq(r->after.typical->name, "GET.a.000020ms"); /* the faster of two */
	end(&all);
}
END_TEST

/* What the demo promises: one route calls more, and no other is named. */
START_TEST(test_compare__one_changed_route)
{
	struct made old, new;
	struct compared all;

	begin(&old, &new);
	for (int i = 0; i < 3; i++) {
		request(&old, "/", "f", i ? 100 : 900, 5); /* the first on cold caches */
		request(&new, "/", "f", i ? 100 : 950, 50);
		request(&old, "/user/{id}", "f", i ? 1204 : 9000, 5);
		request(&new, "/user/{id}", "f", i ? 1254 : 9050, 5);
	}
	all = compare(&old, &new);
	ck_assert_uint_eq(all.c.nroutes, 2);
	ck_assert_str_eq(all.c.routes[0].route, "/user/{id}");
	ck_assert_int_eq(all.c.routes[0].verdict, ROUTE_CHANGED);
	ck_assert_int_eq(all.c.routes[1].verdict, ROUTE_SAME);
	end(&all);
}
END_TEST

START_TEST(test_compare__random_counts)
{
	struct made old, new;
	struct compared all;

	begin(&old, &new);
	/* Medians 5012 and 5022; ranges 42 and 32: 10 is less than 2 * 42. */
	request(&old, "/shuffle", "f", 5012, 5);
	request(&old, "/shuffle", "f", 5040, 5);
	request(&old, "/shuffle", "f", 4998, 5);
	request(&new, "/shuffle", "f", 5022, 5);
	request(&new, "/shuffle", "f", 5033, 5);
	request(&new, "/shuffle", "f", 5001, 5);
	/* Medians 100 and 121; ranges 10 and 4: 21 is more than 2 * 10. */
	request(&old, "/more", "f", 95, 5);
	request(&old, "/more", "f", 100, 5);
	request(&old, "/more", "f", 105, 5);
	request(&new, "/more", "f", 119, 5);
	request(&new, "/more", "f", 121, 5);
	request(&new, "/more", "f", 123, 5);
	/* 20 is not. */
	request(&old, "/edge", "f", 95, 5);
	request(&old, "/edge", "f", 100, 5);
	request(&old, "/edge", "f", 105, 5);
	request(&new, "/edge", "f", 120, 5);
	/* Of five the first does not count: 4 apart, ranges 3 and 0, not 899. */
	request(&old, "/cold", "f", 1000, 5);
	request(&old, "/cold", "f", 101, 5);
	request(&old, "/cold", "f", 102, 5);
	request(&old, "/cold", "f", 103, 5);
	request(&old, "/cold", "f", 104, 5);
	request(&new, "/cold", "f", 110, 5);
	all = compare(&old, &new);
	ck_assert_int_eq(route(&all.c, "/shuffle")->verdict, ROUTE_VARIES);
	ck_assert_int_eq(route(&all.c, "/more")->verdict, ROUTE_CHANGED);
	ck_assert_int_eq(route(&all.c, "/edge")->verdict, ROUTE_VARIES);
	/* Median 103 against 110: 7 is more than 2 * 3. */
	ck_assert_int_eq(route(&all.c, "/cold")->verdict, ROUTE_CHANGED);
	end(&all);
}
END_TEST

START_TEST(test_compare__other_new_gone)
{
	struct made old, new;
	struct compared all;
	const struct route_change *r;

	begin(&old, &new);
	request(&old, "/swap", "f", 10, 5);
	request(&new, "/swap", "g", 10, 5);
	request(&old, "/old", "f", 10, 5);
	request(&new, "/new", "f", 10, 5);
	request(&old, "/same", "f", 10, 5);
	request(&new, "/same", "f", 10, 5);
	all = compare(&old, &new);
	ck_assert_uint_eq(all.c.nroutes, 4);
	ck_assert_int_eq(route(&all.c, "/swap")->verdict, ROUTE_OTHER);
	r = route(&all.c, "/old");
	ck_assert_int_eq(r->verdict, ROUTE_GONE);
	ck_assert_uint_eq(r->after.nrequests, 0);
	ck_assert_ptr_null(r->after.typical);
	r = route(&all.c, "/new");
	ck_assert_int_eq(r->verdict, ROUTE_NEW);
	ck_assert_ptr_null(r->before.typical);
	ck_assert_int_eq(route(&all.c, "/same")->verdict, ROUTE_SAME);
	/* In the order of their verdicts. */
	for (size_t i = 1; i < all.c.nroutes; i++)
		ck_assert_int_lt(all.c.routes[i - 1].verdict, all.c.routes[i].verdict);
	end(&all);
}
END_TEST

/* A path "/{id}" is not the template "/{id}"; without snapshot.json the folder's
 * name tells. */
START_TEST(test_compare__what_belongs_together)
{
	struct made old, new;
	struct compared all;

	begin(&old, &new);
	request(&old, "/user/{id}", "f", 10, 5);
	request(&new, "/user/{id}", "f", 10, 6);
	ck_assert_int_eq(unlink(at("archive/new/GET.user.{id}.000006ms/snapshot.json")), 0);
	all = compare(&old, &new);
	ck_assert_uint_eq(all.c.nroutes, 1);
	ck_assert_int_eq(all.c.routes[0].verdict, ROUTE_SAME);
	ck_assert_int_eq(all.c.routes[0].after.wall_ns, 6000000);
	end(&all);
}
END_TEST

struct seen {
	size_t nproblems, done, total;
	char text[240];
};

static void on_problem(void *arg, const struct snapshot *s, const struct error *err)
{
	struct seen *seen = arg;

	ck_assert_str_eq(s->name, "GET.a.000007ms");
	seen->nproblems++;
	memcpy(seen->text, err->text, sizeof seen->text);
}

static void on_progress(void *arg, size_t done, size_t total)
{
	struct seen *seen = arg;

	seen->done = done;
	seen->total = total;
}

START_TEST(test_compare__damaged_snapshot)
{
	struct made old, new;
	struct seen seen = { 0 };
	struct compare_watch watch = { on_progress, on_problem, &seen };
	struct run_info before, after;
	struct comparison c;
	struct error err = ERROR_INIT;

	begin(&old, &new);
	request(&old, "/a", "f", 10, 5);
	request(&old, "/a", "f", 10, 7);
	request(&new, "/a", "f", 10, 5);
	put_file(at("archive/old/GET.a.000007ms/profile.pb.gz"), "\x1f\x8bnonsense");
	before = read_run(&old);
	after = read_run(&new);
	ck_assert_msg(compare_runs(&c, &before, &after, &watch, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(seen.nproblems, 1);
	ck_assert_ptr_nonnull(strstr(seen.text, "profile.pb.gz"));
	ck_assert_uint_eq(seen.done, 3);
	ck_assert_uint_eq(seen.total, 3);
	ck_assert_uint_eq(c.routes[0].before.nrequests, 1);
	comparison_release(&c);
	run_info_release(&before);
	/* A run of which nothing can be read is no run to compare with. */
	put_file(at("archive/new/GET.a.000005ms/profile.pb.gz"), "");
	ck_assert_int_eq(compare_runs(&c, &after, &after, NULL, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "no snapshot in it can be read"));
	run_info_release(&after);
	scratch_end();
}
END_TEST

static int run_compare(void *arg, struct error *err)
{
	struct compared *all = arg;
	struct comparison c;

	if (compare_runs(&c, &all->before, &all->after, NULL, err) < 0)
		return -1;
	comparison_release(&c);
	return 0;
}

START_TEST(test_compare__out_of_memory)
{
	struct made old, new;
	struct compared all;

	begin(&old, &new);
	request(&old, "/a", "f", 10, 5);
	request(&new, "/a", "f", 10, 5);
	request(&new, "/b", "f", 10, 5);
	all = compare(&old, &new);
	ck_assert_uint_gt(fail_each_allocation(run_compare, &all), 20);
	end(&all);
}
END_TEST

UNIT_MAIN("snapshot/compare", test_compare__medians_and_typical,
	  test_compare__one_changed_route, test_compare__random_counts,
	  test_compare__other_new_gone, test_compare__what_belongs_together,
	  test_compare__damaged_snapshot, test_compare__out_of_memory)
