/* The one file that knows libgraphviz.
 *
 * Build: cflags and libs of `pkg-config libgvc libcgraph`, and the layout
 * plugin itself: -L$(pkg-config --variable=libdir libgvc)/graphviz with the
 * same folder as rpath, and -lgvplugin_dot_layout. Linked in, it is handed to
 * libgvc as a builtin: no configuration file is read, nothing is loaded at run
 * time, and pango and fontconfig, which cost more than the layout, stay out.
 *
 * Edge labels are not part of this layout: a label is a box, and every box on
 * an edge doubles the ranks, which makes the layout take three times as long
 * and the picture twice as high. They get their places afterwards. */
#include "graph/layout.h"

#include <gvc.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

extern gvplugin_library_t gvplugin_dot_layout_LTX_library;

/* The interface of graphviz 2 takes char * for what it only reads. */
#define TEXT(s) ((char *)(uintptr_t)(s))

enum { MOST_TURNS = 2, MANY_EDGES = 300 };

struct dot {
	GVC_t *gvc;
	Agraph_t *graph;
	bool laid_out;
	Agnode_t **nodes;
	Agedge_t **edges; /* NULL for those that are not laid out */
	uint8_t *users; /* how many of the graph's edges one of dot's stands for */
	uint32_t *edge_order, *order; /* see order.c */
	bool *turned;                 /* per edge: it leads upwards */
	struct link *links;
	uint32_t nlinks;
	int32_t *ranks;            /* per node */
	struct stagger *wanted;    /* per node */
	struct rank_place *places; /* per node */
	struct tracks tracks;
};

/* A length in inches of 72 pixels, as an attribute. Not by printf's %f, which
 * writes a comma in some languages. */
static void set_length(void *object, Agsym_t *attribute, double px)
{
	char text[32];
	long n = lround(px / 72.0 * 10000);

	snprintf(text, sizeof text, "%ld.%04ld", n / 10000, n % 10000);
	agxset(object, attribute, text);
}

static void set_graph_attributes(Agraph_t *g, bool many)
{
	const char *const attributes[][2] = {
		{ "nodesep", "0.15" }, /* 11 px between boxes */
		{ "ranksep", "0.5" },  /* 36 px; layout_spread changes it */
		/* Enough turns of the network simplex for a graph of some
		 * hundreds of nodes; without a bound they are two thirds of the
		 * time, for a picture no narrower. */
		{ "nslimit", "0.5" },
		/* To find an order with fewer crossings; past some hundred lines
		 * nobody counts them. */
		{ "mclimit", many ? "0.1" : "0.5" },
		/* The edges' ways are found in route.c. */
		{ "splines", "" },
		{ "phase", "3" },
	};

	for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++)
		agattr(g, AGRAPH, TEXT(attributes[i][0]), TEXT(attributes[i][1]));
	/* As large as the boxes, and without corners whose angles are computed. */
	agattr(g, AGNODE, TEXT("shape"), TEXT("ellipse"));
	agattr(g, AGNODE, TEXT("fixedsize"), TEXT("true"));
	agattr(g, AGNODE, TEXT("label"), TEXT(""));
}

static void add_nodes(struct dot *dot, const struct graph *g, const struct layout *l)
{
	Agsym_t *width = agattr(dot->graph, AGNODE, TEXT("width"), TEXT("1"));
	Agsym_t *height = agattr(dot->graph, AGNODE, TEXT("height"), TEXT("1"));

	for (uint32_t k = 0; k < g->nnodes; k++) {
		uint32_t i = dot->order[k];
		char name[16];

		snprintf(name, sizeof name, "%u", k);
		dot->nodes[i] = agnode(dot->graph, name, 1);
		set_length(dot->nodes[i], width, l->nodes[i].w);
		set_length(dot->nodes[i], height, l->nodes[i].h);
	}
}

static void set_integer(void *object, Agsym_t *attribute, unsigned value)
{
	char text[16];

	snprintf(text, sizeof text, "%u", value);
	agxset(object, attribute, text);
}

/* What matters most is drawn straightest; in steps, so that a little more or less makes
 * no other picture. */
