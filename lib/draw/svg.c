/* A scene as SVG. A box or a line with its label is a group with a tooltip and, where
 * the file's name is a whole path, a link to the source; classes say which boxes a line
 * joins, so that the script, which is inside and asks nothing of a network, can show a
 * box's callers and callees, and find names. */
#include "draw/scene.h"

#include <math.h>
#include <string.h>

#include "base/text.h"
#include "base/version.h"
#include "draw/svg_script.h"
#include "draw/write.h"

struct svg {
	struct canvas canvas;
	struct buf *out;
	const struct scene *scene;
	double x, y; /* the origin */
	bool linked; /* the open group is within a link */
};

static struct svg *svg_of(struct canvas *c)
{
	return (struct svg *)(void *)c;
}

/* Tenths are enough, and printf would write a comma in some languages. */
static void add_number(struct buf *out, double value)
{
	long tenths = lround(value * 10);

	if (tenths < 0) {
		buf_addc(out, '-');
		tenths = -tenths;
	}
	buf_addu(out, (uint64_t)(tenths / 10));
	if (tenths % 10 != 0) {
		buf_addc(out, '.');
		buf_addc(out, (char)('0' + tenths % 10));
	}
}

static void add_attribute(struct buf *out, const char *name, double value)
{
	buf_printf(out, " %s=\"", name);
	add_number(out, value);
	buf_addc(out, '"');
}

static unsigned channel(double value)
{
	return (unsigned)lround(value * 255);
}

static void add_colour(struct buf *out, const char *name, struct colour c)
{
	buf_printf(out, " %s=\"#%02x%02x%02x\"", name, channel(c.r), channel(c.g), channel(c.b));
}

static void add_box(struct svg *s, const struct box *b)
{
	buf_adds(s->out, "<rect");
	add_attribute(s->out, "x", s->x + b->x);
	add_attribute(s->out, "y", s->y + b->y);
	add_attribute(s->out, "width", b->w);
	add_attribute(s->out, "height", b->h);
}

static void add_pen(struct buf *out, const struct pen *pen)
{
	add_colour(out, "stroke", pen->colour);
	add_attribute(out, "stroke-width", pen->width);
	if (pen->dash[0] > 0) {
		buf_adds(out, " stroke-dasharray=\"");
		add_number(out, pen->dash[0]);
		buf_addc(out, ' ');
		add_number(out, pen->dash[1]);
		buf_addc(out, '"');
	}
}

static void rect(struct canvas *c, const struct box *box, struct colour fill, double alpha)
{
	struct svg *s = svg_of(c);

	add_box(s, box);
	add_colour(s->out, "fill", fill);
	if (alpha < 1)
		buf_printf(s->out, " fill-opacity=\".%02u\"", (unsigned)lround(100 * alpha));
	buf_adds(s->out, "/>");
}

static void rounded(struct canvas *c, const struct box *box, double radius, struct colour fill,
		    const struct pen *edge)
{
	struct svg *s = svg_of(c);
	double in = edge ? edge->width / 2 : 0;

	add_box(s, &(struct box){ box->x + in, box->y + in, box->w - 2 * in, box->h - 2 * in });
	add_attribute(s->out, "rx", radius);
	add_colour(s->out, "fill", fill);
	if (edge != NULL)
		add_pen(s->out, edge);
	buf_adds(s->out, "/>");
}

static void add_point(struct svg *s, struct point p)
{
	add_number(s->out, s->x + p.x);
	buf_addc(s->out, ' ');
	add_number(s->out, s->y + p.y);
}

static void curve(struct canvas *c, const struct point *points, size_t npoints,
		  const struct pen *pen)
{
	struct svg *s = svg_of(c);

	buf_adds(s->out, "<path d=\"M");
	for (size_t i = 0; i < npoints; i++) {
		if (i != 0)
			buf_addc(s->out, i == 1 ? 'C' : ' ');
		add_point(s, points[i]);
	}
	buf_adds(s->out, "\" fill=\"none\"");
	add_pen(s->out, pen);
	buf_adds(s->out, "/>");
}

static void triangle(struct canvas *c, const struct point corners[3], struct colour fill)
{
	struct svg *s = svg_of(c);

	buf_adds(s->out, "<path d=\"M");
	for (int i = 0; i < 3; i++) {
		if (i != 0)
			buf_addc(s->out, 'L');
		add_point(s, corners[i]);
	}
	buf_adds(s->out, "Z\"");
	add_colour(s->out, "fill", fill);
	buf_adds(s->out, "/>");
}

static void polygon(struct canvas *c, const struct point *corners, size_t n, struct colour fill,
		    const struct pen *edge)
{
	struct svg *s = svg_of(c);

	buf_adds(s->out, "<path d=\"M");
	for (size_t i = 0; i < n; i++) {
		if (i != 0)
			buf_addc(s->out, 'L');
		add_point(s, corners[i]);
	}
	buf_adds(s->out, "Z\"");
	add_colour(s->out, "fill", fill);
	add_pen(s->out, edge);
	buf_adds(s->out, "/>");
}

/* As wide as it was measured, whatever font there is where it is looked at. */
static void text(struct canvas *c, enum style style, double x, double y, struct colour colour,
		 const char *words)
{
	struct svg *s = svg_of(c);

	if (*words == '\0')
		return;
	buf_printf(s->out, "<text class=\"s%d\"", (int)style);
	add_attribute(s->out, "x", round(s->x + x));
	add_attribute(s->out, "y", round(s->y + y) + c->fonts->ascent[style]);
	add_attribute(s->out, "textLength", fonts_width(c->fonts, style, words));
	add_colour(s->out, "fill", colour);
	buf_addc(s->out, '>');
	text_xml(s->out, words);
	buf_adds(s->out, "</text>");
}

