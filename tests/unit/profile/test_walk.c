#include "profile/walk.h"

#include "base/buf.h"
#include "base/mem.h"
#include "sample.h"
#include "unit.h"

struct seen {
	const struct profile *p;
	struct buf steps;
	uint32_t last; /* where enter() ends the walk */
};

static void note(struct seen *s, char what, uint32_t node)
{
	buf_addc(&s->steps, what);
	buf_adds(&s->steps, s->p->functions[s->p->nodes[node].function].name);
}

static int enter(void *arg, uint32_t node)
{
	struct seen *s = arg;

	note(s, '+', node);
	return node == s->last ? -1 : 0;
}

static void leave(void *arg, uint32_t node)
{
	note(arg, '-', node);
}

static void assert_walk(const struct profile *p, uint32_t last, int rc, const char *steps)
{
	struct tree_link *links = mem_array(NULL, p->nnodes, sizeof *links);
	struct seen s = { p, BUF_INIT, last };

	tree_link(links, p);
	ck_assert_int_eq(tree_walk(p, links, enter, leave, &s), rc);
	ck_assert_str_eq(buf_str(&s.steps), steps);
	buf_release(&s.steps);
	mem_free(links);
}

/* Children come in the order of their nodes, though others were made in between. */
START_TEST(test_walk__order)
{
	struct profile *p = sample_new();
	uint32_t f[4], a, b, d;

	assert_walk(p, PROFILE_NONE, 0, "");
	for (int i = 0; i < 4; i++)
		f[i] = sample_function(p, "x.py", (uint32_t)i + 1, (char[]){ (char)('a' + i), 0 }, NULL);
	a = sample_calls(p, 0, f[0], 1, 1);
	b = sample_calls(p, a, f[1], 1, 1);
	d = sample_calls(p, 0, f[3], 1, 1);
	sample_calls(p, a, f[2], 1, 1);
	sample_calls(p, b, f[3], 1, 1);
	sample_calls(p, d, f[0], 1, 1);
	assert_walk(p, PROFILE_NONE, 0, "+a+b+d-d-b+c-c-a+d+a-a-d");
	assert_walk(p, b, -1, "+a+b");
	profile_free(p);
}
END_TEST

UNIT_MAIN("profile/walk", test_walk__order)