static unsigned weight_of(const struct graph_edge *e)
{
	unsigned heavy = 1;

	while (heavy < 16 && heavy < 20 * e->share)
		heavy *= 2;
	return heavy;
}

static uint32_t upper_end(const struct dot *dot, const struct graph *g, uint32_t edge)
{
	return dot->turned[edge] ? g->edges[edge].callee : g->edges[edge].caller;
}

static uint32_t lower_end(const struct dot *dot, const struct graph *g, uint32_t edge)
{
	return dot->turned[edge] ? g->edges[edge].caller : g->edges[edge].callee;
}

/* As long as the ranks say, so that dot finds nothing to change in them. */
static Agedge_t *add_link(struct dot *dot, uint32_t upper, uint32_t lower, unsigned heavy,
			  Agsym_t *weight, Agsym_t *minlen)
{
	Agedge_t *link = agedge(dot->graph, dot->nodes[upper], dot->nodes[lower], NULL, 1);

	set_integer(link, weight, heavy);
	set_integer(link, minlen, (unsigned)(dot->ranks[lower] - dot->ranks[upper]));
	return link;
}

/* Of two opposite edges one is added for both. Last those that nobody sees. */
static void add_edges(struct dot *dot, const struct graph *g)
{
	Agsym_t *weight = agattr(dot->graph, AGEDGE, TEXT("weight"), TEXT("1"));
	Agsym_t *minlen = agattr(dot->graph, AGEDGE, TEXT("minlen"), TEXT("1"));

	for (uint32_t k = 0; k < g->nedges; k++) {
		uint32_t i = dot->edge_order[k];
		uint32_t upper = upper_end(dot, g, i), lower = lower_end(dot, g, i);

		if (upper == lower)
			continue;
		dot->edges[i] = agfindedge(dot->graph, dot->nodes[upper], dot->nodes[lower]);
		if (dot->edges[i] == NULL)
			dot->edges[i] = add_link(dot, upper, lower, weight_of(&g->edges[i]),
						 weight, minlen);
		dot->users[AGSEQ(dot->edges[i])]++;
	}
	for (uint32_t k = 0; k < g->nnodes; k++) {
		uint32_t i = dot->order[k];

		if (dot->wanted[i].below != PROFILE_NONE)
			add_link(dot, dot->wanted[i].below, i, 1, weight, minlen);
	}
}

static uint32_t spot_of(const struct tracks *t, Agnode_t *v)
{
	return t->ranks[ND_rank(v)] + (uint32_t)ND_order(v);
}

/* Nodes were moved to where the picture begins, and what passes between them was not: by
 * how much is known from the order they have. */
static double lines_shift(const struct tracks *t, const struct layout *l)
{
	double least = -INFINITY, most = INFINITY;

	for (uint32_t rank = 0; rank < t->nranks; rank++)
		for (uint32_t i = t->ranks[rank] + 1; i < t->ranks[rank + 1]; i++) {
			const struct spot *a = &t->spots[i - 1], *b = &t->spots[i];

			if (a->node != TRACKS_NONE && b->node == TRACKS_NONE)
				least = fmax(least, l->nodes[a->node].x + l->nodes[a->node].w - b->x);
			else if (a->node == TRACKS_NONE && b->node != TRACKS_NONE)
				most = fmin(most, l->nodes[b->node].x - a->x);
		}
	if (isinf(least) || isinf(most))
		return isinf(least) ? isinf(most) ? 0 : most : least;
	return (least + most) / 2;
}

