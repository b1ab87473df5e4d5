/* show_tree.c -- the call tree as lines:
 *
 *       cum     self  calls
 *    738 ms  1.02 ms         GET /
 *    731 ms  12.0 us      1  |- Flask.wsgi_app  flask/app.py:1463
 *    729 ms  8.00 us      1  |  `- index  app.py:20
 *
 *    410 ms  10.0 us      2  {executor job}
 *    409 ms  409 ms       2  `- fetch  client.py:7
 *
 * What ran beside the request (a strand, see profile.h) is a root of its own.
 * Children come with the costliest first; what is below --min is one line,
 * when it comes to as much together. A
 * tree may be 50,000 deep: nothing here recurses, and of an indent only the
 * innermost part is printed.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "grid.h"
#include "profile/derive.h"
#include "show.h"

/* A node's children are children[first[node]..first[node + 1]): first the nshown
 * that are shown, costliest first, then the nhidden that --min leaves out, then
 * what the pattern does; last of the root's its strands, nstrands of them shown. */
struct tree {
	const struct show *show;
	const struct profile *p;
	int64_t *self;       /* nnodes rows of nmetrics */
	uint32_t *first;
	uint32_t *children;
	uint32_t *nshown, *nhidden; /* per node */
	int64_t *hidden_cum; /* per node: of its hidden children */
	uint32_t nstrands;
	uint8_t *kept;       /* by the pattern */
	uint32_t *next;      /* per level: the place in children to go on from */
	uint32_t *at;        /* per level: the node */
	int64_t least;       /* below it nothing is shown */
};

static int64_t cum_of(const struct tree *t, uint32_t node)
{
	return profile_node_cum(t->p, node)[t->show->metric];
}

static void tree_release(struct tree *t)
{
	mem_free(t->self);
	mem_free(t->first);
	mem_free(t->children);
	mem_free(t->nshown);
	mem_free(t->nhidden);
	mem_free(t->hidden_cum);
	mem_free(t->kept);
	mem_free(t->next);
	mem_free(t->at);
}

static bool matches_pattern(const struct show *show, const struct function *f)
{
	struct buf name = BUF_INIT;
	bool matches;

	if (!show->has_pattern)
		return true;
	function_name(&name, f);
	matches = pattern_found(&show->pattern, buf_str(&name));
	buf_release(&name);
	return matches;
}

/* Keeps what matches, what lies above it, and what lies below it. Parents stand
 * before their children. */
static int keep_matching(struct tree *t)
{
	const struct profile *p = t->p;
	uint8_t *matches = mem_zalloc(p->nfunctions);

	if (matches == NULL)
		return -1;
	for (uint32_t i = 0; i < p->nfunctions; i++)
		matches[i] = matches_pattern(t->show, &p->functions[i]);
	t->kept[0] = 1;
	for (uint32_t i = 1; i < p->nnodes; i++)
		t->kept[i] = matches[p->nodes[i].function] ||
			     (p->nodes[i].parent != 0 && t->kept[p->nodes[i].parent]);
	for (uint32_t i = p->nnodes; i-- > 1;)
		if (t->kept[i])
			t->kept[p->nodes[i].parent] = 1;
	mem_free(matches);
	return 0;
}

enum rank { SHOWN, HIDDEN, FILTERED, STRAND };

static enum rank rank_of(const struct tree *t, uint32_t node)
{
	if (!t->kept[node])
		return FILTERED;
	if (node_is_strand(t->p, node))
		return STRAND;
	return cum_of(t, node) >= t->least ? SHOWN : HIDDEN;
}

struct sortable {
	int64_t cum;
	uint32_t parent, node;
	enum rank rank;
};

static int by_parent_rank_cum(const void *a, const void *b)
{
	const struct sortable *x = a, *y = b;

	if (x->parent != y->parent)
		return x->parent < y->parent ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	if (x->cum != y->cum)
		return x->cum > y->cum ? -1 : 1;
	return x->node < y->node ? -1 : x->node > y->node;
}

