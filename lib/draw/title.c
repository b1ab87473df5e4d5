#include "draw/title.h"

#include <math.h>
#include <string.h>

#include "base/text.h"
#include "draw/write.h"

#define DOT "  \xc2\xb7  "

enum { COMMIT_CHARS = 10, LEGEND_GAP = 8, STATUS_GAP = 14 };

/* Takes over the buffer's text, made to fit and to be printable; NULL without
 * memory. */
static const char *take(struct buf *b, enum style style, double width, struct fonts *fonts,
			struct arena *arena)
{
	const char *s = b->failed ? NULL : arena_strdup(arena, buf_str(b));

	buf_clear(b);
	return s != NULL ? fonts_elide(fonts, style, s, width, ELIDE_END, arena) : NULL;
}

static int add_line(struct title *t, enum style style, struct colour colour, struct buf *b,
		    double width, struct fonts *fonts, struct arena *arena)
{
	const char *text;

	if (b->len == 0 && !b->failed)
		return 0;
	text = take(b, style, width, fonts, arena);
	if (text == NULL)
		return -1;
	t->lines[t->nlines++] = (struct title_line){ style, colour, text };
	t->h += fonts->height[style] + 2;
	return 0;
}

static void separate(struct buf *b)
{
	if (b->len != 0)
		buf_adds(b, DOT);
}

static void write_time(struct buf *b, const struct title_input *in)
{
	const struct caption *c = in->caption;
	const struct graph *g = in->graph;

	if (c->wall_ns > 0) {
		text_time(b, c->wall_ns);
		buf_adds(b, " wall");
	}
	if (g->total > 0 && !g->is_diff) {
		separate(b);
		buf_adds(b, "100% is ");
		write_value(b, g, g->total);
		if (strcmp(g->metric, "wall") != 0) {
			buf_adds(b, " (");
			text_printable(b, g->metric);
			buf_addc(b, ')');
		}
	}
	if (c->date != NULL) {
		separate(b);
		text_printable(b, c->date);
	}
}

static void write_commit(struct buf *b, const struct caption *c)
{
	if (c->commit != NULL) {
		struct buf hash = BUF_INIT;

		text_printable(&hash, c->commit);
		buf_adds(b, "commit ");
		buf_add(b, hash.data, hash.len < COMMIT_CHARS ? hash.len : COMMIT_CHARS);
		b->failed = b->failed || hash.failed;
		buf_release(&hash);
		if (c->dirty == 1)
			buf_adds(b, "+changes");
	}
	if (c->branch != NULL) {
		buf_adds(b, b->len ? " on " : "branch ");
		text_printable(b, c->branch);
	}
	if (c->subject != NULL) {
		separate(b);
		text_printable(b, c->subject);
	}
}

static void write_change(struct buf *b, const struct title_input *in)
{
	const struct graph *g = in->graph;

	write_value(b, g, g->total_before);
	buf_adds(b, " \xe2\x86\x92 ");
	write_value(b, g, g->total);
	buf_adds(b, "  (");
	write_delta(b, g, g->total - g->total_before);
	if (g->total_before > 0)
		buf_printf(b, ", %+.0f%%",
			   100.0 * ((double)g->total / (double)g->total_before - 1));
	buf_addc(b, ')');
}

static void write_side(struct buf *b, const char *which, const struct caption *c)
{
	size_t start;

	buf_adds(b, which);
	start = b->len;
	if (c->wall_ns > 0) {
		text_time(b, c->wall_ns);
		buf_adds(b, " wall");
	}
	if (c->date != NULL) {
		if (b->len != start)
			buf_adds(b, DOT);
		text_printable(b, c->date);
	}
	if (c->commit != NULL || c->branch != NULL || c->subject != NULL) {
		struct buf commit = BUF_INIT;

		if (b->len != start)
			buf_adds(b, DOT);
		write_commit(&commit, c);
		buf_add(b, commit.data, commit.len);
		b->failed = b->failed || commit.failed;
		buf_release(&commit);
	}
	if (b->len == start)
		b->len = 0; /* nothing is known of it */
}

