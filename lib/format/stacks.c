#include "format/stacks.h"

#include "base/mem.h"
#include "format/fold.h"
#include "profile/derive.h"

static int each_node(const struct profile *tree, const int64_t *self,
		     int (*each)(void *arg, const struct stack *s), void *arg)
{
	uint32_t *functions = NULL, *depths;
	size_t cap = 0;
	int rc = 0;

	depths = mem_array(NULL, tree->nnodes, sizeof *depths);
	if (depths == NULL)
		return -1;
	depths[0] = 0;
	for (uint32_t i = 1; i < tree->nnodes && rc == 0; i++) {
		uint32_t depth = depths[tree->nodes[i].parent] + 1, at = depth;
		uint32_t *grown = mem_grow(functions, &cap, depth, sizeof *grown);

		depths[i] = depth;
		if (grown == NULL) {
			rc = -1;
			break;
		}
		functions = grown;
		for (uint32_t n = i; n != 0; n = tree->nodes[n].parent)
			functions[--at] = tree->nodes[n].function;
		rc = each(arg, &(struct stack){ functions, depth,
						&self[(size_t)i * tree->nmetrics] });
	}
	mem_free(functions);
	mem_free(depths);
	return rc;
}

int stacks_each(const struct profile *p, int (*each)(void *arg, const struct stack *s),
		void *arg, struct error *err)
{
	int64_t *self = derive_node_self(p);
	struct profile *folded = NULL;
	int limit = fold_limit(p), rc = -1;

	if (self == NULL || limit < 0)
		goto done;
	if (limit > 0) {
		folded = fold_tree(p, self, (unsigned)limit);
		if (folded == NULL)
			goto done;
		mem_free(self);
		self = NULL;
	}
	rc = each_node(folded ? folded : p, folded ? folded->cum : self, each, arg);
done:
	profile_free(folded);
	mem_free(self);
	return rc == 0 ? 0 : error_nomem(err);
}

/* Half of what fits, for whoever takes a difference. */
static bool is_too_large(const struct profile *p, uint32_t metric)
{
	double sum = 0;

	for (uint32_t i = 0; i < p->nnodes; i++) {
		double value = (double)profile_node_cum(p, i)[metric];

		sum += value < 0 ? -value : value;
	}
	return sum > 4e18;
}

int stacks_sum_up(struct profile *p, struct error *err)
{
	for (uint32_t m = 0; m < p->nmetrics; m++)
		if (is_too_large(p, m))
			return error_set(err, ERR_FORMAT, "values too large to add up");
	for (uint32_t i = p->nnodes; i-- > 1;) {
		if (node_is_strand(p, i))
			continue;
		for (uint32_t m = 0; m < p->nmetrics; m++)
			profile_node_cum(p, p->nodes[i].parent)[m] += profile_node_cum(p, i)[m];
	}
	return 0;
}
