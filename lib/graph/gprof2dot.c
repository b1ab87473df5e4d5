#include "graph/gprof2dot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "graph/build.h"
#include "profile/derive.h"

enum {
	SHOWN_NAME = 120,  /* characters of a name in a picture */
	WRITTEN_NAME = 4096 /* and in the file, as dot's scanner has a limit */
};

/* Which functions are one, and the first of each; NULL where each is for itself. */
struct groups {
	uint32_t *of, *first;
	uint32_t n;
};

static void groups_release(struct groups *g)
{
	mem_free(g->of);
	mem_free(g->first);
}

static bool same_key(const struct function *a, const struct function *b)
{
	return a->file == b->file && a->line == b->line && a->name == b->name;
}

static int groups_init(struct groups *g, const struct profile *p)
{
	struct map index = MAP_INIT;
	bool grouped = false;
	int rc = -1;

	for (uint32_t i = 0; i < p->nfunctions && !grouped; i++)
		grouped = p->functions[i].qualname != p->functions[i].name;
	g->n = p->nfunctions;
	if (!grouped)
		return 0;
	g->n = 0;
	g->of = mem_array(NULL, p->nfunctions, sizeof *g->of);
	g->first = mem_array(NULL, p->nfunctions, sizeof *g->first);
	if (g->of == NULL || g->first == NULL)
		goto done;
	for (uint32_t i = 0; i < p->nfunctions; i++) {
		const struct function *f = &p->functions[i];
		uint64_t key = map_mix((uintptr_t)f->file ^ map_mix((uintptr_t)f->name)) + f->line;
		size_t at = 0;
		uint32_t k;

		while ((k = map_find(&index, key, &at)) != MAP_NONE)
			if (same_key(&p->functions[g->first[k]], f))
				break;
		if (k == MAP_NONE) {
			k = g->n++;
			g->first[k] = i;
			if (map_add(&index, key, k) < 0)
				goto done;
		}
		g->of[i] = k;
	}
	rc = 0;
done:
	map_release(&index);
	return rc;
}

static double ratio(int64_t part, int64_t whole)
{
	double r = whole != 0 ? (double)part / (double)whole : 1;

	return r < 0 ? 0 : fmin(r, 1);
}

/* The name of the file without folders and ending. */
static void write_module(struct buf *out, const char *file)
{
	const char *base = strrchr(file, '/'), *dot;
	size_t dots;

	base = base ? base + 1 : file;
	dots = strspn(base, ".");
	dot = strrchr(base + dots, '.');
	buf_add(out, base, dot ? (size_t)(dot - base) : strlen(base));
}

void gprof2dot_name(struct buf *out, const struct function *f)
{
	write_module(out, f->file);
	buf_addc(out, ':');
	buf_addu(out, f->line);
	buf_addc(out, ':');
	buf_adds(out, f->name);
}

/* The first characters of a text, an ellipsis for the rest. */
static void cut(struct buf *text, size_t most)
{
	const char *s = buf_str(text);
	size_t i = 0, n = 0;

	for (; s[i] != '\0'; i++)
		if (((unsigned char)s[i] & 0xC0) != 0x80 && n++ == most - 1)
			break;
	if (text->failed || s[i] == '\0' || text_width(s) < most)
		return;
	text->len = i;
	buf_adds(text, "\xe2\x80\xa6");
}

static int name_nodes(struct graph *g)
{
	struct buf raw = BUF_INIT, name = BUF_INIT;

	for (uint32_t i = 0; i < g->nnodes; i++) {
		struct graph_node *n = &g->nodes[i];

		buf_clear(&raw);
		buf_clear(&name);
		gprof2dot_name(&raw, n->function);
		text_printable(&name, buf_str(&raw));
		cut(&name, SHOWN_NAME);
		n->name = raw.failed || name.failed ? NULL
						    : arena_strdup(&g->arena, buf_str(&name));
		n->place = "";
		if (n->name == NULL)
			break;
	}
	buf_release(&raw);
	buf_release(&name);
	return g->nnodes == 0 || g->nodes[g->nnodes - 1].name != NULL ? 0 : -1;
}

