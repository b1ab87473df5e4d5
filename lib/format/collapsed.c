/* One stack on each line, root first, then its weight:
 *
 *     main (app.py:1);show (views.py:7);query (db.py:40) 42
 *
 * or, in a file that compares two (difffolded.pl makes them), on every line two
 * weights, before and after:
 *
 *     main;show 10 42
 *
 * Equal stacks add up. The format has no unit: what is read is "samples", and of
 * a difference "before" and "after"; what is written is metric info->metric, and
 * of a profile whose metrics are those two, both.
 *
 * Traps. A weight alone, behind a blank, is of no function: py-spy has such lines.
 * Weights may have a fraction; then all are kept in millionths. What a
 * frame says besides a name is everybody's own: "name (file:line)" is py-spy's and
 * what we write, "file:name:line" CPython's and Austin's. A ';' in a name would be
 * two frames, a line break two stacks, a number at a name's end a second weight, and a
 * line that begins with '#' none: we write them as \x3b, \x0a, \x207 and \x23.
 *
 * Lines that begin with '#' are remarks: Austin begins with some, and other readers pass over
 * what ends without a weight. Of a profile in which nothing weighs anything, an idle
 * program's, the whole file is one, "# no stacks".
 *
 * Not held: calls, other metrics, the unit, names beside qualified ones, time outside of
 * all functions. */
#include "format/collapsed.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "format/foreign.h"
#include "format/line.h"
#include "format/number.h"
#include "format/stacks.h"
#include "profile/pair.h"

enum { MAX_DEPTH = 1 << 16, NUMBER_MAX = 64 };

static const char no_stacks[] = "# no stacks";

/* --- reading */

struct reader {
	struct profile *p;
	struct error *err;
	unsigned lineno;
	bool difference, fractions;
	struct map frames; /* hash of a frame's bytes -> function: most come again */
	struct bytes *texts; /* by function: the bytes that it was read from */
	size_t ntexts, texts_cap;
	struct buf name, file;
};

static int bad(struct reader *r, const char *what)
{
	return error_set(r->err, ERR_FORMAT, "line %u: %s", r->lineno, what);
}

static bool is_number(struct bytes s)
{
	size_t digits = 0, points = 0;

	for (size_t i = 0; i < s.len; i++) {
		digits += s.data[i] >= '0' && s.data[i] <= '9';
		points += s.data[i] == '.';
	}
	return digits != 0 && points <= 1 && digits + points == s.len && s.data[0] != '.' &&
	       s.len <= NUMBER_MAX;
}

/* Takes the number off the end of the line, and the blanks before it. */
static bool take_number(struct bytes *line, struct bytes *number)
{
	size_t end = line->len, at = end;

	while (at > 0 && line->data[at - 1] != ' ' && line->data[at - 1] != '\t')
		at--;
	*number = (struct bytes){ line->data + at, end - at };
	if (at == 0 || !is_number(*number))
		return false;
	while (at > 0 && (line->data[at - 1] == ' ' || line->data[at - 1] == '\t'))
		at--;
	line->len = at;
	return true;
}

static bool is_comment(struct bytes line)
{
	return line.len == 0 || line.data[0] == '#';
}

/* What we write of a profile without any: its first line. */
static bool is_without_stacks(struct bytes in)
{
	struct bytes line;

	return line_next(&in, &line) && line.len == sizeof no_stacks - 1 &&
	       memcmp(line.data, no_stacks, line.len) == 0;
}

bool collapsed_sniff(struct bytes in)
{
	struct bytes line, number;

	if (is_without_stacks(in))
		return true;
	while (line_next(&in, &line)) {
		if (is_comment(line))
			continue;
		if (!take_number(&line, &number))
			return false;
		for (size_t i = 0; i < line.len; i++)
			if (line.data[i] < 0x20 && line.data[i] != '\t')
				return false;
		return true;
	}
	return false;
}