static int sort_children(struct tree *t)
{
	uint32_t n = t->p->nnodes, parent = 0;
	struct sortable *s = mem_array(NULL, n, sizeof *s);

	if (s == NULL)
		return -1;
	for (uint32_t i = 1; i < n; i++)
		s[i - 1] = (struct sortable){ cum_of(t, i), t->p->nodes[i].parent, i,
					      rank_of(t, i) };
	qsort(s, n - 1, sizeof *s, by_parent_rank_cum);
	t->first[0] = 0;
	for (uint32_t i = 0; i + 1 < n; i++) {
		while (parent < s[i].parent)
			t->first[++parent] = i;
		t->children[i] = s[i].node;
		t->nshown[parent] += s[i].rank == SHOWN;
		t->nstrands += s[i].rank == STRAND;
		if (s[i].rank == HIDDEN) {
			t->nhidden[parent]++;
			t->hidden_cum[parent] += s[i].cum;
		}
	}
	while (parent < n)
		t->first[++parent] = n - 1;
	mem_free(s);
	return 0;
}

static int tree_init(struct tree *t, const struct show *show, struct error *err)
{
	const struct profile *p = show->profile;
	size_t n = p->nnodes;

	*t = (struct tree){ .show = show, .p = p };
	t->self = derive_node_self(p);
	t->first = mem_array(NULL, n + 1, sizeof *t->first);
	t->children = mem_array(NULL, n, sizeof *t->children);
	t->nshown = mem_zalloc(n * sizeof *t->nshown);
	t->nhidden = mem_zalloc(n * sizeof *t->nhidden);
	t->hidden_cum = mem_zalloc(n * sizeof *t->hidden_cum);
	t->kept = mem_zalloc(n);
	t->next = mem_array(NULL, n + 1, sizeof *t->next);
	t->at = mem_array(NULL, n + 1, sizeof *t->at);
	if (t->self == NULL || t->first == NULL || t->children == NULL || t->nshown == NULL ||
	    t->nhidden == NULL || t->hidden_cum == NULL || t->kept == NULL || t->next == NULL ||
	    t->at == NULL)
		return error_nomem(err);
	t->least = (int64_t)((double)cum_of(t, 0) * show->options->min / 100);
	if (keep_matching(t) < 0 || sort_children(t) < 0)
		return error_nomem(err);
	return 0;
}

static uint32_t shown_end(const struct tree *t, uint32_t node)
{
	return t->first[node] + t->nshown[node];
}

/* Whether what --min leaves out of a node is together worth a line. */
static bool hidden_matter(const struct tree *t, uint32_t node)
{
	return t->hidden_cum[node] != 0 && t->hidden_cum[node] >= t->least;
}

/* The lines of branches before a node on `level`; level 0 is the root. */
static void put_indent(struct buf *out, const struct tree *t, uint32_t level, bool last)
{
	const struct term *term = &t->show->term;
	uint32_t room = (term->width ? term->width / 3 : 120) / 2;
	uint32_t from = level > room ? level - room : 1;

	if (level == 0)
		return;
	if (from > 1)
		buf_adds(out, term->signs->ellipsis);
	for (uint32_t i = from; i < level; i++) {
		uint32_t parent = t->at[i - 1];
		bool more = t->next[i - 1] < shown_end(t, parent) || hidden_matter(t, parent);

		buf_adds(out, more ? term->signs->pipe : "  ");
	}
	buf_adds(out, last ? term->signs->last : term->signs->branch);
	buf_addc(out, ' ');
}

static void add_value(struct grid *g, const struct tree *t, int64_t value)
{
	const char *unit = t->p->metrics[t->show->metric].unit;
	struct buf text = BUF_INIT;

	if (strcmp(unit, "nanoseconds") == 0)
		text_time(&text, value);
	else if (strcmp(unit, "bytes") == 0 && value >= 0)
		text_size(&text, (uint64_t)value);
	else
		buf_printf(&text, "%lld", (long long)value);
	grid_add_buf(g, STYLE_PLAIN, &text);
	buf_release(&text);
}

