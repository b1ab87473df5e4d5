#include "change/limit.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "format/number.h"

struct unit {
	const char *name;
	double factor;
};

static const struct unit counts[] = { { "", 1 }, { NULL, 0 } };
static const struct unit sizes[] = {
	{ "", 1 }, { "B", 1 }, { "kB", 1e3 }, { "KB", 1e3 }, { "MB", 1e6 }, { "GB", 1e9 },
	{ "KiB", 1024 }, { "MiB", 1048576 }, { "GiB", 1073741824 }, { NULL, 0 }
};
static const struct unit times[] = {
	{ "ns", 1 }, { "us", 1e3 }, { "\xc2\xb5s", 1e3 }, { "ms", 1e6 }, { "s", 1e9 }, { NULL, 0 }
};

/* "12.5", and where it ends; no sign, no exponent. */
static const char *parse_number(const char *text, double *value)
{
	size_t len = strspn(text, "0123456789.");

	if (*text == '.' || !number_parse(text, len, value))
		return NULL;
	text += len;
	return text + strspn(text, " ");
}

static bool parse_unit(const char *text, const struct unit *units, double *value)
{
	for (; units->name != NULL; units++)
		if (strcmp(text, units->name) == 0) {
			*value *= units->factor;
			return true;
		}
	return false;
}

bool limit_parse(struct limit *out, const char *text, bool bytes)
{
	const char *rest;

	out->kind = *text == '+' ? LIMIT_MORE : LIMIT_MOST;
	rest = parse_number(text + (*text == '+'), &out->value);
	if (rest == NULL)
		return false;
	if (strcmp(rest, "%") == 0) {
		out->kind = LIMIT_PERCENT;
		return true;
	}
	return parse_unit(rest, bytes ? sizes : counts, &out->value);
}

bool limit_time(const char *text, double *ns)
{
	const char *rest = parse_number(text, ns);

	return rest != NULL && parse_unit(rest, times, ns);
}

bool limit_is_exceeded(const struct limit *l, double before, double now)
{
	switch (l->kind) {
	case LIMIT_MOST:
		return now > l->value;
	case LIMIT_MORE:
		return now > before + l->value;
	default:
		/* Products alone: 110 is not more than 10 % over 100. */
		return now * 100 > before * (100 + l->value);
	}
}

static void put_amount(struct buf *out, double value, bool bytes)
{
	if (bytes && value < 1e18)
		text_size(out, (uint64_t)value);
	else if (value < 1e18 && value == (double)(uint64_t)value)
		text_count(out, (uint64_t)value);
	else
		number_add_double(out, value);
}

void limit_text(struct buf *out, const struct limit *l, bool bytes)
{
	if (l->kind != LIMIT_MOST && l->value == 0) {
		buf_adds(out, "no more");
		return;
	}
	buf_adds(out, "at most ");
	if (l->kind == LIMIT_PERCENT) {
		number_add_double(out, l->value);
		buf_adds(out, " %");
	} else {
		put_amount(out, l->value, bytes);
	}
	if (l->kind != LIMIT_MOST)
		buf_adds(out, " more");
}
