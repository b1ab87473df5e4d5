#include "change/where.h"

#include "change/change.h"
#include "failing.h"
#include "sample.h"
#include "unit.h"

static const struct roots roots = { "/srv", "/srv" };

/* The way as "show > lines > execute". */
static struct buf way_of(const struct profile *p, const struct profile *q,
			 const struct rename_map *renames, struct place *last)
{
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	struct buf text = BUF_INIT;
	struct place *way;
	size_t n;

	ck_assert_msg(where_between(&way, &n, p, 0, q, 0, &roots, renames, &arena, &err) == 0,
		      "%s", err.text);
	for (size_t i = 0; i < n; i++)
		buf_printf(&text, "%s%s", i ? " > " : "", way[i].id.name);
	if (n != 0 && last != NULL) {
		*last = way[n - 1];
		last->id.file = last->id.name = NULL;
	}
	arena_release(&arena);
	return text;
}

static void leads(struct profile *p, struct profile *q, const struct rename_map *renames,
		  const char *way, int64_t old, int64_t new)
{
	struct place last = { .old_value = 0 };
	struct buf text = way_of(p, q, renames, &last);

	ck_assert_str_eq(buf_str(&text), way);
	ck_assert_int_eq(last.old_value, old);
	ck_assert_int_eq(last.new_value, new);
	buf_release(&text);
	profile_free(p);
	profile_free(q);
}

static uint32_t call(struct profile *p, uint32_t parent, const char *name, int64_t self)
{
	return sample_calls(p, parent, sample_function(p, "/srv/app.py", 1, name, NULL), 1, self);
}

/* The tree in where.h, of which `execute` costs so much; 25 in the older one. */
static struct profile *shop(const char *file, int64_t execute, int64_t parse)
{
	struct profile *p = sample_new();
	uint32_t at = sample_calls(p, 0, sample_function(p, file, 3, "show", NULL), 1, 0);
	uint32_t lines;

	sample_calls(p, at, sample_function(p, file, 9, "template", NULL), 1, 40);
	lines = sample_calls(p, at, sample_function(p, file, 20, "lines", NULL), 1, 5);
	sample_calls(p, lines, sample_function(p, file, 30, "parse", NULL), 1, parse);
	sample_calls(p, lines, sample_function(p, "~", 0, "execute", NULL), 3, execute);
	return p;
}

START_TEST(test_where__the_deepest_with_most_of_it)
{
	leads(shop("/srv/app.py", 25, 20), shop("/srv/app.py", 80, 22), NULL,
	      "show > lines > execute", 25, 80);
	/* Halves below: it enters where these meet. */
	leads(shop("/srv/app.py", 25, 20), shop("/srv/app.py", 45, 40), NULL, "show > lines", 50,
	      90);
	leads(shop("/srv/app.py", 80, 20), shop("/srv/app.py", 25, 20), NULL,
	      "show > lines > execute", 80, 25);
	leads(shop("/srv/app.py", 25, 20), shop("/srv/app.py", 25, 20), NULL, "", 0, 0);
}
END_TEST

START_TEST(test_where__a_work_tree_elsewhere)
{
	leads(shop("/opt/ann/shop/app.py", 25, 20), shop("/ci/7/shop/app.py", 80, 20), NULL,
	      "show > lines > execute", 25, 80);
}
END_TEST

START_TEST(test_where__renamed_and_moved)
{
	struct rename renames[] = { { "old/app.py", "app.py", NULL, NULL } };
	struct rename_map map = { renames, 1 };

	leads(shop("/srv/old/app.py", 25, 20), shop("/srv/app.py", 80, 20), &map,
	      "show > lines > execute", 25, 80);
}
END_TEST