static void add_node(struct grid *g, const struct tree *t, uint32_t level, bool last)
{
	uint32_t node = t->at[level];
	const struct show *show = t->show;
	struct buf text = BUF_INIT;
	int64_t total = cum_of(t, 0);

	add_value(g, t, cum_of(t, node));
	grid_addf(g, STYLE_DIM, "%.1f%%",
		  total ? (double)cum_of(t, node) * 100 / (double)total : 0.0);
	add_value(g, t, t->self[(size_t)node * t->p->nmetrics + show->metric]);
	if (node == 0 || t->p->sampled)
		grid_add(g, STYLE_PLAIN, "");
	else
		grid_addf(g, STYLE_PLAIN, "%llu", (unsigned long long)t->p->nodes[node].ncalls);
	put_indent(&text, t, level, last);
	if (node == 0)
		buf_adds(&text, show->subject->kind == PATH_FILE ? "(all)" : "(the request)");
	else
		function_label(&text, &t->p->functions[t->p->nodes[node].function]);
	grid_add_buf(g, show->has_pattern && node != 0 &&
		     matches_pattern(show, &t->p->functions[t->p->nodes[node].function])
		     ? STYLE_BOLD : STYLE_PLAIN, &text);
	buf_release(&text);
}

/* "(12 more, each below 1%)": what of a node's children is left out, as its
 * last child. */
static void add_hidden(struct grid *g, const struct tree *t, uint32_t level, bool all)
{
	uint32_t node = t->at[level], end = shown_end(t, node) + t->nhidden[node];
	uint32_t from = all ? t->first[node] : shown_end(t, node);
	struct buf text = BUF_INIT;
	int64_t cum = 0;

	if (from == end || (!all && !hidden_matter(t, node)))
		return;
	for (uint32_t i = from; i < end; i++)
		cum += cum_of(t, t->children[i]);
	add_value(g, t, cum);
	for (int i = 0; i < 3; i++)
		grid_add(g, STYLE_PLAIN, "");
	put_indent(&text, t, level + 1, true);
	buf_printf(&text, "(%u more, ", (unsigned)(end - from));
	if (all)
		buf_printf(&text, "deeper than %u)", t->show->options->depth);
	else
		buf_printf(&text, "each below %g%%)", t->show->options->min);
	grid_add_buf(g, STYLE_DIM, &text);
	buf_release(&text);
}

/* `visit` and `hidden` may see t->at. */
struct visitor {
	void *arg;
	void (*visit)(void *arg, struct tree *t, uint32_t level, bool last);
	void (*hidden)(void *arg, struct tree *t, uint32_t level, bool all);
};

/* Goes down into each child that is shown; what follows the last child of a
 * level is its line of hidden ones. */
static void walk_from(struct tree *t, uint32_t root, const struct visitor *v)
{
	uint32_t level = 0, depth = t->show->options->depth;

	t->at[0] = root;
	t->next[0] = t->first[root];
	v->visit(v->arg, t, 0, true);
	for (;;) {
		uint32_t node = t->at[level], place = t->next[level];
		bool too_deep = depth != 0 && level == depth;

		if (too_deep || place == shown_end(t, node)) {
			t->next[level] = shown_end(t, node);
			v->hidden(v->arg, t, level, too_deep);
			if (level-- == 0)
				return;
			continue;
		}
		t->next[level] = place + 1;
		level++;
		t->at[level] = t->children[place];
		t->next[level] = t->first[t->at[level]];
		v->visit(v->arg, t, level,
			 place + 1 == shown_end(t, node) && !hidden_matter(t, node));
	}
}

static void walk(struct tree *t, const struct visitor *v)
{
	uint32_t end = t->first[1];

	walk_from(t, 0, v);
	for (uint32_t i = end - t->nstrands; i < end; i++)
		walk_from(t, t->children[i], v);
}

