/* A line for each function, in the order of the profile, below one of names (RFC
 * 4180, but for its line ends, which are "\n"):
 *
 *     file,line,name,qualname,calls,primitive_calls,wall_self,wall_cum,cpu_self,...
 *     app.py,12,show,View.show,3,1,10,30,9,29
 *
 * Values are whole numbers in the unit of their metric: nanoseconds, bytes, counts.
 * Calls are empty in a sampled profile. In texts everything that a terminal would
 * obey is \xNN.
 *
 * Not held: the tree and arcs; units of metrics. */
#include "format/csv.h"

#include <string.h>

#include "base/text.h"
#include "profile/derive.h"

static void put_text(struct buf *out, const char *s)
{
	struct buf text = BUF_INIT;

	text_printable(&text, s);
	s = buf_str(&text);
	if (strpbrk(s, ",\"") == NULL) {
		buf_adds(out, s);
	} else {
		buf_addc(out, '"');
		for (; *s != '\0'; s++) {
			if (*s == '"')
				buf_addc(out, '"');
			buf_addc(out, *s);
		}
		buf_addc(out, '"');
	}
	out->failed = out->failed || text.failed;
	buf_release(&text);
}

static void put_head(struct buf *out, const struct profile *p)
{
	buf_adds(out, "file,line,name,qualname,calls,primitive_calls");
	for (uint32_t m = 0; m < p->nmetrics; m++) {
		struct buf name = BUF_INIT;

		for (int i = 0; i < 2; i++) {
			buf_clear(&name);
			buf_adds(&name, p->metrics[m].name);
			buf_adds(&name, i == 0 ? "_self" : "_cum");
			buf_addc(out, ',');
			put_text(out, buf_str(&name));
			out->failed = out->failed || name.failed;
		}
		buf_release(&name);
	}
	buf_addc(out, '\n');
}

static void put_count(struct buf *out, const struct profile *p, uint64_t n)
{
	buf_addc(out, ',');
	if (!p->sampled)
		buf_addu(out, n);
}

static void put_row(struct buf *out, const struct profile *p, const struct function *f,
		    const struct totals *t)
{
	put_text(out, f->file);
	buf_addc(out, ',');
	buf_addu(out, f->line);
	buf_addc(out, ',');
	put_text(out, f->name);
	buf_addc(out, ',');
	put_text(out, f->qualname);
	put_count(out, p, t->ncalls);
	put_count(out, p, t->nprimitive);
	for (uint32_t m = 0; m < p->nmetrics; m++)
		buf_printf(out, ",%lld,%lld", (long long)t->costs[m].self,
			   (long long)t->costs[m].cum);
	buf_addc(out, '\n');
}

int csv_write(struct buf *out, const struct profile *p, const struct format_info *info,
	      struct error *err)
{
	const struct table *t;
	struct table own;

	(void)info;
	if (derive_view(&t, &own, p, NULL, 0, err) < 0)
		return -1;
	put_head(out, p);
	for (uint32_t i = 0; i < t->nfunctions; i++)
		put_row(out, p, &p->functions[i], table_function(t, i));
	table_release(&own);
	return out->failed ? error_nomem(err) : 0;
}
