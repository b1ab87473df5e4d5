#include "picture.h"

#include "base/file.h"
#include "cmd.h"
#include "plugin.h"

int picture_find_font(struct buf *path, int *index, bool bold, uint32_t code)
{
	struct error err = ERROR_INIT;
	const struct page_plugin *plugin = plugin_page(&err);

	return plugin != NULL ? plugin->find_font(path, index, bold, code) : -1;
}

picture_drawer *picture_drawer_for(struct picture_options *options, enum picture_kind kind,
				   struct error *err)
{
	const struct page_plugin *page = kind == PICTURE_PDF ? plugin_page(err) : NULL;
	const struct draw_plugin *draw = kind == PICTURE_PDF ? NULL : plugin_draw(err);

	options->find_font = picture_find_font;
	options->format = page != NULL ? page->pdf
			  : draw != NULL && kind == PICTURE_SVG ? draw->svg : NULL;
	return page != NULL ? page->draw : draw != NULL ? draw->draw : NULL;
}

void caption_fill(struct captioned *out, const struct snapshot *s, const char *path)
{
	const struct manifest *m = &s->manifest;

	*out = (struct captioned){ .request = BUF_INIT, .date = BUF_INIT };
	if (!s->has_manifest) {
		out->caption.request = s->name ? s->name : path_base(file_called(path));
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
