#include "change/build.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

enum { MANY = 3000 };

/* A side of one run; its requests in the order in which they were put. */
struct requests {
	struct side side;
	struct summary_group groups[MANY];
	const struct summary_group *of_run[MANY];
	struct side_request v[MANY];
};

static void put(struct requests *r, const char *label, uint64_t ordinal, const char *route)
{
	size_t i = r->side.nrequests++;

	ck_assert(i < MANY);
	r->groups[i] = (struct summary_group){ .label = label, .ordinal = ordinal,
					       .method = "GET", .route = route };
	r->of_run[i] = &r->groups[i];
	r->v[i] = (struct side_request){ .groups = &r->of_run[i], .npresent = 1 };
	r->side.requests = r->v;
	r->side.nruns = 1;
}

/* The pairs as they come. */
struct pairs {
	const struct summary_group *old[2 * MANY], *new[2 * MANY];
	size_t n;
};

static int note(void *arg, struct side_request *old, struct side_request *new)
{
	struct pairs *p = arg;

	p->old[p->n] = old != NULL ? old->groups[0] : NULL;
	p->new[p->n++] = new != NULL ? new->groups[0] : NULL;
	return 0;
}

/* On the heap, as they are large. */
struct pairing {
	struct requests old, new;
	struct pairs pairs;
};

static struct pairing *begin(void)
{
	struct pairing *p = calloc(1, sizeof *p);

	ck_assert_ptr_nonnull(p);
	return p;
}

static void pair_all(struct pairing *p)
{
	struct arena arena = ARENA_INIT;

	ck_assert_int_eq(pair_requests(&p->old.side, &p->new.side, note, &p->pairs, &arena), 0);
	arena_release(&arena);
}

static const struct summary_group *partner_of(const struct pairs *p, const struct summary_group *old)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->old[i] == old)
			return p->new[i];
	ck_abort_msg("a request that was left out");
	return NULL;
}

/* A suite's requests against those of a server: each finds the one of its route, in
 * whatever order they stand. */
START_TEST(test_pair__one_side_has_no_labels)
{
	static char routes[MANY][16];
	struct pairing *p = begin();

	for (int i = 0; i < MANY; i++) {
		snprintf(routes[i], sizeof routes[i], "/r%d", i);
		put(&p->old, NULL, 0, routes[i]);
	}
	/* 1,009 has no part in common with 3,000: each once. */
	for (int i = 0; i < MANY; i++)
		put(&p->new, "t::all", (uint64_t)i + 1, routes[(size_t)i * 1009 % MANY]);
	pair_all(p);
	ck_assert_uint_eq(p->pairs.n, MANY);
	for (size_t i = 0; i < MANY; i++)
		ck_assert_ptr_eq(p->pairs.old[i]->route, p->pairs.new[i]->route);
	free(p);
}
END_TEST

/* The n-th of a route's labelled requests stands for the n-th without a label, and there is
 * one of those at most; the others are new. Two labels that differ are two requests. */
START_TEST(test_pair__labels_and_none_of_one_route)
{
	struct pairing *p = begin();
	const struct summary_group *old = p->old.groups, *new = p->new.groups;

	put(&p->old, NULL, 0, "/a");
	put(&p->old, "t::gone", 1, "/b");
	put(&p->old, "t::one", 1, "/c");
	put(&p->old, "t::two", 1, "/c");
	put(&p->old, NULL, 0, "/d");
	put(&p->new, "t::z", 1, "/a");
	put(&p->new, "t::y", 2, "/a");
	put(&p->new, "t::fresh", 1, "/b");
	put(&p->new, NULL, 0, "/c");
	put(&p->new, NULL, 0, "/d");
	put(&p->new, "t::z", 2, "/d");
	pair_all(p);
	ck_assert_ptr_eq(partner_of(&p->pairs, &old[0]), &new[1]);
	ck_assert_ptr_null(partner_of(&p->pairs, &old[1]));
	ck_assert_ptr_eq(partner_of(&p->pairs, &old[2]), &new[3]);
	ck_assert_ptr_null(partner_of(&p->pairs, &old[3]));
	ck_assert_ptr_eq(partner_of(&p->pairs, &old[4]), &new[4]);
	ck_assert_uint_eq(p->pairs.n, 8);
	free(p);
}
END_TEST

UNIT_MAIN("change/pair", test_pair__one_side_has_no_labels,
	  test_pair__labels_and_none_of_one_route)
