/* Each edge of a shape leaves in every row's cells how much more, or less, is covered
 * from there on to the right. Added up from the left that is a pixel's cover. */
#include "draw/paint.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

enum { SHADES = 12 };

int paint_init(struct paint *p, uint32_t height)
{
	memset(p, 0, sizeof *p);
	p->rows = mem_array(NULL, height, sizeof *p->rows);
	return p->rows != NULL ? 0 : -1;
}

void paint_release(struct paint *p)
{
	mem_free(p->edges);
	mem_free(p->corners);
	mem_free(p->rows);
	mem_free(p->cells);
	memset(p, 0, sizeof *p);
}

static struct point placed(const struct paint *p, struct point at)
{
	return (struct point){ at.x * p->scale + p->x, at.y * p->scale + p->y };
}

void paint_add(struct paint *p, const struct point *corners, size_t n)
{
	struct paint_edge *grown = mem_grow(p->edges, &p->edges_cap, p->nedges + n,
					    sizeof *grown);
	double right = p->width;

	if (grown == NULL) {
		p->failed = true;
		return;
	}
	p->edges = grown;
	for (size_t i = 0; i < n; i++) {
		struct point a = placed(p, corners[i]), b = placed(p, corners[i + 1 < n ? i + 1 : 0]);

		if (fmin(a.y, b.y) < p->height && fmax(a.y, b.y) > 0 && a.y != b.y)
			p->edges[p->nedges++] = (struct paint_edge){
				fmin(fmax(a.x, 0), right), a.y, fmin(fmax(b.x, 0), right), b.y
			};
	}
}

/* An edge from the top down, within the rows there are. */
struct slope {
	double x, step; /* where it is at `top`, and how far it goes to the side per row */
	double top, bottom;
	double sign;
};

static struct slope slope_of(const struct paint *p, const struct paint_edge *e)
{
	bool down = e->y < e->to_y;
	struct slope s = { .x = down ? e->x : e->to_x, .top = down ? e->y : e->to_y,
			   .bottom = down ? e->to_y : e->y, .sign = down ? 1 : -1 };

	s.step = (e->to_x - e->x) / (e->to_y - e->y);
	if (s.top < 0) {
		s.x -= s.step * s.top;
		s.top = 0;
	}
	s.bottom = fmin(s.bottom, p->height);
	return s;
}

/* How much of the row y it passes through, x going on to where it leaves it. */
static double pass_row(struct slope *s, uint32_t y)
{
	double height = (s->bottom < y + 1.0 ? s->bottom : y + 1.0) - (s->top > y ? s->top : y);

	s->x += s->step * height;
	return height;
}

static void reach_rows(struct paint *p, const struct paint_edge *e)
{
	struct slope s = slope_of(p, e);

	for (uint32_t y = (uint32_t)s.top; y < s.bottom; y++) {
		struct paint_row *row = &p->rows[y];
		double x = s.x;
		int32_t from, to;

		pass_row(&s, y);
		/* Rounded otherwise in cover_rows it may be a pixel further. */
		from = (int32_t)(x < s.x ? x : s.x) - 1;
		to = (int32_t)(x < s.x ? s.x : x) + 3;
		row->from = from < row->from ? from > 0 ? from : 0 : row->from;
		row->to = to > row->to ? to : row->to;
	}
}

/* The same from `left` in the first pixel to `right` in the n-th after it: what is covered
 * grows evenly from the middle of one pixel between to that of the next. */
static void cover_pixels(float *cells, int32_t n, double left, double right, double height)
{
	double per = height / (n + right - left), covered = per * (1 - left) * (1 - left) / 2;
	double behind = per * right * right / 2;

	cells[0] += (float)covered;
	if (n > 1) {
		cells[1] += (float)(per * (1.5 - left) - covered);
		for (int32_t i = 2; i < n; i++)
			cells[i] += (float)per;
		covered = per * (n - 0.5 - left);
	}
	cells[n] += (float)(height - behind - covered);
	cells[n + 1] += (float)behind;
}

/* An edge that goes from x to `to` in a row leaves in every pixel that it passes what of
 * it lies to its right, and in the one behind the last the rest. */
