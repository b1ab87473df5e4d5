/* speedscope's file format (reading: speedscope_read.c):
 *
 *     {"$schema":"https://www.speedscope.app/file-format-schema.json",
 *      "exporter":"cprof@0.1.0","name":"GET /user/{id}","activeProfileIndex":0,
 *      "shared":{"frames":[{"name":"show","file":"app.py","line":12}, ...]},
 *      "profiles":[
 *       {"type":"sampled","name":"wall","unit":"nanoseconds",
 *        "startValue":0,"endValue":100,
 *        "samples":[[0],[0,1]],"weights":[30,70]}]}
 *
 * A sample is a stack of indices into frames, root first. Each of our metrics is a
 * profile, with a sample for every node of the tree that has some of it itself; in
 * the order of first calls, which is not that of time: the view "Left Heavy" is
 * exact. Units are none, bytes, or a second and its parts.
 *
 * Not held: calls, names beside qualified ones, time outside of all functions. */
#include "format/speedscope.h"

#include <string.h>

#include "base/mem.h"
#include "base/version.h"
#include "format/json.h"
#include "format/number.h"
#include "format/stacks.h"

struct writer {
	struct buf *out;
	uint32_t metric;
	bool millionths;
	struct buf weights;
	uint64_t total;
	bool any;
};

static void put_frames(struct buf *out, const struct profile *p)
{
	for (uint32_t i = 0; i < p->nfunctions; i++) {
		const struct function *f = &p->functions[i];

		buf_adds(out, i == 0 ? "\n{\"name\":" : ",\n{\"name\":");
		json_text(out, f->qualname);
		if (f->file[0] != '\0') {
			buf_adds(out, ",\"file\":");
			json_text(out, f->file);
		}
		if (f->line != 0) {
			buf_adds(out, ",\"line\":");
			buf_addu(out, f->line);
		}
		buf_addc(out, '}');
	}
}

static void put_number(struct buf *out, const struct writer *w, uint64_t n)
{
	if (w->millionths)
		number_add_millionths(out, n);
	else
		buf_addu(out, n);
}

static int put_sample(void *arg, const struct stack *s)
{
	struct writer *w = arg;
	int64_t weight = s->self[w->metric];

	if (weight <= 0)
		return 0;
	buf_adds(w->out, w->any ? ",\n[" : "\n[");
	for (uint32_t i = 0; i < s->depth; i++) {
		if (i != 0)
			buf_addc(w->out, ',');
		buf_addu(w->out, s->functions[i]);
	}
	buf_addc(w->out, ']');
	if (w->any)
		buf_addc(&w->weights, ',');
	put_number(&w->weights, w, (uint64_t)weight);
	w->total += (uint64_t)weight;
	w->any = true;
	buf_pass(w->out);
	return w->out->failed || w->weights.failed ? -1 : 0;
}

static const char *unit_name(const char *unit)
{
	return strcmp(unit, "nanoseconds") == 0 || strcmp(unit, "bytes") == 0 ? unit : "none";
}

static int put_profile(struct buf *out, const struct profile *p, uint32_t metric,
		       struct error *err)
{
	const struct metric *m = &p->metrics[metric];
	struct writer w = { .out = out, .metric = metric,
			    .millionths = strcmp(m->unit, UNIT_MILLIONTHS) == 0 };
	int rc;

	buf_adds(out, metric == 0 ? "\n{\"type\":\"sampled\",\"name\":"
				  : ",\n{\"type\":\"sampled\",\"name\":");
	json_text(out, m->name);
	buf_printf(out, ",\"unit\":\"%s\",\"startValue\":0,\"samples\":[", unit_name(m->unit));
	rc = stacks_each(p, put_sample, &w, err);
	buf_adds(out, "],\n\"weights\":[");
	buf_add(out, w.weights.data, w.weights.len);
	buf_adds(out, "],\n\"endValue\":");
	put_number(out, &w, w.total);
	buf_addc(out, '}');
	out->failed = out->failed || w.weights.failed;
	buf_release(&w.weights);
	return rc;
}

int speedscope_write(struct buf *out, const struct profile *p, const struct format_info *info,
		     struct error *err)
{
	if (!profile_has_tree(p))
		return error_set(err, ERR_REFUSED,
				 "there is no call tree to write: speedscope's format holds stacks");
	buf_adds(out, "{\"$schema\":\"" SPEEDSCOPE_SCHEMA "\",\n\"exporter\":\""
		      SPEEDSCOPE_EXPORTER CPROF_VERSION "\",\n\"name\":");
	json_text(out, info->command ? info->command : "");
	buf_adds(out, ",\n\"activeProfileIndex\":0,\n\"shared\":{\"frames\":[");
	put_frames(out, p);
	buf_adds(out, "]},\n\"profiles\":[");
	for (uint32_t m = 0; m < p->nmetrics; m++)
		if (put_profile(out, p, m, err) < 0)
			return -1;
	buf_adds(out, "]}\n");
	return out->failed ? error_nomem(err) : 0;
}