struct text_walk {
	struct grid grid;
	unsigned limit;
	size_t nlines, nleft_out;
};

static void visit_text(void *arg, struct tree *t, uint32_t level, bool last)
{
	struct text_walk *w = arg;

	if (w->limit != 0 && w->nlines == w->limit) {
		w->nleft_out++;
		return;
	}
	w->nlines++;
	add_node(&w->grid, t, level, last);
}

static void hidden_text(void *arg, struct tree *t, uint32_t level, bool all)
{
	struct text_walk *w = arg;

	if (w->nleft_out == 0)
		add_hidden(&w->grid, t, level, all);
}

static const struct column columns[] = {
	{ .head = "cum", .right = true },
	{ .head = "", .right = true, .drop = 1 },
	{ .head = "self", .right = true },
	{ .head = "calls", .right = true },
	{ .head = "function", .least = 30 },
};

int tree_text(struct buf *out, const struct show *show, struct error *err)
{
	struct text_walk w = { .nlines = 0 };
	struct tree t;
	int rc = tree_init(&t, show, err);

	grid_init(&w.grid, columns, sizeof columns / sizeof columns[0]);
	if (rc < 0)
		goto done;
	w.limit = show->options->limit;
	walk(&t, &(struct visitor){ &w, visit_text, hidden_text });
	show_title(out, show);
	buf_addc(out, '\n');
	show_unit(out, show, "");
	show_focus(out, show, "");
	show_losses(out, show, "");
	buf_addc(out, '\n');
	grid_print(&w.grid, &show->term, out, false);
	if (w.nleft_out != 0)
		buf_printf(out, "(%zu more lines)\n", w.nleft_out);
	if (out->failed)
		rc = error_nomem(err);
done:
	grid_release(&w.grid);
	tree_release(&t);
	return rc;
}

struct json_walk {
	struct json_writer *w;
	uint32_t *index; /* per level: the node's place in the array */
	uint32_t n;
};

static void visit_json(void *arg, struct tree *t, uint32_t level, bool last)
{
	struct json_walk *j = arg;
	const struct node *node = &t->p->nodes[t->at[level]];
	const struct function *f = t->at[level] ? &t->p->functions[node->function] : NULL;

	(void)last;
	j->index[level] = j->n++;
	json_open_object(j->w, NULL);
	if (level != 0)
		json_add_int(j->w, "parent", j->index[level - 1]);
	else
		json_add_null(j->w, "parent");
	json_add_string(j->w, "file", f ? f->file : NULL);
	json_add_int(j->w, "line", f ? f->line : 0);
	json_add_string(j->w, "name", f ? f->name : NULL);
	json_add_string(j->w, "qualname", f ? f->qualname : NULL);
	show_json_calls(j->w, t->show, "calls", node->ncalls);
	json_add_int(j->w, "tottime",
		     t->self[(size_t)t->at[level] * t->p->nmetrics + t->show->metric]);
	json_add_int(j->w, "cumtime", cum_of(t, t->at[level]));
	json_close_object(j->w);
}

static void hidden_json(void *arg, struct tree *t, uint32_t level, bool all)
{
	(void)arg, (void)t, (void)level, (void)all;
}

int tree_json(struct json_writer *w, const struct show *show, struct error *err)
{
	struct json_walk j = { .w = w };
	struct tree t;
	int rc = tree_init(&t, show, err);

	if (rc < 0)
		goto done;
	j.index = mem_array(NULL, (size_t)t.p->nnodes + 1, sizeof *j.index);
	if (j.index == NULL) {
		rc = error_nomem(err);
		goto done;
	}
	json_open_array(w, "tree");
	walk(&t, &(struct visitor){ &j, visit_json, hidden_json });
	json_close_array(w);
done:
	mem_free(j.index);
	tree_release(&t);
	return rc;
}
