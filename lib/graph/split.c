/* A function that ran both in the request and beside it is two: what it took
 * there is no part of the request's 100 %. So the tree is copied with each
 * function that occurs below a strand standing a second time for that; functions
 * that do not occur on a side have no entry for it. */
#include <string.h>

#include "base/mem.h"
#include "graph/build.h"

enum { OWN, BESIDE, NSIDES };

/* ids: per function of p two of the copy, or PROFILE_NONE. */
static uint32_t id_of(struct profile *copy, const struct profile *p, uint32_t *ids,
		      const struct function **origin, uint32_t function, int side)
{
	uint32_t *id = &ids[(size_t)function * NSIDES + (size_t)side];

	if (*id == PROFILE_NONE) {
		*id = copy->nfunctions++;
		copy->functions[*id] = p->functions[function];
		origin[*id] = &p->functions[function];
	}
	return *id;
}

static bool has_strands(const struct profile *p)
{
	if (!profile_has_tree(p))
		return false;
	for (uint32_t i = 0; i < p->nfunctions; i++)
		if (function_is_strand(&p->functions[i]))
			return true;
	return false;
}

static void copy_nodes(struct profile *copy, const struct profile *p, uint8_t *sides,
		       uint32_t *ids, const struct function **origin)
{
	copy->nmetrics = p->nmetrics;
	copy->sampled = p->sampled;
	memcpy(copy->metrics, p->metrics, sizeof p->metrics);
	copy->nnodes = p->nnodes;
	copy->nodes[0] = p->nodes[0];
	sides[0] = OWN;
	for (uint32_t i = 1; i < p->nnodes; i++) {
		const struct node *n = &p->nodes[i];

		sides[i] = node_is_strand(p, i) ? BESIDE : sides[n->parent];
		copy->nodes[i] = *n;
		copy->nodes[i].function = id_of(copy, p, ids, origin, n->function, sides[i]);
	}
	memcpy(copy->cum, p->cum, (size_t)p->nnodes * p->nmetrics * sizeof *p->cum);
}

int graph_split(struct profile **out, const struct function ***origin, const struct profile *p,
		struct error *err)
{
	size_t nids = (size_t)p->nfunctions * NSIDES;
	struct profile *copy;
	uint32_t *ids = NULL;
	uint8_t *sides = NULL;
	int rc = -1;

	*out = NULL;
	*origin = NULL;
	if (!has_strands(p))
		return 0;
	copy = profile_new();
	ids = mem_array(NULL, nids, sizeof *ids);
	sides = mem_array(NULL, p->nnodes, sizeof *sides);
	*origin = mem_array(NULL, nids, sizeof **origin);
	if (copy == NULL || ids == NULL || sides == NULL || *origin == NULL)
		goto done;
	copy->functions = mem_array(NULL, nids, sizeof *copy->functions);
	copy->nodes = mem_array(NULL, p->nnodes, sizeof *copy->nodes);
	copy->cum = mem_array(NULL, (size_t)p->nnodes * p->nmetrics, sizeof *copy->cum);
	if (copy->functions == NULL || copy->nodes == NULL || copy->cum == NULL)
		goto done;
	memset(ids, 0xff, nids * sizeof *ids);
	copy_nodes(copy, p, sides, ids, *origin);
	*out = copy;
	copy = NULL;
	rc = 0;
done:
	profile_free(copy);
	mem_free(ids);
	mem_free(sides);
	if (rc == 0)
		return 0;
	mem_free(*origin);
	*origin = NULL;
	return error_nomem(err);
}
