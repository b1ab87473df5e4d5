#include "term.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "pager.h"

const char *const color_choices[] = { "auto", "always", "never", NULL };

static const struct signs unicode_signs = {
	"→", "×", "…", "–", "├─", "└─", "│ "
};
static const struct signs ascii_signs = {
	"->", "x", "...", "-", "|-", "`-", "| "
};

static const char *const codes[] = {
	[STYLE_PLAIN] = "",
	[STYLE_BOLD] = "\033[1m",
	[STYLE_DIM] = "\033[2m",
	[STYLE_RED] = "\033[31m",
	[STYLE_GREEN] = "\033[32m",
	[STYLE_YELLOW] = "\033[33m",
	[STYLE_HEAD] = "\033[2m",
};

static bool wants_color(unsigned choice)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	if (choice != COLOR_AUTO)
		return choice == COLOR_ALWAYS;
	if (no != NULL && *no != '\0')
		return false;
	return isatty(STDOUT_FILENO) && term != NULL && strcmp(term, "dumb") != 0;
}

static unsigned terminal_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	long n;

	if (!isatty(STDOUT_FILENO))
		return 0;
	n = columns ? strtol(columns, NULL, 10) : 0;
	if (n <= 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		n = size.ws_col;
	return n <= 0 || n > 10000 ? 80 : n < 40 ? 40 : (unsigned)n;
}

bool term_says_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		const char *value = getenv(names[i]);

		if (value != NULL && *value != '\0')
			return strcasestr(value, "utf-8") != NULL || strcasestr(value, "utf8") != NULL;
	}
	return false;
}

void term_init(struct term *t, unsigned color_choice)
{
	t->color = wants_color(color_choice);
	t->width = terminal_width();
	t->signs = term_says_utf8() ? &unicode_signs : &ascii_signs;
}

void term_put(const struct term *t, struct buf *out, enum style style, const char *text)
{
	bool styled = t->color && style != STYLE_PLAIN && *text != '\0';

	if (styled)
		buf_adds(out, codes[style]);
	buf_adds(out, text);
	if (styled)
		buf_adds(out, "\033[0m");
}

static const char *skip_columns(const char *s, size_t columns)
{
	while (*s != '\0' && columns-- != 0)
		do
			s++;
		while (((unsigned char)*s & 0xC0) == 0x80);
	return s;
}

/* How many bytes of it fit: up to the last space within `columns`, or the first word. */
static size_t fold_at(const char *text, size_t columns)
{
	size_t at = 0, end = strcspn(text, " ");

	while (end != 0) {
		struct buf part = BUF_INIT;
		bool fits;

		buf_add(&part, text, end);
		fits = text_width(buf_str(&part)) <= columns;
		buf_release(&part);
		if (at != 0 && !fits)
			break;
		at = end;
		if (text[end] == '\0')
			break;
		end += 1 + strcspn(text + end + 1, " ");
	}
	return at;
}

void term_put_folded(const struct term *t, struct buf *out, enum style style, unsigned indent,
		     const char *text)
{
	size_t columns = t->width > indent ? t->width - indent : 1;

	do {
		size_t len = t->width == 0 ? strlen(text) : fold_at(text, columns);
		struct buf line = BUF_INIT;

		buf_add(&line, text, len);
		buf_pad(out, ' ', indent);
		term_put(t, out, style, buf_str(&line));
		buf_addc(out, '\n');
		buf_release(&line);
		text += len;
		text += *text == ' ';
	} while (*text != '\0');
}

void term_fit(const struct term *t, struct buf *out, const char *text, size_t columns, bool left)
{
	const char *ellipsis = t->signs->ellipsis;
	size_t width = text_width(text), mark = text_width(ellipsis);
	size_t keep = columns > mark ? columns - mark : 0;

	if (width <= columns) {
		buf_adds(out, text);
	} else if (left) {
		buf_adds(out, ellipsis);
		buf_adds(out, skip_columns(text, width - keep));
	} else {
		buf_add(out, text, (size_t)(skip_columns(text, keep) - text));
		buf_adds(out, ellipsis);
	}
}

/* Static, because main asks at the end what any command met on the way. */
static int out_errno;
static bool is_paged;
static struct buf held = BUF_INIT; /* what a pager may show */

void out_page(void)
{
	const char *term = isatty(STDOUT_FILENO) ? getenv("TERM") : NULL;

	is_paged = term != NULL && strcmp(term, "dumb") != 0;
}

static unsigned terminal_height(void)
{
	const char *lines = getenv("LINES");
	struct winsize size;
	long n = lines ? strtol(lines, NULL, 10) : 0;

	if (n <= 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		n = size.ws_row;
	return n <= 0 || n > 10000 ? 24 : (unsigned)n;
}

static bool fits_terminal(struct bytes text)
{
	unsigned room = terminal_height();

	/* The last line is the shell's. */
	for (size_t i = 0; i < text.len && room != 0; i++)
		room -= text.data[i] == '\n';
	return room != 0;
}

static void show_held(void)
{
	bool done;

	is_paged = false;
	done = !fits_terminal(buf_bytes(&held)) && pager_show(buf_bytes(&held));
	if (!done)
		out_write(&held);
	buf_release(&held);
}

bool out_bytes(const void *data, size_t len)
{
	if (is_paged) {
		buf_add(&held, data, len);
		return !held.failed;
	}
	/* Past stdio, which would ask what kind of file it is and fill pages of its own: what
	 * comes here is large, or all there is. */
	if (out_errno == 0)
		out_errno = file_write(STDOUT_FILENO, (struct bytes){ data, len });
	return out_errno == 0;
}

void out_write(const struct buf *b)
{
	if (b->failed && out_errno == 0)
		out_errno = ENOMEM;
	out_bytes(b->data, b->len);
}

int out_finish(void)
{
	if (is_paged)
		show_held();
	/* A network file system may complain as late as here. */
	if (close(STDOUT_FILENO) != 0 && errno != EBADF && out_errno == 0)
		out_errno = errno;
	return out_errno;
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * (int64_t)1000000000 + now.tv_nsec;
}

void progress_begin(struct progress *p, const char *what)
{
	p->what = what;
	p->start_ns = now_ns();
	p->shown_ns = 0;
}

void progress_step(struct progress *p, size_t done, size_t total)
{
	enum { BAR = 20 };
	int64_t now = now_ns();
	size_t filled;

	if (now - p->start_ns < 1000000000 || now - p->shown_ns < 100000000)
		return;
	if (!isatty(STDERR_FILENO))
		return;
	p->shown_ns = now;
	filled = total != 0 ? BAR * done / total : 0;
	fprintf(stderr, "\r%s [%.*s%.*s] %zu of %zu\033[K", p->what, (int)filled,
		"####################", (int)(BAR - filled), "....................", done, total);
	fflush(stderr);
}

void progress_end(struct progress *p)
{
	if (p->shown_ns != 0)
		fprintf(stderr, "\r\033[K");
	p->shown_ns = 0;
}
