#include "profile/focus.h"

#include <string.h>

#include "base/mem.h"

enum place { ELSEWHERE, ABOVE, WITHIN };

struct focus {
	const struct profile *p;
	uint8_t *place;  /* of each node */
	int64_t *cum;    /* nnodes rows of what leads through F */
	uint32_t *node;  /* in the new profile */
	bool found;
};

static void look(struct focus *f, const bool *wanted)
{
	const struct profile *p = f->p;

	/* Parents stand before their children. */
	for (uint32_t i = 1; i < p->nnodes; i++)
		if (wanted[p->nodes[i].function] || f->place[p->nodes[i].parent] == WITHIN)
			f->place[i] = WITHIN;
	for (uint32_t i = p->nnodes; i-- > 1;) {
		uint32_t parent = p->nodes[i].parent;
		const int64_t *cost = profile_node_cum(p, i);

		if (f->place[i] == ELSEWHERE)
			continue;
		f->found = true;
		if (f->place[i] == WITHIN)
			memcpy(&f->cum[(size_t)i * p->nmetrics], cost, p->nmetrics * sizeof *cost);
		if (f->place[parent] == WITHIN)
			continue;
		f->place[parent] = ABOVE;
		/* What ran beside the request is no part of the root's. */
		for (uint32_t m = 0; m < p->nmetrics && !node_is_strand(p, i); m++)
			f->cum[(size_t)parent * p->nmetrics + m] +=
				f->cum[(size_t)i * p->nmetrics + m];
	}
}

static uint32_t copy_function(struct profile *to, const struct function *f)
{
	return profile_function(to, f->file, f->line, f->name, f->qualname);
}

static int copy(struct focus *f, struct profile *to)
{
	const struct profile *p = f->p;

	for (uint32_t m = 0; m < p->nmetrics; m++)
		if (profile_add_metric(to, p->metrics[m].name, p->metrics[m].unit) < 0)
			return -1;
	if (profile_add_root(to) < 0)
		return -1;
	for (uint32_t i = 0; i < p->nnodes; i++) {
		uint32_t node = 0, function;

		if (i != 0 && f->place[i] == ELSEWHERE)
			continue;
		if (i != 0) {
			function = copy_function(to, &p->functions[p->nodes[i].function]);
			node = function == PROFILE_NONE ? PROFILE_NONE
			     : profile_append_node(to, f->node[p->nodes[i].parent], function);
			if (node == PROFILE_NONE)
				return -1;
		}
		f->node[i] = node;
		to->nodes[node].ncalls = p->nodes[i].ncalls;
		memcpy(profile_node_cum(to, node), &f->cum[(size_t)i * p->nmetrics],
		       p->nmetrics * sizeof *f->cum);
	}
	to->sampled = p->sampled;
	to->nlost = p->nlost;
	to->nfolded = p->nfolded;
	return 0;
}

struct profile *profile_focus(const struct profile *p, const bool *wanted, struct error *err)
{
	struct focus f = { .p = p };
	struct profile *to = NULL;
	int rc = -1;

	if (!profile_has_tree(p)) {
		error_set(err, ERR_REFUSED, "this profile has no call tree, so no paths are known, only "
			  "who called whom");
		return NULL;
	}
	f.place = mem_zalloc(p->nnodes);
	f.cum = mem_zalloc((size_t)p->nnodes * p->nmetrics * sizeof *f.cum);
	f.node = mem_array(NULL, p->nnodes, sizeof *f.node);
	to = profile_new();
	if (f.place == NULL || f.cum == NULL || f.node == NULL || to == NULL) {
		error_nomem(err);
		goto done;
	}
	look(&f, wanted);
	if (!f.found)
		error_set(err, ERR_NOT_FOUND, "no path leads there");
	else if (copy(&f, to) < 0)
		error_nomem(err);
	else
		rc = 0;
done:
	mem_free(f.place);
	mem_free(f.cum);
	mem_free(f.node);
	if (rc == 0)
		return to;
	profile_free(to);
	return NULL;
}