static int read_ranks(struct dot *dot, struct layout *l, uint32_t nnodes, uint32_t nedges)
{
	struct tracks *t = &dot->tracks;
	rank_t *ranks = GD_rank(dot->graph);
	uint32_t n = 0;
	double shift;

	t->nranks = (uint32_t)GD_maxrank(dot->graph) + 1;
	for (uint32_t rank = 0; rank < t->nranks; rank++)
		n += (uint32_t)ranks[rank].n;
	t->ranks = arena_alloc(&t->arena, (t->nranks + 1) * sizeof *t->ranks);
	t->spots = arena_alloc(&t->arena, n * sizeof *t->spots);
	t->edges = arena_alloc(&t->arena, nedges * sizeof *t->edges);
	if (t->ranks == NULL || t->spots == NULL || t->edges == NULL)
		return -1;
	n = 0;
	for (uint32_t rank = 0; rank < t->nranks; rank++) {
		t->ranks[rank] = n;
		for (int i = 0; i < ranks[rank].n; i++)
			t->spots[n++] = (struct spot){ ND_coord(ranks[rank].v[i]).x, TRACKS_NONE,
						       TRACKS_NONE, TRACKS_NONE };
	}
	t->ranks[t->nranks] = n;
	for (uint32_t k = 0; k < nnodes; k++)
		t->spots[spot_of(t, dot->nodes[k])].node = k;
	shift = lines_shift(t, l);
	for (uint32_t i = 0; i < n; i++)
		t->spots[i].x += shift;
	return 0;
}

/* dot makes a chain of nodes of its own of an edge, one for each rank on the way, from
 * the upper end to the lower one. */
static void read_chain(struct tracks *t, struct track *track, Agedge_t *link)
{
	uint32_t above = track->top, spot;

	for (;; link = ND_out(aghead(link)).list[0]) {
		spot = spot_of(t, aghead(link));
		if (above == track->top)
			track->first = spot;
		else
			t->spots[above].down = spot;
		if (spot == track->bottom)
			return;
		t->spots[spot].up = above;
		above = spot;
	}
}

static void read_track(struct dot *dot, const struct graph *g, uint32_t i)
{
	const struct graph_edge *e = &g->edges[i];
	struct tracks *t = &dot->tracks;
	struct track *track = &t->edges[i];
	Agnode_t *upper = dot->nodes[upper_end(dot, g, i)];
	Agnode_t *lower = dot->nodes[lower_end(dot, g, i)];

	*track = (struct track){ .top = TRACKS_NONE };
	if (dot->edges[i] == NULL || ED_to_virt(dot->edges[i]) == NULL)
		return;
	track->upwards = dot->turned[i];
	track->top = spot_of(t, upper);
	track->bottom = spot_of(t, lower);
	track->rank = (uint32_t)ND_rank(upper);
	if (dot->users[AGSEQ(dot->edges[i])] > 1)
		track->aside = dot->turned[i] ? 1 : -1;
	track->head = 6 + 6 * sqrt(fmin(e->share, 1)); /* it grows with the line */
	read_chain(t, track, ED_to_virt(dot->edges[i]));
}

static int read_back(struct layout *l, struct dot *dot, const struct graph *g, struct error *err)
{
	double top = GD_bb(dot->graph).UR.y;

	for (uint32_t i = 0; i < g->nnodes; i++) {
		pointf centre = ND_coord(dot->nodes[i]);

		l->nodes[i].x = centre.x - l->nodes[i].w / 2;
		l->nodes[i].y = top - centre.y - l->nodes[i].h / 2;
	}
	if (read_ranks(dot, l, g->nnodes, g->nedges) < 0)
		return error_nomem(err);
	for (uint32_t i = 0; i < g->nedges; i++)
		read_track(dot, g, i);
	return 0;
}

static int run_dot(struct dot *dot, const struct graph *g, const struct layout *l,
		   struct error *err)
{
	static lt_symlist_t builtins[] = {
		{ "gvplugin_dot_layout_LTX_library", &gvplugin_dot_layout_LTX_library },
		{ NULL, NULL }
	};

	dot->gvc = gvContextPlugins(builtins, 0);
	dot->graph = agopen(TEXT("g"), Agdirected, NULL);
	if (dot->gvc == NULL || dot->graph == NULL)
		return error_nomem(err);
	set_graph_attributes(dot->graph, g->nedges >= MANY_EDGES);
	add_nodes(dot, g, l);
	add_edges(dot, g);
	if (gvLayout(dot->gvc, dot->graph, "dot") != 0)
		return error_set(err, ERR_REFUSED, "libgraphviz could not lay out the graph");
	dot->laid_out = true;
	return 0;
}

