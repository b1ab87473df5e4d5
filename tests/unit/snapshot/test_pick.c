#include "snapshot/pick.h"

#include "failing.h"
#include "unit.h"

static bool matches(const char *what, const char *method, const char *route, const char *path)
{
	struct snapshot s = { .manifest = { .method = method, .route = route, .path = path } };
	struct error err = ERROR_INIT;
	struct pick_pattern p;
	bool yes;

	ck_assert(pick_is_pattern(what));
	ck_assert_int_eq(pick_pattern_init(&p, what, &err), 0);
	yes = pick_matches(&p, &s);
	pick_pattern_release(&p);
	return yes;
}

START_TEST(test_pick__form)
{
	static const char *const patterns[] = { "/", "/user/*", "GET /", "GET *", "* *",
						"GET {unmatched}" };
	static const char *const others[] = { "", "-", "GET", "GET.root.000738ms", "a/b c/d",
					      "my file.prof", " /", "2026-11-21_18:20:37" };

	for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++)
		ck_assert_msg(pick_is_pattern(patterns[i]), "%s", patterns[i]);
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		ck_assert_msg(!pick_is_pattern(others[i]), "%s", others[i]);
}
END_TEST

START_TEST(test_pick__matches)
{
	const char *route = "/user/{id}", *path = "/user/7";

	ck_assert(matches("GET /user/{id}", "GET", route, path));
	ck_assert(matches("GET /user/<int:id>", "GET", route, path));
	ck_assert(matches("GET /user/7", "GET", route, path));
	ck_assert(matches("GET /*", "GET", route, path));
	ck_assert(matches("/user/?", "GET", route, path));
	ck_assert(matches("G* *", "GET", route, path));
	ck_assert(!matches("POST /user/{id}", "GET", route, path));
	ck_assert(!matches("GET /user", "GET", route, path));
	ck_assert(!matches("GET /user/8", "GET", route, path));
	/* What looks like a wildcard may be the route. */
	ck_assert(matches("GET /[x]", "GET", "/[x]", "/[x]"));
	/* A manifest without them. */
	ck_assert(!matches("GET /", NULL, NULL, NULL));
	ck_assert(!matches("/*", NULL, NULL, NULL));
}
END_TEST

START_TEST(test_pick__by_wall_time)
{
	struct snapshot s[5] = {
		{ .path = "e", .manifest = { .wall_ns = 50 } },
		{ .path = "a", .manifest = { .wall_ns = 10 } },
		{ .path = "c", .manifest = { .wall_ns = 30, .start_ns = 2 } },
		{ .path = "b", .manifest = { .wall_ns = 30, .start_ns = 1 } },
		{ .path = "d", .manifest = { .wall_ns = 30, .start_ns = 2 } },
	};
	const struct snapshot *v[5] = { &s[0], &s[1], &s[2], &s[3], &s[4] };

	/* a b c d e: of four, a b c e, the faster of the middle two. */
	ck_assert_str_eq(pick_median(v, 5)->path, "c");
	ck_assert_str_eq(pick_slowest(v, 5)->path, "e");
	ck_assert_str_eq(v[1]->path, "b");
	ck_assert_str_eq(v[3]->path, "d");
	v[3] = &s[0];
	ck_assert_str_eq(pick_median(v, 4)->path, "b");
	ck_assert_str_eq(pick_median(v, 1)->path, "a");
	ck_assert_str_eq(pick_slowest(v, 1)->path, "a");
}
END_TEST

static int make(void *arg, struct error *err)
{
	struct pick_pattern p;
	int rc = pick_pattern_init(&p, arg, err);

	if (rc == 0)
		pick_pattern_release(&p);
	return rc;
}

START_TEST(test_pick__out_of_memory)
{
	static char what[] = "GET /user/<int:id>";

	ck_assert_uint_ge(fail_each_allocation(make, what), 3);
}
END_TEST

UNIT_MAIN("snapshot/pick", test_pick__form, test_pick__matches, test_pick__by_wall_time,
	  test_pick__out_of_memory)
