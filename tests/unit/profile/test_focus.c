#include "profile/focus.h"

#include <string.h>

#include "failing.h"
#include "sample.h"
#include "unit.h"

/* The tree of focus.h, with a call of F from F, and a thread. */
static struct profile *make(uint32_t *f)
{
	struct profile *p = sample_new();
	uint32_t shop = sample_function(p, "a.py", 1, "main", NULL), node, show;

	node = sample_calls(p, 0, shop, 1, 0);
	sample_calls(p, node, sample_function(p, "a.py", 2, "load", NULL), 3, 40);
	show = sample_calls(p, node, sample_function(p, "a.py", 3, "show", NULL), 2, 5);
	*f = sample_function(p, "a.py", 4, "f", NULL);
	node = sample_calls(p, show, *f, 4, 20);
	sample_calls(p, node, *f, 1, 30);
	sample_calls(p, show, sample_function(p, "a.py", 5, "paint", NULL), 1, 5);
	node = sample_calls(p, 0, sample_function(p, "~", 0, PROFILE_THREAD, NULL), 1, 0);
	sample_calls(p, node, *f, 1, 7);
	return p;
}

static uint32_t only_child(const struct profile *p, uint32_t parent, uint32_t nth)
{
	for (uint32_t i = 1; i < p->nnodes; i++)
		if (p->nodes[i].parent == parent && nth-- == 0)
			return i;
	ck_abort_msg("no such child");
	return 0;
}

static void assert_node(const struct profile *p, uint32_t node, const char *name, uint64_t ncalls,
			int64_t cum)
{
	ck_assert_str_eq(p->functions[p->nodes[node].function].name, name);
	ck_assert_uint_eq(p->nodes[node].ncalls, ncalls);
	ck_assert_int_eq(profile_node_cum(p, node)[0], cum);
}

START_TEST(test_focus__keeps_paths)
{
	struct error err = ERROR_INIT;
	uint32_t f, at;
	struct profile *p = make(&f), *part;
	bool wanted[16] = { false };

	wanted[f] = true;
	part = profile_focus(p, wanted, &err);
	ck_assert_msg(part != NULL, "%s", err.text);
	/* load and paint are gone, with their cost; the thread is no part of the root. */
	ck_assert_uint_eq(part->nnodes, 7);
	ck_assert_int_eq(profile_node_cum(part, 0)[0], 50);
	at = only_child(part, 0, 0);
	assert_node(part, at, "main", 1, 50);
	at = only_child(part, at, 0);
	assert_node(part, at, "show", 2, 50);
	at = only_child(part, at, 0);
	assert_node(part, at, "f", 4, 50);
	assert_node(part, only_child(part, at, 0), "f", 1, 30);
	at = only_child(part, 0, 1);
	assert_node(part, at, PROFILE_THREAD, 1, 7);
	assert_node(part, only_child(part, at, 0), "f", 1, 7);
	profile_free(part);
	profile_free(p);
}
END_TEST

START_TEST(test_focus__nothing_left)
{
	struct error err = ERROR_INIT;
	uint32_t f;
	struct profile *p = make(&f);
	bool wanted[16] = { false };

	ck_assert_ptr_null(profile_focus(p, wanted, &err));
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	profile_free(p);
	p = profile_new();
	ck_assert_ptr_null(profile_focus(p, wanted, &err));
	ck_assert_int_eq(err.code, ERR_REFUSED);
	profile_free(p);
}
END_TEST

static int focus(void *arg, struct error *err)
{
	bool wanted[16] = { false };
	struct profile *part;

	wanted[3] = true;
	part = profile_focus(arg, wanted, err);
	if (part == NULL)
		return -1;
	profile_free(part);
	return 0;
}

START_TEST(test_focus__out_of_memory)
{
	uint32_t f;
	struct profile *p = make(&f);

	ck_assert_uint_gt(fail_each_allocation(focus, p), 8);
	profile_free(p);
}
END_TEST

UNIT_MAIN("profile/focus", test_focus__keeps_paths, test_focus__nothing_left,
	  test_focus__out_of_memory)