static void cover_row(float *cells, double x, double to, double height)
{
	double left = x < to ? x : to, right = x < to ? to : x;
	int32_t first = (int32_t)left, last = (int32_t)right;

	if (first == last) {
		double away = (left + right) / 2 - first;

		cells[first] += (float)(height * (1 - away));
		cells[first + 1] += (float)(height * away);
	} else {
		cover_pixels(cells + first, last - first, left - first, right - last, height);
	}
}

static void cover_rows(struct paint *p, const struct paint_edge *e)
{
	struct slope s = slope_of(p, e);

	for (uint32_t y = (uint32_t)s.top; y < s.bottom; y++) {
		const struct paint_row *row = &p->rows[y];
		double x = s.x, height = pass_row(&s, y);

		cover_row(p->cells + row->cells - row->from, x, s.x, s.sign * height);
	}
}

/* Mixes two channels at a time; `alpha` of 256. */
static uint32_t mix(uint32_t below, uint32_t above, uint32_t alpha)
{
	uint32_t outer = (below & 0xff00ff) * (256 - alpha) + (above & 0xff00ff) * alpha;
	uint32_t inner = (below & 0x00ff00) * (256 - alpha) + (above & 0x00ff00) * alpha;

	return (outer >> 8 & 0xff00ff) | (inner >> 8 & 0x00ff00);
}

/* What a shape is filled with: per shade its part of 256, and what the last pixel of that
 * shade was and became. Most are drawn on one colour. */
struct fill {
	struct palette *palette;
	uint32_t colour;
	uint8_t index; /* of the colour */
	struct fill_shade {
		uint32_t part;
		uint8_t below, becomes;
	} shades[SHADES + 1];
};

static uint8_t blend(struct palette *palette, uint8_t below, uint32_t above, uint32_t alpha)
{
	return palette_near(palette, mix(palette->colours[below], above, alpha));
}

static void fill_init(struct fill *f, struct palette *palette, uint32_t colour, double alpha)
{
	f->palette = palette;
	f->colour = colour;
	f->index = palette_index(palette, colour);
	for (int i = 0; i <= SHADES; i++) {
		struct fill_shade *s = &f->shades[i];

		s->part = (uint32_t)(i * alpha * 256 / SHADES + 0.5);
		s->below = s->becomes = f->index;
	}
}

static void fill_run(uint8_t *to, size_t n, struct fill *f, unsigned shade)
{
	struct fill_shade *s = &f->shades[shade];

	if (s->part == 0)
		return;
	if (s->part == 256) {
		memset(to, f->index, n);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (to[i] != s->below) {
			s->below = to[i];
			s->becomes = blend(f->palette, to[i], f->colour, s->part);
		}
		to[i] = s->becomes;
	}
}

static unsigned shade_of(double cover)
{
	int shade = (int)(fabs(cover) * SHADES + 0.5);

	return shade > SHADES ? SHADES : (unsigned)shade;
}

/* How many cells from here on are 0: most, within a box. */
static int32_t count_empty(const float *cells, int32_t n)
{
	int32_t i = 0;

	for (; i + 4 <= n; i += 4) {
		uint64_t pair[2];

		memcpy(pair, cells + i, sizeof pair);
		if ((pair[0] | pair[1]) != 0)
			break;
	}
	while (i < n && cells[i] == 0)
		i++;
	return i;
}

static void fill_row(struct paint *p, uint32_t y, struct fill *f)
{
	const struct paint_row *row = &p->rows[y];
	float *cells = p->cells + row->cells, cover = 0;
	uint8_t *pixels = p->pixels + y * p->stride + row->from;
	int32_t n = row->to - row->from, within = (int32_t)p->width - row->from;
	int32_t end = n < within ? n : within;

	for (int32_t i = 0, len; i < end; i += len) {
		cover += cells[i];
		cells[i] = 0;
		len = 1 + (cells[i + 1] == 0 ? count_empty(cells + i + 1, end - i - 1) : 0);
		fill_run(pixels + i, (size_t)len, f, shade_of(cover));
	}
	for (int32_t i = end > 0 ? end : 0; i < n; i++)
		cells[i] = 0;
}