static int dot_init(struct dot *dot, const struct graph *g, struct error *err)
{
	dot->nodes = mem_zalloc(g->nnodes * sizeof *dot->nodes);
	dot->edges = mem_zalloc(g->nedges * sizeof *dot->edges);
	dot->users = mem_zalloc((size_t)g->nedges + 1); /* they are counted from 1 */
	dot->wanted = mem_array(NULL, g->nnodes, sizeof *dot->wanted);
	dot->places = mem_array(NULL, g->nnodes, sizeof *dot->places);
	dot->ranks = mem_array(NULL, g->nnodes, sizeof *dot->ranks);
	dot->links = mem_array(NULL, (size_t)g->nedges + g->nnodes, sizeof *dot->links);
	dot->turned = mem_zalloc(g->nedges * sizeof *dot->turned);
	dot->order = mem_array(NULL, g->nnodes, sizeof *dot->order);
	dot->edge_order = mem_array(NULL, g->nedges, sizeof *dot->edge_order);
	if (dot->nodes == NULL || dot->edges == NULL || dot->users == NULL ||
	    dot->wanted == NULL || dot->places == NULL || dot->ranks == NULL ||
	    dot->links == NULL || dot->turned == NULL || dot->order == NULL || dot->edge_order == NULL ||
	    layout_order(g, dot->order, dot->edge_order) < 0 ||
	    layout_turn(dot->turned, g, dot->order, dot->edge_order) < 0)
		return error_nomem(err);
	for (uint32_t i = 0; i < g->nnodes; i++)
		dot->wanted[i] = (struct stagger){ 0, PROFILE_NONE };
	return 0;
}

/* Some hundred bytes of its list of plugins are never given back by libgvc. */
static void dot_release(struct dot *dot)
{
	if (dot->laid_out)
		gvFreeLayout(dot->gvc, dot->graph);
	if (dot->graph != NULL)
		agclose(dot->graph);
	if (dot->gvc != NULL)
		gvFreeContext(dot->gvc);
	mem_free(dot->nodes);
	mem_free(dot->edges);
	mem_free(dot->users);
	mem_free(dot->wanted);
	mem_free(dot->places);
	mem_free(dot->ranks);
	mem_free(dot->links);
	mem_free(dot->turned);
	mem_free(dot->order);
	mem_free(dot->edge_order);
	arena_release(&dot->tracks.arena);
}

static void fill_links(struct dot *dot, const struct graph *g)
{
	dot->nlinks = 0;
	for (uint32_t k = 0; k < g->nedges; k++) {
		uint32_t i = dot->edge_order[k];
		uint32_t upper = upper_end(dot, g, i), lower = lower_end(dot, g, i);

		if (upper != lower)
			dot->links[dot->nlinks++] = (struct link){
				upper, lower, 1 + dot->wanted[lower].down,
				weight_of(&g->edges[i])
			};
	}
	for (uint32_t i = 0; i < g->nnodes; i++)
		if (dot->wanted[i].below != PROFILE_NONE)
			dot->links[dot->nlinks++] = (struct link){ dot->wanted[i].below, i, 1, 1 };
}

/* Finds the ranks, those that are too wide for a page being made several. dot's own ranks
 * would be as short, in ten times the time. */
static int find_ranks(struct dot *dot, const struct graph *g, const struct layout *l, bool wide,
		      struct error *err)
{
	for (int turn = 0;; turn++) {
		bool any;

		fill_links(dot, g);
		if (layout_rank(dot->ranks, g->nnodes, dot->links, dot->nlinks) < 0)
			return error_nomem(err);
		if (wide || turn == MOST_TURNS)
			return 0;
		for (uint32_t k = 0; k < g->nnodes; k++)
			dot->places[dot->order[k]] = (struct rank_place){
				dot->ranks[dot->order[k]], k
			};
		if (layout_stagger(l, g, dot->places, dot->wanted, &any, err) < 0)
			return -1;
		if (!any)
			return 0;
	}
}

static int lay_out(struct dot *dot, const struct graph *g, struct layout *l, bool wide,
		   struct error *err)
{
	if (find_ranks(dot, g, l, wide, err) < 0 || run_dot(dot, g, l, err) < 0)
		return -1;
	return read_back(l, dot, g, err);
}

