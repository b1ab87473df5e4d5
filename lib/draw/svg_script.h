/* svg_script.h -- what makes an SVG answer: a box under the mouse shows its callers and
 * callees, and a field that stays in sight finds functions by their name or place (Enter: the next one). The
 * part behind # of the address is what is looked for at first.
 */
#ifndef CPROF_DRAW_SVG_SCRIPT_H
#define CPROF_DRAW_SVG_SCRIPT_H

enum { SVG_FIELD_WIDTH = 220 };

extern const char svg_style[], svg_field[], svg_script[];

#endif
