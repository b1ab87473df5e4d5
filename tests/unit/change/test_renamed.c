#include "change/renamed.h"

#include <string.h>

#include "failing.h"
#include "leaks.h"
#include "profile/diff.h"
#include "sample.h"
#include "unit.h"

static const struct roots roots = { "/srv/a", "/srv/b" };

static struct rename known[] = {
	{ "app.py", "app.py", "helper", "assist" },
	{ "old.py", "new.py", NULL, NULL },
};
static const struct rename_map renames = { known, 2 };

/* show calls the helper, with a function within, and one of another file. */
static struct profile *shop(const char *root, const char *helper, const char *file)
{
	struct profile *p = sample_new();
	char app[64], other[64], inner[64];
	uint32_t at;

	snprintf(app, sizeof app, "%s/app.py", root);
	snprintf(other, sizeof other, "%s/%s", root, file);
	snprintf(inner, sizeof inner, "%s.<locals>.each", helper);
	at = sample_calls(p, 0, sample_function(p, app, 3, "show", NULL), 1, 10);
	at = sample_calls(p, at, sample_function(p, app, 9, helper, NULL), 1, 10);
	sample_calls(p, at, sample_function(p, app, 10, "each", inner), 5, 10);
	sample_calls(p, at, sample_function(p, other, 4, "load", NULL), 1, 10);
	return p;
}

static unsigned pairs(const struct profile *before, const struct profile *after)
{
	struct error err = ERROR_INIT;
	unsigned both = 0;
	struct diff d;

	ck_assert_int_eq(diff_profiles(&d, before, after, &err), 0);
	for (size_t i = 0; i < d.nrows; i++)
		both += d.rows[i].before != PROFILE_NONE && d.rows[i].after != PROFILE_NONE;
	diff_release(&d);
	return both;
}

START_TEST(test_renamed__one_function_each)
{
	struct profile *p = shop("/srv/a", "helper", "old.py");
	struct profile *q = shop("/srv/b", "assist", "new.py");
	struct error err = ERROR_INIT;

	ck_assert_uint_eq(pairs(p, q), 1);
	ck_assert_int_eq(renamed_profile(p, q, &roots, NULL, &err), 0);
	ck_assert_uint_eq(pairs(p, q), 1);
	ck_assert_int_eq(renamed_profile(p, q, &roots, &renames, &err), 0);
	ck_assert_uint_eq(pairs(p, q), 4);
	profile_free(p);
	profile_free(q);
}
END_TEST

/* What the newer profile still has, or has not at all, keeps its name. */
START_TEST(test_renamed__only_what_is_gone)
{
	struct profile *p = shop("/srv/a", "helper", "old.py");
	struct profile *q = shop("/srv/b", "helper", "third.py");
	struct error err = ERROR_INIT;

	ck_assert_int_eq(renamed_profile(p, q, &roots, &renames, &err), 0);
	ck_assert_str_eq(p->functions[1].qualname, "helper");
	ck_assert_str_eq(p->functions[3].file, "/srv/a/old.py");
	profile_free(p);
	profile_free(q);
}
END_TEST

static int rename_pair(void *arg, struct error *err)
{
	struct profile **pair = arg;

	return renamed_profile(pair[0], pair[1], &roots, &renames, err);
}

START_TEST(test_renamed__without_memory)
{
	struct profile *pair[] = { shop("/srv/a", "helper", "old.py"),
				   shop("/srv/b", "assist", "new.py") };

	ck_assert_uint_gt(fail_each_allocation(rename_pair, pair), 0);
	ck_assert_uint_eq(pairs(pair[0], pair[1]), 4);
	profile_free(pair[0]);
	profile_free(pair[1]);
}
END_TEST

UNIT_MAIN("change/renamed", test_renamed__one_function_each, test_renamed__only_what_is_gone,
	  test_renamed__without_memory)
