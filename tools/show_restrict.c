/* show_restrict.c -- which rows are printed, and how pstats says so. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "format/number.h"
#include "pattern.h"
#include "show_list.h"

/* As Python's repr of a str, which leaves nothing that a terminal would obey. */
static void put_quoted(struct buf *out, const char *s)
{
	char quote = strchr(s, '\'') && !strchr(s, '"') ? '"' : '\'';
	size_t left = strlen(s);

	buf_addc(out, quote);
	while (left != 0) {
		uint32_t code;
		size_t len = text_utf8(s, left, &code);

		if (len == 0)
			buf_printf(out, "\\udc%02x", (unsigned char)*s);
		else if (*s == quote || *s == '\\')
			buf_printf(out, "\\%c", *s);
		else if (*s == '\n' || *s == '\r' || *s == '\t')
			buf_printf(out, "\\%c", *s == '\n' ? 'n' : *s == '\r' ? 'r' : 't');
		else if (code < 0x20 || (code >= 0x7F && code <= 0xA0) || code == 0xAD)
			buf_printf(out, "\\x%02x", (unsigned)code);
		else if ((code >= 0x2000 && code <= 0x200F) || (code >= 0x2028 && code <= 0x202F) ||
			 (code >= 0x205F && code <= 0x206F) || code == 0xFEFF)
			buf_printf(out, "\\u%04x", (unsigned)code);
		else
			buf_add(out, s, len);
		s += len ? len : 1;
		left -= len ? len : 1;
	}
	buf_addc(out, quote);
}

static void put_reduced(struct show_list *l, uint32_t before, const char *what)
{
	if (l->norder != before)
		buf_printf(&l->message, "   List reduced from %u to %u due to restriction <%s>\n",
			   (unsigned)before, (unsigned)l->norder, what);
}

void show_list_limit(struct show_list *l, uint64_t limit)
{
	uint32_t before = l->norder;
	struct buf what = BUF_INIT;

	if (limit < l->norder)
		l->norder = (uint32_t)limit;
	buf_addu(&what, limit);
	put_reduced(l, before, buf_str(&what));
	buf_release(&what);
}

static void keep_part(struct show_list *l, double part)
{
	uint32_t before = l->norder;
	struct buf what = BUF_INIT;

	/* pstats takes 1 for all. */
	if (part < 1)
		l->norder = (uint32_t)((double)before * part + .5);
	number_add_double(&what, part);
	put_reduced(l, before, buf_str(&what));
	buf_release(&what);
}

static int keep_matching(struct show_list *l, const char *text, struct error *err)
{
	uint32_t before = l->norder;
	struct pattern pattern;
	struct buf quoted = BUF_INIT;

	if (pattern_compile(&pattern, text, err) < 0)
		return error_prefix(err, "show: ");
	l->norder = 0;
	for (uint32_t i = 0; i < before; i++)
		if (pattern_found(&pattern, show_list_name(l, l->order[i])))
			l->order[l->norder++] = l->order[i];
	put_quoted(&quoted, text);
	put_reduced(l, before, buf_str(&quoted));
	buf_release(&quoted);
	pattern_release(&pattern);
	return 0;
}

int show_list_restrict(struct show_list *l, const char *restriction, struct error *err)
{
	size_t len = strlen(restriction);
	double part;

	if (len != 0 && len < 10 && strspn(restriction, "0123456789") == len) {
		show_list_limit(l, strtoul(restriction, NULL, 10));
		return 0;
	}
	if (len != 0 && strspn(restriction, "0123456789.") == len &&
	    strpbrk(restriction, "0123456789") != NULL && number_parse(restriction, len, &part)) {
		if (part > 1)
			return error_set(err, ERR_FORMAT, "show: '%s': a part of the list is from "
					 "0 to 1", restriction);
		keep_part(l, part);
		return 0;
	}
	return keep_matching(l, restriction, err);
}