/* How much height a gap between ranks needs depends on the ways through it, and those on
 * the heights. */
static int find_ways(struct layout *l, const struct graph *g, struct tracks *t,
		     struct error *err)
{
	if (layout_route(l, t, g->nedges, err) < 0 || layout_spread(l, g, err) < 0 ||
	    layout_route(l, t, g->nedges, err) < 0)
		return -1;
	return layout_bend(l, g->nedges, err);
}

/* What graphviz has to say is said by its return value; nothing is printed. */
static int swallow(char *message)
{
	(void)message;
	return 0;
}

static int layout_init(struct layout *l, const struct graph *g, const struct layout_sizes *sizes,
		       struct error *err)
{
	memset(l, 0, sizeof *l);
	l->nodes = arena_zalloc(&l->arena, g->nnodes * sizeof *l->nodes);
	l->edges = arena_zalloc(&l->arena, g->nedges * sizeof *l->edges);
	if (l->nodes == NULL || l->edges == NULL)
		return error_nomem(err);
	for (uint32_t i = 0; i < g->nnodes; i++)
		sizes->node(sizes->arg, i, &l->nodes[i].w, &l->nodes[i].h);
	for (uint32_t i = 0; i < g->nedges; i++)
		sizes->label(sizes->arg, i, &l->edges[i].label.w, &l->edges[i].label.h);
	return 0;
}

/* Moves everything so that it begins at 0, and measures it. */
static void fit(struct layout *l, const struct graph *g)
{
	double left = INFINITY, top = INFINITY, right = -INFINITY, bottom = -INFINITY;

#define REACH(px, py) \
	(left = fmin(left, px), right = fmax(right, px), top = fmin(top, py), \
	 bottom = fmax(bottom, py))
	for (uint32_t i = 0; i < g->nnodes; i++) {
		REACH(l->nodes[i].x, l->nodes[i].y);
		REACH(l->nodes[i].x + l->nodes[i].w, l->nodes[i].y + l->nodes[i].h);
	}
	for (uint32_t i = 0; i < g->nedges; i++) {
		const struct layout_edge *e = &l->edges[i];

		for (size_t k = 0; k < e->npoints; k++)
			REACH(e->points[k].x, e->points[k].y);
		if (e->npoints != 0) {
			REACH(e->label.x, e->label.y);
			REACH(e->label.x + e->label.w, e->label.y + e->label.h);
		}
	}
#undef REACH
	for (uint32_t i = 0; i < g->nnodes; i++) {
		l->nodes[i].x -= left;
		l->nodes[i].y -= top;
	}
	for (uint32_t i = 0; i < g->nedges; i++) {
		struct layout_edge *e = &l->edges[i];

		for (size_t k = 0; k < e->npoints; k++) {
			e->points[k].x -= left;
			e->points[k].y -= top;
		}
		e->tip.x -= left;
		e->tip.y -= top;
		e->label.x -= left;
		e->label.y -= top;
	}
	l->width = right - left;
	l->height = bottom - top;
}

int graph_layout(struct layout *out, const struct graph *g, const struct layout_sizes *sizes,
		 struct error *err)
{
	struct dot dot = { 0 };
	agerrlevel_t level;
	agusererrf said;
	int rc = -1;

	if (layout_init(out, g, sizes, err) < 0) {
		layout_release(out);
		return -1;
	}
	if (g->nnodes == 0)
		return 0;
	level = agseterr(AGMAX);
	said = agseterrf(swallow);
	if (dot_init(&dot, g, err) < 0 || lay_out(&dot, g, out, sizes->wide, err) < 0 ||
	    find_ways(out, g, &dot.tracks, err) < 0 || layout_place_labels(out, g, err) < 0)
		goto done;
	fit(out, g);
	rc = 0;
done:
	dot_release(&dot);
	agseterrf(said);
	agseterr(level);
	if (rc < 0)
		layout_release(out);
	return rc;
}

void layout_release(struct layout *l)
{
	arena_release(&l->arena);
	memset(l, 0, sizeof *l);
}