static void fill(struct graph *g, const struct profile *p, const struct table *t,
		 const struct groups *groups, unsigned metric, double least)
{
	int64_t self = table_total(t, metric);

	g->total = graph_total(t, metric, 0);
	for (uint32_t i = 0; i < g->nnodes; i++) {
		struct graph_node *n = &g->nodes[i];

		n->function = &p->functions[groups->first ? groups->first[i] : i];
		n->cost = graph_cost_of(table_function(t, i), metric);
		n->share = ratio(n->cost.cum, g->total);
		n->self_share = ratio(n->cost.self, self);
	}
	for (uint32_t i = 0; i < t->narcs; i++) {
		const struct arc *arc = table_arc_at(t, i);
		struct graph_cost cost = graph_cost_of(&arc->totals, metric);
		double share = ratio(cost.cum, g->total);

		if (share >= least)
			g->edges[g->nedges++] = (struct graph_edge){
				.caller = arc->caller, .callee = arc->callee,
				.cost = cost, .share = share
			};
	}
	g->narcs = t->narcs;
}

/* It numbers functions as it meets them in the file: each, and then its callers. */
static int number_nodes(struct graph *g, const struct table *t)
{
	uint32_t *ends = mem_zalloc((t->nfunctions + 1) * sizeof *ends);
	uint32_t *callers = mem_array(NULL, t->narcs, sizeof *callers);
	uint32_t next = 0, k = 0;
	int rc = -1;

	if (ends == NULL || callers == NULL)
		goto done;
	for (uint32_t i = 0; i < t->narcs; i++)
		ends[table_arc_at(t, i)->callee + 1]++;
	for (uint32_t i = 1; i <= t->nfunctions; i++)
		ends[i] += ends[i - 1];
	for (uint32_t i = 0; i < t->narcs; i++) {
		const struct arc *arc = table_arc_at(t, i);

		callers[ends[arc->callee]++] = arc->caller;
	}
	for (uint32_t i = 0; i < t->nfunctions; i++)
		g->nodes[i].id = PROFILE_NONE;
	for (uint32_t i = 0; i < t->nfunctions; i++) {
		if (g->nodes[i].id == PROFILE_NONE)
			g->nodes[i].id = next++;
		for (; k < ends[i]; k++)
			if (g->nodes[callers[k]].id == PROFILE_NONE)
				g->nodes[callers[k]].id = next++;
	}
	rc = 0;
done:
	mem_free(ends);
	mem_free(callers);
	return rc;
}

int gprof2dot_build(struct graph *out, const struct profile *p,
		    const struct graph_options *options, struct error *err)
{
	struct graph_options own = *options;
	struct groups groups = { NULL, NULL, 0 };
	struct table derived = TABLE_INIT;
	const struct table *t;
	uint32_t *place = NULL;
	int rc = -1;

	own.weightless = true;
	memset(out, 0, sizeof *out);
	if (groups_init(&groups, p) < 0) {
		error_nomem(err);
		goto done;
	}
	if (derive_view(&t, &derived, p, groups.of, groups.n, err) < 0 ||
	    graph_begin(out, p, options->metric, groups.n, t->narcs, err) < 0)
		goto done;
	if (p->nmetrics != 0)
		fill(out, p, t, &groups, options->metric, options->min_edge / 100);
	place = mem_array(NULL, groups.n, sizeof *place);
	if (place == NULL || number_nodes(out, t) < 0) {
		error_nomem(err);
		goto done;
	}
	if (graph_prune(out, &own, place, err) < 0 || graph_thin_out(out, &own, err) < 0)
		goto done;
	rc = name_nodes(out) < 0 ? error_nomem(err) : 0;
done:
	groups_release(&groups);
	table_release(&derived);
	mem_free(place);
	if (rc < 0)
		graph_release(out);
	return rc;
}

static double hue(double m1, double m2, double h)
{
	if (h < 0)
		h += 1;
	else if (h > 1)
		h -= 1;
	if (h * 6 < 1)
		return m1 + (m2 - m1) * h * 6;
	if (h * 2 < 1)
		return m2;
	if (h * 3 < 2)
		return m1 + (m2 - m1) * (2.0 / 3.0 - h) * 6;
	return m1;
}