static void move(struct canvas *c, double x, double y)
{
	svg_of(c)->x += x;
	svg_of(c)->y += y;
}

/* A path as a URL holds it; it may hold any byte but NUL. */
static void add_url(struct buf *out, const char *path)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._~/";

	for (; *path != '\0'; path++) {
		if (strchr(plain, *path) != NULL)
			buf_addc(out, *path);
		else
			buf_printf(out, "%%%02X", (unsigned)(unsigned char)*path);
	}
}

static void add_numbers(struct buf *out, const struct graph *g, const struct graph_node *n)
{
	write_share(out, n->share);
	buf_adds(out, ", ");
	write_value(out, g, g->is_diff && n->change == CHANGE_GONE ? n->before.cum : n->cost.cum);
	buf_adds(out, "\nself ");
	write_share(out, n->self_share);
	buf_adds(out, ", ");
	write_value(out, g, g->is_diff && n->change == CHANGE_GONE ? n->before.self
								   : n->cost.self);
	if (!g->sampled) {
		buf_adds(out, "\ncalled ");
		write_calls(out, n->change == CHANGE_GONE ? &n->before : &n->cost);
	}
}

static void open_node(struct svg *s, uint32_t index)
{
	const struct graph_node *n = &s->scene->graph->nodes[index];
	const char *file = n->function->file;

	s->linked = file[0] == '/' && !function_is_package(n->function);
	if (s->linked) {
		buf_adds(s->out, "<a href=\"file://");
		add_url(s->out, file);
		buf_adds(s->out, "\">");
	}
	buf_printf(s->out, "<g class=\"n\" id=\"n%u\"><title>", index);
	text_xml(s->out, n->name);
	buf_addc(s->out, '\n');
	if (n->place[0] != '\0') {
		text_xml(s->out, n->place);
		buf_addc(s->out, '\n');
	}
	add_numbers(s->out, s->scene->graph, n);
	buf_adds(s->out, "</title>");
}

static void open_edge(struct svg *s, uint32_t index)
{
	const struct graph *g = s->scene->graph;
	const struct graph_edge *e = &g->edges[index];

	buf_printf(s->out, "<g class=\"e f%u t%u\"><title>", e->caller, e->callee);
	text_xml(s->out, g->nodes[e->caller].name);
	buf_adds(s->out, " \xe2\x86\x92 ");
	text_xml(s->out, g->nodes[e->callee].name);
	if (e->skips)
		buf_adds(s->out, ", through functions that are not shown");
	buf_addc(s->out, '\n');
	text_xml(s->out, s->scene->labels[index]);
	buf_adds(s->out, "</title>");
}

static void open_part(struct canvas *c, enum part part, uint32_t index)
{
	if (part == PART_NODE)
		open_node(svg_of(c), index);
	else
		open_edge(svg_of(c), index);
}

static void close_part(struct canvas *c)
{
	struct svg *s = svg_of(c);

	buf_adds(s->out, s->linked ? "</g></a>\n" : "</g>\n");
	s->linked = false;
}

static void begin(struct svg *s)
{
	const struct theme *t = s->canvas.theme;
	double w = ceil(s->scene->w), h = ceil(s->scene->h);

	buf_printf(s->out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%ld\" "
		   "height=\"%ld\" viewBox=\"0 0 %ld %ld\">\n", lround(w), lround(h), lround(w),
		   lround(h));
	if (s->scene->request != NULL) {
		buf_adds(s->out, "<title>");
		text_xml(s->out, s->scene->request);
		buf_adds(s->out, "</title>\n");
	}
	buf_adds(s->out, "<desc>cprof " CPROF_VERSION);
	if (s->scene->commit != NULL) {
		buf_adds(s->out, ", commit ");
		text_xml(s->out, s->scene->commit);
	}
	buf_adds(s->out, "</desc>\n<style>text{font-family:'DejaVu Sans',Verdana,sans-serif;"
		 "white-space:pre}a{text-decoration:none}");
	for (int i = 0; i < NSTYLES; i++)
		buf_printf(s->out, ".s%d{font-size:%dpx%s}", i, (int)fonts_size((enum style)i),
			   fonts_bold((enum style)i) ? ";font-weight:bold" : "");
	buf_adds(s->out, svg_style);
	buf_adds(s->out, "</style>\n<rect width=\"100%\" height=\"100%\"");
	add_colour(s->out, "fill", t->paper);
	buf_adds(s->out, "/>\n");
}

/* The field for the search, in the corner that the title leaves free. */
static void end(struct svg *s)
{
	buf_printf(s->out, "<foreignObject x=\"%ld\" y=\"4\" width=\"%d\" height=\"30\">%s"
		   "</foreignObject>\n<script><![CDATA[%s]]></script>\n</svg>\n",
		   lround(ceil(s->scene->w)) - SVG_FIELD_WIDTH - 8, SVG_FIELD_WIDTH, svg_field,
		   svg_script);
}

static int svg_write(struct buf *out, struct scene *scene, struct error *err)
{
	static const struct canvas_ops ops = { rect, rounded, curve, triangle, polygon, text, move,
					       open_part, close_part };
	struct svg s = { { &ops, scene->theme, &scene->fonts }, out, scene, 0, 0, false };

	begin(&s);
	scene_draw(&s.canvas, scene, 0, scene->h);
	end(&s);
	return out->failed ? error_nomem(err) : 0;
}

const struct picture_format picture_svg = { 0, svg_write };
