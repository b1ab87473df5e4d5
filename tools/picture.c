#include "picture.h"

#include "base/file.h"
#include "cmd.h"

void caption_fill(struct captioned *out, const struct snapshot *s, const char *path)
{
	const struct manifest *m = &s->manifest;

	*out = (struct captioned){ .request = BUF_INIT, .date = BUF_INIT };
	if (!s->has_manifest) {
		out->caption.request = s->name ? s->name : path_base(path);
		return;
	}
	request_title(&out->request, s);
	local_time(&out->date, m->start_ns);
	out->caption = (struct caption){
		.request = buf_str(&out->request),
		.status = m->status,
		.date = buf_str(&out->date),
		.commit = m->git.commit,
		.branch = m->git.branch,
		.subject = m->git.subject,
		.dirty = m->git.dirty == 1,
		.wall_ns = m->wall_ns,
	};
}

void caption_release(struct captioned *c)
{
	buf_release(&c->request);
	buf_release(&c->date);
}