/* Gives each row that the shape touches its cells; false without memory. */
static bool lay_out_rows(struct paint *p, uint32_t top, uint32_t bottom)
{
	size_t need = 0, had = p->cells_cap;
	float *grown;

	for (uint32_t y = top; y < bottom; y++)
		p->rows[y].from = INT32_MAX, p->rows[y].to = 0;
	for (size_t i = 0; i < p->nedges; i++)
		reach_rows(p, &p->edges[i]);
	for (uint32_t y = top; y < bottom; y++) {
		p->rows[y].cells = need;
		if (p->rows[y].to != 0)
			need += (size_t)(p->rows[y].to - p->rows[y].from);
	}
	grown = mem_grow(p->cells, &p->cells_cap, need + 1, sizeof *grown);
	if (grown == NULL) {
		p->failed = true;
		return false;
	}
	p->cells = grown;
	memset(p->cells + had, 0, (p->cells_cap - had) * sizeof *p->cells);
	return true;
}

void paint_fill(struct paint *p, struct colour colour, double alpha)
{
	double top = p->height, bottom = 0;
	struct fill fill;
	uint32_t first, end;

	for (size_t i = 0; i < p->nedges; i++) {
		top = fmin(top, fmin(p->edges[i].y, p->edges[i].to_y));
		bottom = fmax(bottom, fmax(p->edges[i].y, p->edges[i].to_y));
	}
	fill_init(&fill, p->palette, colour_pixel(colour), alpha);
	first = (uint32_t)fmax(top, 0);
	end = (uint32_t)ceil(fmin(bottom, p->height));
	if (first < end && lay_out_rows(p, first, end)) {
		for (size_t i = 0; i < p->nedges; i++)
			cover_rows(p, &p->edges[i]);
		for (uint32_t y = first; y < end; y++)
			if (p->rows[y].to != 0)
				fill_row(p, y, &fill);
	}
	p->nedges = 0;
}

static void fill_span(uint8_t *row, double left, double right, double height, struct fill *f)
{
	uint32_t first = (uint32_t)left, last = (uint32_t)right;

	if (first == last) {
		fill_run(row + first, 1, f, shade_of((right - left) * height));
		return;
	}
	fill_run(row + first, 1, f, shade_of((first + 1 - left) * height));
	fill_run(row + first + 1, last - first - 1, f, shade_of(height));
	if (right > last)
		fill_run(row + last, 1, f, shade_of((right - last) * height));
}

void paint_box(struct paint *p, const struct box *box, struct colour colour, double alpha)
{
	struct point from = placed(p, (struct point){ box->x, box->y });
	struct point to = placed(p, (struct point){ box->x + box->w, box->y + box->h });
	double left = fmax(from.x, 0), right = fmin(to.x, p->width);
	double top = fmax(from.y, 0), bottom = fmin(to.y, p->height);
	struct fill fill;

	if (left >= right || top >= bottom)
		return;
	fill_init(&fill, p->palette, colour_pixel(colour), alpha);
	for (uint32_t y = (uint32_t)top; y < bottom; y++)
		fill_span(p->pixels + y * p->stride, left, right,
			  fmin(y + 1.0, bottom) - fmax(y, top), &fill);
}

void paint_all(struct paint *p)
{
	for (uint32_t y = 0; y < p->height; y++)
		memset(p->pixels + y * p->stride, 0, p->width);
}

void paint_mask(struct paint *p, const struct mask *mask, int x, int y, struct colour colour)
{
	int64_t left = (int64_t)x + mask->left, top = (int64_t)y + mask->top;
	int64_t from = left < 0 ? -left : 0, to = mask->width;
	uint32_t above = colour_pixel(colour);
	uint8_t full = palette_index(p->palette, above);

	if (left + to > p->width)
		to = p->width - left;
	for (int64_t row = top < 0 ? -top : 0; row < mask->height && top + row < p->height; row++) {
		const uint8_t *bytes = mask->bytes + row * mask->width;
		uint8_t *pixels = p->pixels + (size_t)(top + row) * p->stride + left;

		for (int64_t i = from; i < to; i++)
			if (bytes[i] == UINT8_MAX)
				pixels[i] = full;
			else if (bytes[i] != 0)
				pixels[i] = blend(p->palette, pixels[i], above,
						  bytes[i] + (bytes[i] >> 7));
	}
}
