#include "profile/pair.h"

#include <string.h>

#include "base/mem.h"

/* Adds what each node of p has of `metric` to metric `to` of the same stack in out. */
static int add_tree(struct profile *out, uint32_t to, const struct profile *p, uint32_t metric)
{
	uint32_t *node_of = mem_array(NULL, p->nnodes, sizeof *node_of);
	int rc = node_of == NULL ? -1 : 0;

	for (uint32_t i = 0; i < p->nnodes && rc == 0; i++) {
		const struct node *n = &p->nodes[i];
		const struct function *f;
		uint32_t function;

		if (i == 0) {
			node_of[0] = 0;
		} else {
			f = &p->functions[n->function];
			function = profile_function(out, f->file, f->line, f->name, f->qualname);
			node_of[i] = function == PROFILE_NONE
					     ? PROFILE_NONE
					     : profile_child(out, node_of[n->parent], function);
		}
		if (node_of[i] == PROFILE_NONE)
			rc = -1;
		else
			profile_node_cum(out, node_of[i])[to] += profile_node_cum(p, i)[metric];
	}
	mem_free(node_of);
	return rc;
}

struct profile *profile_pair(const struct profile *before, uint32_t before_metric,
			     const struct profile *after, uint32_t after_metric,
			     struct error *err)
{
	const char *unit = after->metrics[after_metric].unit;
	struct profile *out;

	if (!profile_has_tree(before) || !profile_has_tree(after)) {
		error_set(err, ERR_REFUSED, "there is no call tree to compare stack by stack");
		return NULL;
	}
	if (strcmp(before->metrics[before_metric].unit, unit) != 0) {
		error_set(err, ERR_REFUSED, "%s do not compare to %s",
			  before->metrics[before_metric].unit, unit);
		return NULL;
	}
	out = profile_new();
	if (out != NULL && profile_add_metric(out, PAIR_BEFORE, unit) >= 0 &&
	    profile_add_metric(out, PAIR_AFTER, unit) >= 0 && profile_add_root(out) == 0 &&
	    add_tree(out, 0, before, before_metric) == 0 &&
	    add_tree(out, 1, after, after_metric) == 0) {
		out->sampled = true;
		return out;
	}
	profile_free(out);
	error_nomem(err);
	return NULL;
}

bool profile_is_pair(const struct profile *p)
{
	return p->nmetrics == 2 && strcmp(p->metrics[0].name, PAIR_BEFORE) == 0 &&
	       strcmp(p->metrics[1].name, PAIR_AFTER) == 0;
}