static unsigned channel(double value)
{
	return value <= 0 ? 0 : value >= 1 ? 255 : (unsigned)(255 * value + 0.5);
}

unsigned gprof2dot_colour(double share)
{
	double w = fmin(fmax(share, 0), 1);
	double h = 2.0 / 3.0 + w * (0.0 - 2.0 / 3.0), s = 0.80 + w * (1.0 - 0.80);
	double l = 0.25 + w * (0.5 - 0.25);
	double m2 = l <= 0.5 ? l * (s + 1) : l + s - l * s, m1 = l * 2 - m2;

	return channel(hue(m1, m2, h + 1.0 / 3.0)) << 16 | channel(hue(m1, m2, h)) << 8 |
	       channel(hue(m1, m2, h - 1.0 / 3.0));
}

/* printf takes its time, and writes a comma in some languages. */
static void add_hundredths(struct buf *out, double value)
{
	char text[64];
	uint64_t hundredths;
	int n;

	if (text_scale(value, 100, &hundredths)) {
		buf_addu(out, hundredths / 100);
		buf_addc(out, '.');
		buf_addc(out, (char)('0' + hundredths / 10 % 10));
		buf_addc(out, (char)('0' + hundredths % 10));
		return;
	}
	n = snprintf(text, sizeof text, "%.2f", value);
	if (n > 3 && n < (int)sizeof text)
		text[n - 3] = '.';
	buf_adds(out, text);
}

void gprof2dot_percent(struct buf *out, double share)
{
	add_hundredths(out, share * 100);
	buf_addc(out, '%');
}

/* "#0d7f1a"; printf is most of what a file of dot's costs. */
static void add_colour(struct buf *out, unsigned colour)
{
	buf_addc(out, '#');
	for (int shift = 20; shift >= 0; shift -= 4)
		buf_addc(out, "0123456789abcdef"[colour >> shift & 0xF]);
}

static void add_quoted(struct buf *out, const char *s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789";

	if (*s != '\0' && s[strspn(s, letters)] == '\0' && strncmp(s, "0x", 2) != 0) {
		buf_adds(out, s);
		return;
	}
	buf_addc(out, '"');
	for (; *s != '\0'; s++) {
		if (*s == '\n')
			buf_adds(out, "\\n");
		else if (*s == '\t')
			buf_adds(out, "\\t");
		else if (*s == '"' || *s == '\\')
			buf_addc(out, '\\'), buf_addc(out, *s);
		else
			buf_addc(out, *s);
	}
	buf_addc(out, '"');
}

static void add_length(struct buf *out, const char *name, double value)
{
	buf_adds(out, ", ");
	buf_adds(out, name);
	buf_adds(out, "=\"");
	add_hundredths(out, value);
	buf_addc(out, '"');
}

/* As gprof2dot, but for what would be obeyed by a terminal that shows the file. */
static void add_name(struct buf *label, const struct function *f)
{
	struct buf name = BUF_INIT;

	gprof2dot_name(&name, f);
	buf_clear(label);
	text_printable(label, buf_str(&name));
	cut(label, WRITTEN_NAME);
	label->failed = label->failed || name.failed;
	buf_release(&name);
}

static void write_node(struct buf *out, const struct graph *g, const struct graph_node *n,
		       struct buf *label)
{
	add_name(label, n->function);
	buf_addc(label, '\n');
	gprof2dot_percent(label, n->share);
	buf_adds(label, "\n(");
	gprof2dot_percent(label, n->self_share);
	buf_addc(label, ')');
	if (!g->sampled) {
		buf_addc(label, '\n');
		buf_addu(label, n->cost.ncalls);
		buf_adds(label, "\xc3\x97");
	}
	buf_addc(out, '\t');
	buf_addu(out, n->id);
	buf_adds(out, " [color=\"");
	add_colour(out, gprof2dot_colour(n->share));
	buf_adds(out, "\", fontcolor=\"#ffffff\", fontsize=\"10.00\", label=");
	add_quoted(out, buf_str(label));
	buf_adds(out, ", tooltip=");
	out->failed = out->failed || label->failed;
	buf_clear(label);
	text_printable(label, n->function->file);
	add_quoted(out, buf_str(label));
	buf_adds(out, "];\n");
	out->failed = out->failed || label->failed;
}