/* What the weights of the whole file are like. */
static int survey(struct reader *r, struct bytes in)
{
	struct bytes line, number, second;
	bool any = false, none = is_without_stacks(in);

	r->difference = true;
	while (line_next(&in, &line)) {
		r->lineno++;
		if (is_comment(line))
			continue;
		any = true;
		if (!take_number(&line, &number))
			return bad(r, "no weight at its end");
		r->fractions = r->fractions || memchr(number.data, '.', number.len) != NULL;
		if (!take_number(&line, &second))
			r->difference = false;
		else if (r->difference)
			r->fractions = r->fractions || memchr(second.data, '.', second.len) != NULL;
	}
	if (!any && !none)
		return bad(r, "the file ends without a stack");
	r->difference = r->difference && any;
	r->lineno = 0;
	return 0;
}

static int get_weight(struct reader *r, struct bytes number, int64_t *weight)
{
	double value;

	if (!number_parse((const char *)number.data, number.len, &value) || value > 4e12)
		return bad(r, "a weight too large");
	*weight = llround(r->fractions ? value * MILLIONTHS : value);
	return 0;
}

/* The last ':' of s[0..len), or len. */
static size_t last_colon(const uint8_t *s, size_t len)
{
	size_t i = len;

	while (i > 0 && s[i - 1] != ':')
		i--;
	return i == 0 ? len : i - 1;
}

static bool get_line(struct bytes s, uint32_t *line)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] < '0' || s.data[i] > '9' || n > UINT32_MAX)
			return false;
		n = n * 10 + (s.data[i] - '0');
	}
	*line = (uint32_t)n;
	return s.len != 0 && n <= UINT32_MAX;
}

static struct bytes part(struct bytes s, size_t from, size_t to)
{
	return (struct bytes){ s.data + from, to - from };
}

/* "name (file:line)" or "file:name:line"; else all of it is the name. */
static void split_frame(struct bytes frame, struct bytes *name, struct bytes *file, uint32_t *line)
{
	size_t end = frame.len, colon, open;

	*name = frame;
	*file = (struct bytes){ frame.data, 0 };
	*line = 0;
	if (end > 3 && frame.data[end - 1] == ')') {
		colon = last_colon(frame.data, end - 1);
		for (open = colon; open > 0 && frame.data[open] != '('; open--)
			;
		if (colon < end - 1 && open > 1 && frame.data[open - 1] == ' ' &&
		    get_line(part(frame, colon + 1, end - 1), line)) {
			*name = part(frame, 0, open - 1);
			*file = part(frame, open + 1, colon);
		}
		return;
	}
	colon = last_colon(frame.data, end);
	if (colon == end || !get_line(part(frame, colon + 1, end), line))
		return;
	open = last_colon(frame.data, colon);
	if (open == colon || open == 0) {
		*line = 0;
		return;
	}
	*name = part(frame, open + 1, colon);
	*file = part(frame, 0, open);
}

/* What is written in C, and what stands for a thread, has "~" for a file, which is
 * written by nobody. */
static bool is_of_no_file(const char *name)
{
	static const char *const begins[] = { "<built-in method ", "<method '", PROFILE_THREAD,
					      PROFILE_JOB, PROFILE_TASK };

	for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
		if (strncmp(name, begins[i], strlen(begins[i])) == 0)
			return true;
	return false;
}

static uint32_t add_frame(struct reader *r, struct bytes frame, uint64_t hash)
{
	struct bytes name, file, *grown;
	uint32_t line, f;

	split_frame(frame, &name, &file, &line);
	buf_clear(&r->name);
	buf_clear(&r->file);
	foreign_name(&r->name, name);
	foreign_name(&r->file, file);
	if (file.len == 0 && line == 0 && is_of_no_file(buf_str(&r->name)))
		buf_addc(&r->file, '~');
	if (r->name.failed || r->file.failed)
		return PROFILE_NONE;
	f = profile_function(r->p, buf_str(&r->file), line, buf_str(&r->name), NULL);
	/* Two ways to write one function. */
	if (f == PROFILE_NONE || f < r->ntexts)
		return f;
	grown = mem_grow(r->texts, &r->texts_cap, r->ntexts + 1, sizeof *grown);
	if (grown == NULL)
		return PROFILE_NONE;
	r->texts = grown;
	r->texts[r->ntexts++] = frame;
	return map_add(&r->frames, hash, f) < 0 ? PROFILE_NONE : f;
}

