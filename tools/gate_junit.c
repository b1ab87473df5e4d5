/* gate_junit.c -- JUnit XML, as CI services show it: a case for each rule and request.
 *
 *     <testsuites> <testsuite name="cprof gate" tests= failures= errors= skipped= time=>
 *       <testcase classname="GET /user/{id}" name="SQL statements: no more" time="0">
 *         <failure type="worse" message="...">whom to blame</failure> | <skipped message=""/>
 */
#include <string.h>

#include "base/text.h"
#include "gate.h"

static void put_attribute(struct buf *out, const char *name, struct buf *value)
{
	buf_printf(out, " %s=\"", name);
	text_xml(out, buf_str(value));
	buf_addc(out, '"');
}

static void put_failure(struct buf *out, const struct gate_view *v, const struct finding *f)
{
	struct buf text = BUF_INIT;

	gate_put_finding(&text, f, v->term.signs);
	buf_adds(out, "      <failure type=\"worse\"");
	put_attribute(out, "message", &text);
	buf_addc(out, '>');
	for (size_t i = 0; i < f->nblamed; i++) {
		buf_clear(&text);
		gate_put_blame(&text, f, &f->blamed[i], v->term.signs);
		buf_addc(&text, '\n');
		text_xml(out, buf_str(&text));
	}
	buf_adds(out, "</failure>\n");
	buf_release(&text);
}

static void put_case(struct buf *out, const struct gate_view *v, const struct finding *f)
{
	struct buf request = BUF_INIT, rule = BUF_INIT;

	request_name(&request, f->request);
	if (f->rule->name != NULL) {
		text_printable(&rule, f->rule->name);
		buf_adds(&rule, ", ");
	}
	rule_text(&rule, f->rule);
	buf_adds(out, "    <testcase");
	put_attribute(out, "classname", &request);
	put_attribute(out, "name", &rule);
	buf_adds(out, " time=\"0\"");
	if (f->verdict == VERDICT_PASSED) {
		buf_adds(out, "/>\n");
	} else {
		buf_adds(out, ">\n");
		if (f->verdict == VERDICT_FAILED)
			put_failure(out, v, f);
		else
			buf_printf(out, "      <skipped message=\"%s\"/>\n", skip_texts[f->skip]);
		buf_adds(out, "    </testcase>\n");
	}
	buf_release(&request);
	buf_release(&rule);
}

static void put_totals(struct buf *out, const struct gate *g)
{
	buf_printf(out, " name=\"cprof gate\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" "
		   "skipped=\"%zu\" time=\"0\">\n", g ? g->n : 0, g ? g->nfailed : 0,
		   g ? g->nskipped : 0);
}

int gate_junit(struct buf *out, const struct gate_view *v, struct error *err)
{
	buf_adds(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
	put_totals(out, v->gate);
	buf_adds(out, "  <testsuite");
	put_totals(out, v->gate);
	for (size_t i = 0; v->gate != NULL && i < v->gate->n; i++)
		put_case(out, v, &v->gate->findings[i]);
	buf_adds(out, "  </testsuite>\n</testsuites>\n");
	return out->failed ? error_nomem(err) : 0;
}
