/* show_head.c -- what `cprof show` says before its numbers: of what they are, and what is
 * missing from them. */
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "format/callstack.h"
#include "show.h"

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* As pstats heads a file: "Sat Nov 21 18:20:37 2026    app.prof". */
static void file_title(struct buf *out, const struct subject *subject)
{
	struct stat st;

	if (strcmp(subject->path, "-") == 0) {
		buf_adds(out, "standard input");
		return;
	}
	if (stat(subject->path, &st) == 0) {
		callstack_add_date(out, st.st_mtime);
		buf_adds(out, "    ");
	}
	text_printable(out, subject->what);
}

/* "GET /user/{id}  12 requests  profiling/2026-11-21_18:20:37" */
static void several_title(struct buf *out, const struct subject *subject)
{
	if (subject->by_route) {
		text_printable(out, subject->what);
		buf_adds(out, "  ");
	}
	plural(out, subject->nsnapshots, "request");
	buf_adds(out, "  ");
	text_printable(out, subject->path);
}

void show_title(struct buf *out, const struct show *show)
{
	const struct snapshot *s = show->snapshot;
	const struct manifest *m = &s->manifest;

	if (show->subject->kind == PATH_FILE) {
		file_title(out, show->subject);
		return;
	}
	if (show->subject->kind != PATH_SNAPSHOT) {
		several_title(out, show->subject);
		return;
	}
	if (!s->has_manifest) {
		text_printable(out, show->subject->path);
		return;
	}
	request_title(out, s);
	if (m->status != NULL) {
		buf_adds(out, "  ");
		text_printable(out, m->status);
	}
	buf_adds(out, "  ");
	text_time(out, m->wall_ns);
	buf_adds(out, "  ");
	local_time(out, m->start_ns);
	if (m->git.commit != NULL) {
		buf_adds(out, "  ");
		commit_title(out, &m->git);
	}
	if (m->label != NULL) {
		buf_adds(out, "  ");
		label_title(out, m);
	}
}

struct losses {
	uint64_t lost, folded, cut, late;
	bool interrupted;
};

/* What the manifests say, or the profile itself. */
static struct losses losses_of(const struct show *show)
{
	const struct profile *p = show->profile;
	struct losses l = { .lost = 0 };

	for (size_t i = 0; i < show->subject->nsnapshots; i++) {
		const struct manifest *m = &show->subject->snapshots[i]->manifest;

		l.lost += m->lost;
		l.folded += m->folded;
		l.late += m->followed_lost;
		l.interrupted |= m->interrupted;
		for (size_t k = 0; k < m->nfollowed; k++)
			l.cut += m->followed[k].cut;
	}
	l.lost = larger(l.lost, p ? p->nlost : 0);
	l.folded = larger(l.folded, p ? p->nfolded : 0);
	return l;
}

void show_losses(struct buf *out, const struct show *show, const char *indent)
{
	struct losses l = losses_of(show);
	struct buf text = BUF_INIT;

	if (l.lost != 0) {
		buf_printf(&text, "%sincomplete: ", indent);
		plural(&text, l.lost, "call");
		buf_adds(&text, " could not be recorded\n");
	}
	if (l.folded != 0) {
		buf_adds(&text, indent);
		plural(&text, l.folded, "recursive call");
		buf_adds(&text, " counted on an ancestor\n");
	}
	if (l.interrupted)
		buf_printf(&text, "%sincomplete: another profiler took over meanwhile\n", indent);
	if (l.cut != 0)
		buf_printf(&text, "%sof its threads and jobs %llu went on after the request\n",
			   indent, (unsigned long long)l.cut);
	if (l.late != 0)
		buf_printf(&text, "%sof its threads and jobs %llu began too late to be in this\n",
			   indent, (unsigned long long)l.late);
	term_put(&show->term, out, STYLE_YELLOW, buf_str(&text));
	buf_release(&text);
}

void show_json_head(struct json_writer *w, const struct show *show)
{
	const struct snapshot *s = show->snapshot;
	const struct manifest *m = &s->manifest;
	struct losses losses = losses_of(show);
	struct buf text = BUF_INIT;

	json_add_string(w, "path", show->subject->path);
	if (s->has_manifest && m->method != NULL && m->route != NULL)
		buf_printf(&text, "%s %s", m->method, m->route);
	json_add_string(w, "request", text.len ? buf_str(&text) : NULL);
	json_add_string(w, "status", m->status);
	json_add_string(w, "label", m->label);
	if (m->ordinal != 0)
		json_add_int(w, "ordinal", (int64_t)m->ordinal);
	else
		json_add_null(w, "ordinal");
	buf_clear(&text);
	if (s->has_manifest)
		time_format(&text, m->start_ns);
	json_add_string(w, "start", text.len ? buf_str(&text) : NULL);
	if (s->has_manifest)
		json_add_int(w, "wall_ns", m->wall_ns);
	else
		json_add_null(w, "wall_ns");
	json_add_string(w, "commit", m->git.commit);
	json_add_string(w, "unit", show->unit);
	json_add_int(w, "snapshots", (int64_t)show->subject->nsnapshots);
	json_add_int(w, "lost", (int64_t)losses.lost);
	json_add_int(w, "folded", (int64_t)losses.folded);
	buf_release(&text);
}

void show_unit(struct buf *out, const struct show *show, const char *indent)
{
	if (show->is_time)
		return;
	buf_printf(out, "%svalues are ", indent);
	text_printable(out, show->profile->metrics[show->metric].name);
	if (strcmp(show->unit, "count") != 0) {
		buf_adds(out, ", in ");
		text_printable(out, show->unit);
	}
	buf_addc(out, '\n');
}

void show_focus(struct buf *out, const struct show *show, const char *indent)
{
	int64_t cum = show->options->focus ? profile_node_cum(show->profile, 0)[show->metric] : 0;

	if (show->options->focus == NULL)
		return;
	buf_printf(out, "%sonly paths through '", indent);
	text_printable(out, show->options->focus);
	buf_printf(out, "', %.1f%% of the whole\n",
		   show->unfocused ? (double)cum * 100 / (double)show->unfocused : 0.0);
}