/* PROFILE_NONE without memory. */
static uint32_t get_frame(struct reader *r, struct bytes frame)
{
	uint64_t hash = map_hash_text(frame.data, frame.len);
	uint32_t f;
	size_t at = 0;

	while ((f = map_find(&r->frames, hash, &at)) != MAP_NONE)
		if (r->texts[f].len == frame.len &&
		    memcmp(r->texts[f].data, frame.data, frame.len) == 0)
			return f;
	return add_frame(r, frame, hash);
}

static int read_stack(struct reader *r, struct bytes stack, uint32_t *node)
{
	unsigned depth = 0;

	*node = 0;
	for (size_t from = 0; from <= stack.len;) {
		const uint8_t *end = memchr(stack.data + from, ';', stack.len - from);
		size_t to = end ? (size_t)(end - stack.data) : stack.len;
		uint32_t f;

		if (to != from) {
			f = get_frame(r, part(stack, from, to));
			*node = f == PROFILE_NONE ? f : profile_child(r->p, *node, f);
			if (*node == PROFILE_NONE)
				return error_nomem(r->err);
			if (++depth > MAX_DEPTH)
				return bad(r, "a stack of over 65,536 frames");
			if (profile_is_too_large(r->p, 0))
				return bad(r, PROFILE_TOO_LARGE);
		}
		from = to + 1;
	}
	return 0;
}

static int read_line(struct reader *r, struct bytes line)
{
	struct bytes number, first = { NULL, 0 };
	int64_t weights[2], *cum;
	uint32_t node;

	take_number(&line, &number);
	if (r->difference)
		take_number(&line, &first);
	if (get_weight(r, r->difference ? first : number, &weights[0]) < 0 ||
	    get_weight(r, number, &weights[1]) < 0 || read_stack(r, line, &node) < 0)
		return -1;
	cum = profile_node_cum(r->p, node);
	for (uint32_t m = 0; m < r->p->nmetrics; m++)
		if (__builtin_add_overflow(cum[m], weights[m], &cum[m]))
			return bad(r, "weights too large to add up");
	return 0;
}

static int add_metrics(struct reader *r)
{
	const char *unit = r->fractions ? UNIT_MILLIONTHS : "count";
	struct profile *p = r->p;

	p->sampled = true;
	if (r->difference)
		return profile_add_metric(p, PAIR_BEFORE, unit) < 0 ||
		       profile_add_metric(p, PAIR_AFTER, unit) < 0 ? -1 : 0;
	return profile_add_metric(p, "samples", unit) < 0 ? -1 : 0;
}

static int read_lines(struct reader *r, struct bytes in)
{
	struct bytes line;

	if (survey(r, in) < 0)
		return -1;
	profile_limit(r->p, in.len, 0);
	if (add_metrics(r) < 0 || profile_add_root(r->p) < 0)
		return error_nomem(r->err);
	while (line_next(&in, &line)) {
		r->lineno++;
		if (!is_comment(line) && read_line(r, line) < 0)
			return -1;
	}
	return stacks_sum_up(r->p, r->err);
}

struct profile *collapsed_read(struct bytes in, struct error *err)
{
	struct reader r = { .p = profile_new(), .err = err };
	int rc = r.p == NULL ? error_nomem(err) : read_lines(&r, in);

	map_release(&r.frames);
	mem_free(r.texts);
	buf_release(&r.name);
	buf_release(&r.file);
	if (rc == 0)
		return r.p;
	profile_free(r.p);
	return NULL;
}

/* --- writing */

/* As text_printable, and nothing that ends a frame. */
static void put_text(struct buf *out, const char *s)
{
	struct buf text = BUF_INIT;

	text_printable(&text, s);
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == ';')
			buf_adds(out, "\\x3b");
		else
			buf_addc(out, text.data[i]);
	}
	out->failed = out->failed || text.failed;
	buf_release(&text);
}