/* A decorator about all, and one that is gone; what is below is compared all the same. */
START_TEST(test_where__passes_through_what_is_new)
{
	for (int turned = 0; turned < 2; turned++) {
		struct profile *p = sample_new(), *q = sample_new();
		uint32_t at = call(p, 0, "show", 10), deep;

		call(p, at, "lines", 50);
		call(p, at, "other", 5);
		deep = call(q, call(q, 0, "wrapper", 1), "inner", 1);
		at = call(q, deep, "show", 10);
		call(q, at, "lines", 90);
		call(q, at, "other", 6);
		if (turned)
			leads(q, p, NULL, "wrapper > inner > show > lines", 90, 50);
		else
			leads(p, q, NULL, "wrapper > inner > show > lines", 50, 90);
	}
}
END_TEST

START_TEST(test_where__new_and_gone)
{
	struct profile *p = sample_new(), *q = sample_new();

	call(p, call(p, 0, "show", 10), "kept", 5);
	call(q, call(q, call(q, 0, "show", 10), "fresh", 3), "deep", 70);
	leads(p, q, NULL, "show > fresh > deep", 0, 70);
	p = sample_new();
	q = sample_new();
	call(p, call(p, call(p, 0, "show", 10), "old", 3), "deep", 70);
	call(q, call(q, 0, "show", 10), "kept", 5);
	leads(p, q, NULL, "show > old > deep", 70, 0);
}
END_TEST

/* What ran beside the request is no part of its time. */
START_TEST(test_where__strands)
{
	struct profile *p = sample_new(), *q = sample_new();
	uint32_t job = sample_function(q, "~", 0, PROFILE_JOB, NULL);

	call(p, 0, "show", 10);
	call(q, 0, "show", 20);
	call(q, sample_calls(q, 0, job, 1, 5), "heavy", 1000);
	leads(p, q, NULL, "show", 10, 20);
}
END_TEST

START_TEST(test_where__without_a_tree)
{
	struct profile *p = profile_new();

	ck_assert_int_eq(profile_add_metric(p, "wall", "nanoseconds"), 0);
	leads(p, shop("/srv/app.py", 25, 20), NULL, "", 0, 0);
}
END_TEST

/* The times are the same; of the calls 40 of 42 are below lines. */
START_TEST(test_where__by_calls)
{
	struct profile *p = shop("/srv/app.py", 25, 20), *q = shop("/srv/app.py", 25, 20);
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	struct place *way;
	size_t n;

	q->nodes[2].ncalls += 2; /* template */
	q->nodes[4].ncalls += 20; /* parse */
	q->nodes[5].ncalls += 20; /* execute */
	ck_assert_int_eq(where_between(&way, &n, p, WHERE_CALLS, q, WHERE_CALLS, &roots, NULL,
				       &arena, &err), 0);
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(way[1].id.name, "lines");
	ck_assert_int_eq(way[1].old_value, 5);
	ck_assert_int_eq(way[1].new_value, 45);
	ck_assert_uint_eq(way[1].new_calls, 1);
	arena_release(&arena);
	profile_free(p);
	profile_free(q);
}
END_TEST

struct pair { struct profile *p, *q; };

static int find(void *arg, struct error *err)
{
	struct pair *pair = arg;
	struct arena arena = ARENA_INIT;
	struct place *way;
	size_t n;
	int rc = where_between(&way, &n, pair->p, 0, pair->q, 0, &roots, NULL, &arena, err);

	arena_release(&arena);
	return rc;
}

START_TEST(test_where__out_of_memory)
{
	struct pair pair = { shop("/srv/app.py", 25, 20), shop("/ci/app.py", 80, 20) };

	ck_assert_uint_ge(fail_each_allocation(find, &pair), 3);
	profile_free(pair.p);
	profile_free(pair.q);
}
END_TEST

UNIT_MAIN("change/where", test_where__the_deepest_with_most_of_it,
	  test_where__a_work_tree_elsewhere, test_where__renamed_and_moved,
	  test_where__passes_through_what_is_new, test_where__new_and_gone, test_where__strands,
	  test_where__without_a_tree, test_where__by_calls,
	  test_where__out_of_memory)
