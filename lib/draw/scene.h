/* scene.h -- all of a picture, measured and placed: the graph, the title, the legend.
 * What draws it, on whatever canvas, only reads it. Inside draw/ alone.
 */
#ifndef CPROF_DRAW_SCENE_H
#define CPROF_DRAW_SCENE_H

#include "draw/canvas.h"
#include "draw/card.h"
#include "draw/picture.h"
#include "draw/title.h"

struct scene {
	const struct graph *graph;
	const struct theme *theme;
	struct fonts fonts;
	struct arena arena;
	struct card *cards;
	const char **labels;
	struct layout layout;
	struct title title;
	double title_x;
	double graph_x, graph_y; /* where the layout's corner lies */
	double w, h;             /* at 100 % */
	double scale;            /* less than 1 where no viewer would open it */
	const char *request, *commit; /* for whoever reads the file's notes; may be NULL */
};

/* most_side: what a side may have at most, in pixels; 0: no limit. `find` may be NULL. */
int scene_make(struct scene *s, struct title_input *in, double most_side, font_finder *find,
	       struct error *err);
void scene_release(struct scene *s);

/* Draws what lines top to bottom of the scene (at 100 %) show. */
void scene_draw(struct canvas *c, const struct scene *s, double top, double bottom);

#endif