static void write_edge(struct buf *out, const struct graph *g, const struct graph_edge *e)
{
	double width = fmax(e->share * 4.0, 0.5);
	unsigned colour = gprof2dot_colour(e->share);

	buf_addc(out, '\t');
	buf_addu(out, g->nodes[e->caller].id);
	buf_adds(out, " -> ");
	buf_addu(out, g->nodes[e->callee].id);
	buf_adds(out, " [arrowsize=\"");
	add_hundredths(out, 0.5 * sqrt(width));
	buf_adds(out, "\", color=\"");
	add_colour(out, colour);
	buf_adds(out, "\", fontcolor=\"");
	add_colour(out, colour);
	buf_adds(out, "\", fontsize=\"10.00\", label=\"");
	gprof2dot_percent(out, e->share);
	if (!g->sampled) {
		buf_adds(out, "\\n");
		buf_addu(out, e->cost.nprimitive);
		buf_adds(out, "\xc3\x97");
	}
	buf_addc(out, '"');
	add_length(out, "labeldistance", width);
	add_length(out, "penwidth", width);
	buf_adds(out, "];\n");
}

static int by_id(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Both in the order of numbers: nodes by their own, edges by caller and callee, each
 * node with its edges behind it. */
static int write_all(struct buf *out, const struct graph *g)
{
	uint64_t *nodes = mem_array(NULL, g->nnodes, sizeof *nodes);
	uint64_t *pairs = mem_array(NULL, g->nedges, sizeof *pairs);
	struct map index = MAP_INIT;
	struct buf label = BUF_INIT;
	uint32_t k = 0;
	int rc = -1;

	if (nodes == NULL || pairs == NULL)
		goto done;
	for (uint32_t i = 0; i < g->nnodes; i++)
		nodes[i] = map_pair(g->nodes[i].id, i);
	for (uint32_t i = 0; i < g->nedges; i++) {
		const struct graph_edge *e = &g->edges[i];

		pairs[i] = map_pair(g->nodes[e->caller].id,
				    g->nodes[e->callee].id);
		if (map_add(&index, pairs[i], i) < 0)
			goto done;
	}
	if (g->nnodes != 0)
		qsort(nodes, g->nnodes, sizeof *nodes, by_id);
	if (g->nedges != 0)
		qsort(pairs, g->nedges, sizeof *pairs, by_id);
	for (uint32_t i = 0; i < g->nnodes; i++) {
		write_node(out, g, &g->nodes[(uint32_t)nodes[i]], &label);
		for (; k < g->nedges && pairs[k] >> 32 == nodes[i] >> 32; k++)
			write_edge(out, g, &g->edges[map_get(&index, pairs[k])]);
	}
	rc = out->failed ? -1 : 0;
done:
	mem_free(nodes);
	mem_free(pairs);
	map_release(&index);
	buf_release(&label);
	return rc;
}

int gprof2dot_write(struct buf *out, const struct profile *p,
		    const struct graph_options *options, struct error *err)
{
	struct graph_options own = *options;
	struct graph g;
	int rc;

	own.budget_ms = 0;
	if (gprof2dot_build(&g, p, &own, err) < 0)
		return -1;
	buf_adds(out, "digraph {\n\ttooltip=\" \"\n"
		 "\tgraph [fontname=Arial, nodesep=0.125, ranksep=0.25];\n"
		 "\tnode [fontcolor=white, fontname=Arial, height=0, shape=box, style=filled, "
		 "width=0];\n"
		 "\tedge [fontname=Arial];\n");
	rc = write_all(out, &g) < 0 ? error_nomem(err) : 0;
	buf_adds(out, "}\n");
	graph_release(&g);
	return rc;
}