static void write_functions(struct buf *b, const struct title_input *in)
{
	const struct graph *g = in->graph;
	uint32_t hidden = g->nfunctions - g->nnodes;

	text_count(b, g->nnodes);
	buf_adds(b, " of ");
	text_count(b, g->nfunctions);
	buf_adds(b, g->nfunctions == 1 ? " function" : " functions");
	if (in->options->collapse)
		buf_adds(b, " and libraries");
	if (hidden == 0)
		return;
	buf_adds(b, " (+");
	text_count(b, hidden);
	buf_adds(b, " hidden");
	if (g->ncut != 0) {
		buf_adds(b, ", ");
		text_count(b, g->ncut);
		buf_printf(b, " by the limit of %u", in->options->max_nodes);
	}
	if (g->nslow != 0) {
		buf_adds(b, ", ");
		text_count(b, g->nslow);
		buf_adds(b, " for want of time");
	}
	buf_addc(b, ')');
}

static void write_scale(struct buf *b, const struct title_input *in)
{
	buf_printf(b, "drawn at %d%% of its size", (int)(100 * in->scale));
}

static void write_arcs(struct buf *b, const struct title_input *in)
{
	const struct graph *g = in->graph;
	uint32_t drawn = 0;

	for (uint32_t i = 0; i < g->nedges; i++)
		drawn += !g->edges[i].skips;
	text_count(b, drawn);
	buf_adds(b, " of ");
	text_count(b, g->narcs);
	buf_adds(b, g->narcs == 1 ? " arc" : " arcs");
	if (g->ndense != 0) {
		buf_adds(b, " (");
		text_count(b, g->ndense);
		buf_adds(b, " left out, the lightest of too many)");
	}
}

/* Whether the picture is not what was asked for. */
static bool is_less(const struct title_input *in)
{
	return in->graph->nslow != 0 || in->graph->ndense != 0 || in->scale < 1;
}

void title_say_less(struct buf *out, const struct title_input *in)
{
	if (!is_less(in))
		return;
	if (in->graph->nslow != 0 || in->graph->ndense != 0) {
		write_functions(out, in);
		buf_adds(out, ", ");
		write_arcs(out, in);
	}
	if (in->scale < 1) {
		separate(out);
		write_scale(out, in);
	}
}

/* What is shown of how much: one line, or two where there is more to say. */
static int add_hidden(struct title *t, const struct title_input *in, double width,
		      struct fonts *fonts, struct arena *arena, struct buf *b)
{
	const struct graph *g = in->graph;

	if (g->nfunctions != 0)
		write_functions(b, in);
	if ((g->nslow != 0 || g->ndense != 0) &&
	    add_line(t, STYLE_TEXT, in->theme->dim, b, width, fonts, arena) < 0)
		return -1;
	if (g->narcs != 0) {
		if (b->len != 0)
			buf_adds(b, ", ");
		write_arcs(b, in);
	}
	if (in->scale < 1) {
		separate(b);
		write_scale(b, in);
	}
	return add_line(t, STYLE_TEXT, in->theme->dim, b, width, fonts, arena);
}

/* What the numbers do not hold is said on every output. */
static void write_loss(struct buf *b, const struct profile *p)
{
	if (p->nlost != 0) {
		text_count(b, p->nlost);
		buf_adds(b, " calls could not be recorded: their time is their callers' own");
	}
	if (p->nfolded != 0) {
		separate(b);
		text_count(b, p->nfolded);
		buf_adds(b, " calls of deep recursion are counted as one");
	}
}

static int make_first(struct title *t, const struct title_input *in, double width,
		      struct fonts *fonts, struct arena *arena, struct buf *b)
{
	const struct caption *c = in->caption;
	double status_width = 0;