/* "thread 1" in front of its weight would be two weights, and a blank at the end
 * would go with the one before the weight. */
static void part_from_weight(struct buf *out, size_t from)
{
	char digits[NUMBER_MAX];
	struct bytes number;
	size_t at = out->len;

	while (at > from && out->data[at - 1] != ' ')
		at--;
	number = (struct bytes){ (const uint8_t *)out->data + at, out->len - at };
	if (out->failed || at == from || (number.len != 0 && !is_number(number)))
		return;
	memcpy(digits, number.data, number.len);
	out->len = at - 1;
	buf_adds(out, "\\x20");
	buf_add(out, digits, number.len);
}

static void put_frame(struct buf *out, const struct function *f)
{
	size_t from = out->len;

	put_text(out, f->qualname[0] ? f->qualname : "?");
	if (f->file[0] == '\0' || (strcmp(f->file, "~") == 0 && f->line == 0)) {
		part_from_weight(out, from);
		return;
	}
	buf_adds(out, " (");
	put_text(out, f->file);
	buf_addc(out, ':');
	buf_addu(out, f->line);
	buf_addc(out, ')');
}

static void put_weight(struct buf *out, const struct metric *m, int64_t weight)
{
	uint64_t n = weight < 0 ? 0 : (uint64_t)weight;

	buf_addc(out, ' ');
	if (strcmp(m->unit, UNIT_MILLIONTHS) == 0)
		number_add_millionths(out, n);
	else
		buf_addu(out, n);
}

struct writer {
	struct buf *out;
	const struct profile *p;
	uint32_t metric;
	bool difference, any;
	struct buf frames;  /* of all functions, one behind the other */
	size_t *frames_from; /* nfunctions + 1 */
};

static int put_stack(void *arg, const struct stack *s)
{
	struct writer *w = arg;
	const struct metric *metrics = w->p->metrics;
	uint32_t m = w->metric;

	if (w->difference ? s->self[0] <= 0 && s->self[1] <= 0 : s->self[m] <= 0)
		return 0;
	w->any = true;
	for (uint32_t i = 0; i < s->depth; i++) {
		size_t from = w->frames_from[s->functions[i]];

		if (i != 0)
			buf_addc(w->out, ';');
		else if (w->frames.data[from] == '#')
			buf_adds(w->out, "\\x23"), from++;
		buf_add(w->out, w->frames.data + from, w->frames_from[s->functions[i] + 1] - from);
	}
	put_weight(w->out, &metrics[w->difference ? 0 : m], s->self[w->difference ? 0 : m]);
	if (w->difference)
		put_weight(w->out, &metrics[1], s->self[1]);
	buf_addc(w->out, '\n');
	buf_pass(w->out);
	return w->out->failed ? -1 : 0;
}

static int make_frames(struct writer *w)
{
	const struct profile *p = w->p;

	w->frames_from = mem_array(NULL, (size_t)p->nfunctions + 1, sizeof *w->frames_from);
	if (w->frames_from == NULL)
		return -1;
	for (uint32_t i = 0; i < p->nfunctions; i++) {
		w->frames_from[i] = w->frames.len;
		put_frame(&w->frames, &p->functions[i]);
	}
	w->frames_from[p->nfunctions] = w->frames.len;
	return w->frames.failed ? -1 : 0;
}

int collapsed_write(struct buf *out, const struct profile *p, const struct format_info *info,
		    struct error *err)
{
	struct writer w = { .out = out, .p = p, .metric = info->metric,
			    .difference = profile_is_pair(p) };
	int rc = -1;

	if (!profile_has_tree(p))
		return error_set(err, ERR_REFUSED,
				 "there is no call tree to write: collapsed text holds stacks");
	if (make_frames(&w) < 0)
		error_nomem(err);
	else
		rc = stacks_each(p, put_stack, &w, err);
	if (rc == 0 && !w.any)
		buf_printf(out, "%s\n", no_stacks);
	buf_release(&w.frames);
	mem_free(w.frames_from);
	return rc;
}
