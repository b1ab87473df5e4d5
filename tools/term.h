/* term.h -- what is known about where the output goes: colours, width, and
 * whether it can show more than ASCII; progress; the one way to standard output.
 */
#ifndef CPROF_TOOLS_TERM_H
#define CPROF_TOOLS_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum color_choice { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };
extern const char *const color_choices[];

enum style {
	STYLE_PLAIN, STYLE_BOLD, STYLE_DIM, STYLE_RED, STYLE_GREEN, STYLE_YELLOW,
	STYLE_HEAD /* of a column */
};

/* Signs beyond ASCII, or what stands for them where the locale is not UTF-8. */
struct signs {
	const char *arrow, *times, *ellipsis, *none;
	const char *branch, *last, *pipe; /* of a tree, two columns each */
};

struct term {
	bool color;
	unsigned width; /* columns; 0: no limit, it is no terminal */
	const struct signs *signs;
};

/* By the locale's name: to load the locale takes longer than all else that a text
 * command begins with. */
bool term_says_utf8(void);

/* For standard output. */
void term_init(struct term *t, unsigned color_choice);

/* Appends text in a style; text is taken as it is. */
void term_put(const struct term *t, struct buf *out, enum style style, const char *text);

/* Appends at most `columns` of `text`, which must be printable: what is too long
 * loses its beginning (left) or its end to an ellipsis. */
void term_fit(const struct term *t, struct buf *out, const char *text, size_t columns,
	      bool left);

/* Appends a sentence, printable, and a newline: folded at spaces where the terminal ends,
 * each line after `indent` columns. */
void term_put_folded(const struct term *t, struct buf *out, enum style style, unsigned indent,
		     const char *text);

/* What is written from now on is for somebody to read: in a terminal, a text of more
 * lines than it has is shown in a pager, at the end. */
void out_page(void);

/* Writes to standard output. A failure is remembered until out_finish. */
void out_write(const struct buf *b);
bool out_bytes(const void *data, size_t len); /* false: it failed, then or before */

/* Whether all of it was written: 0, else what errno was. main asks once. */
int out_finish(void);

/* "drawing [##........] 12 of 96" on standard error, if that is a terminal and the work has
 * taken over a second. */
struct progress {
	const char *what;
	int64_t start_ns, shown_ns;
};

void progress_begin(struct progress *p, const char *what);
void progress_step(struct progress *p, size_t done, size_t total);
/* Wipes the line; before anything else is printed. */
void progress_end(struct progress *p);

#endif