	t->status = "";
	if (c->status != NULL && !in->graph->is_diff) {
		text_printable(b, c->status);
		t->status = take(b, STYLE_TEXT, width / 3, fonts, arena);
		if (t->status == NULL)
			return -1;
		status_width = fonts_width(fonts, STYLE_TEXT, t->status) + STATUS_GAP;
	}
	text_printable(b, c->request ? c->request : "Profile");
	if (b->len == 0)
		buf_adds(b, "Profile");
	return add_line(t, STYLE_TITLE, in->theme->ink, b, width - status_width, fonts, arena);
}

static int make_lines(struct title *t, const struct title_input *in, double width,
		      struct fonts *fonts, struct arena *arena, struct buf *b)
{
	const struct graph *g = in->graph;

	if (make_first(t, in, width, fonts, arena, b) < 0)
		return -1;
	if (g->is_diff) {
		write_change(b, in);
		if (add_line(t, STYLE_NAME, in->theme->ink, b, width, fonts, arena) < 0)
			return -1;
		write_side(b, "before:  ", in->old_caption);
		if (add_line(t, STYLE_TEXT, in->theme->dim, b, width, fonts, arena) < 0)
			return -1;
		write_side(b, "after:  ", in->caption);
	} else {
		write_time(b, in);
		if (add_line(t, STYLE_TEXT, in->theme->ink, b, width, fonts, arena) < 0)
			return -1;
		write_commit(b, in->caption);
	}
	if (add_line(t, STYLE_TEXT, g->is_diff ? in->theme->dim : in->theme->ink, b, width, fonts,
		     arena) < 0)
		return -1;
	if (add_hidden(t, in, width, fonts, arena, b) < 0)
		return -1;
	write_loss(b, in->profile);
	return add_line(t, STYLE_TEXT, in->theme->hot_text, b, width, fonts, arena);
}

static double widest(const struct title *t, struct fonts *fonts)
{
	double w = 0;

	for (int i = 0; i < t->nlines; i++) {
		double line = fonts_width(fonts, t->lines[i].style, t->lines[i].text);

		if (i == 0 && t->status[0] != '\0')
			line += STATUS_GAP + fonts_width(fonts, STYLE_TEXT, t->status);
		w = fmax(w, line);
	}
	for (int i = 0; i < t->nitems; i++)
		w = fmax(w, t->items[i].box.x + t->items[i].box.w);
	return w;
}

int title_make(struct title *t, const struct title_input *in, double width,
	       struct fonts *fonts, struct arena *arena)
{
	/* gprof2dot writes nothing above a graph, but then draws all of it. */
	bool plain = in->theme->foreign && in->graph->nnodes != 0;
	struct buf b = BUF_INIT;
	int rc;

	memset(t, 0, sizeof *t);
	t->status = "";
	if (plain)
		rc = is_less(in) ? add_hidden(t, in, width, fonts, arena, &b) : 0;
	else
		rc = make_lines(t, in, width, fonts, arena, &b);
	buf_release(&b);
	if (rc == 0 && !plain && in->graph->nnodes != 0)
		t->h = legend_make(t, in->graph, t->h + LEGEND_GAP, width, fonts);
	t->w = rc == 0 ? widest(t, fonts) : 0;
	return rc;
}

void title_draw(struct canvas *c, const struct title *t, double x, double y)
{
	struct fonts *fonts = c->fonts;
	double at = y;

	for (int i = 0; i < t->nlines; i++) {
		const struct title_line *line = &t->lines[i];

		c->ops->text(c, line->style, x, at, line->colour, line->text);
		if (i == 0 && t->status[0] != '\0') {
			double down = fonts->ascent[line->style] - fonts->ascent[STYLE_TEXT];

			c->ops->text(c, STYLE_TEXT,
				     x + fonts_width(fonts, line->style, line->text) + STATUS_GAP,
				     at + down, c->theme->dim, t->status);
		}
		at += fonts->height[line->style] + 2;
	}
	legend_draw(c, t, x, y);
}
