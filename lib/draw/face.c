#include "draw/face.h"

#include <ft2build.h>
#include FT_FREETYPE_H

int (*face_add_kinds)(FT_Library library);

static FT_Library library; /* opened with the first face, and kept as they are */

static void close_face(struct face *f)
{
	if (f->ft != NULL)
		FT_Done_Face(f->ft);
	buf_release(&f->found);
	*f = (struct face){ .ft = NULL };
}

/* False where the file is not there or is no font. */
static bool open_file(struct face *f, const char *path, int index)
{
	FT_Error error;

	if (library == NULL && FT_Init_FreeType(&library) != 0)
		return false;
	error = FT_New_Face(library, path, index, &f->ft);
	if (error == FT_Err_Unknown_File_Format && face_add_kinds != NULL &&
	    face_add_kinds(library) == 0)
		error = FT_New_Face(library, path, index, &f->ft);
	if (error != 0)
		return false;
	f->path = path;
	f->index = index;
	return true;
}

static bool open_found(struct face *f, struct faces *all, bool bold, uint32_t code)
{
	int index = 0;

	*f = (struct face){ .found = BUF_INIT };
	if (all->find != NULL && all->find(&f->found, &index, bold, code) == 0 &&
	    open_file(f, buf_str(&f->found), index))
		return true;
	all->failed = all->failed || f->found.failed;
	close_face(f);
	return false;
}

static bool open_usual(struct face *f, struct faces *all, bool bold)
{
	/* Where Debian, Fedora, Arch and Alpine, and macOS have them. */
	static const char *const files[][2] = {
		{ "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
		  "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf" },
		{ "/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf",
		  "/usr/share/fonts/dejavu-sans-fonts/DejaVuSans-Bold.ttf" },
		{ "/usr/share/fonts/TTF/DejaVuSans.ttf",
		  "/usr/share/fonts/TTF/DejaVuSans-Bold.ttf" },
		{ "/usr/share/fonts/dejavu/DejaVuSans.ttf",
		  "/usr/share/fonts/dejavu/DejaVuSans-Bold.ttf" },
		{ "/System/Library/Fonts/Supplemental/Verdana.ttf",
		  "/System/Library/Fonts/Supplemental/Verdana Bold.ttf" },
	};

	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		if (open_file(f, files[i][bold], 0))
			return true;
	return open_found(f, all, bold, 0);
}

int faces_init(struct faces *f, font_finder *find, struct error *err)
{
	static struct face opened[NWEIGHTS];

	*f = (struct faces){ .find = find };
	for (int i = 0; i < NWEIGHTS; i++) {
		if (opened[i].ft == NULL && !open_usual(&opened[i], f, i != 0))
			return f->failed ? error_nomem(err)
				: error_set(err, ERR_REFUSED, "there is no font to write with; "
					    "install one, such as DejaVu Sans");
		f->regular[i] = &opened[i];
	}
	return 0;
}

void faces_release(struct faces *f)
{
	for (int i = 0; i < f->nfallbacks; i++)
		close_face(&f->fallbacks[i]);
	f->nfallbacks = 0;
}

static struct face *find_fallback(struct faces *f, uint32_t code)
{
	for (int i = 0; i < f->nfallbacks; i++)
		if (face_has(&f->fallbacks[i], code))
			return &f->fallbacks[i];
	if (f->nfallbacks == MOST_FALLBACKS ||
	    !open_found(&f->fallbacks[f->nfallbacks], f, false, code))
		return NULL;
	return &f->fallbacks[f->nfallbacks++];
}

struct face *faces_for(struct faces *f, bool bold, uint32_t code, uint32_t *glyph)
{
	struct face *face = f->regular[bold], *other;

	*glyph = FT_Get_Char_Index(face->ft, code);
	if (*glyph == 0 && (other = find_fallback(f, code)) != NULL) {
		face = other;
		*glyph = FT_Get_Char_Index(face->ft, code);
	}
	return face;
}

bool face_has(const struct face *face, uint32_t code)
{
	return FT_Get_Char_Index(face->ft, code) != 0;
}

bool face_set_size(struct face *face, double pixels)
{
	FT_F26Dot6 size = (FT_F26Dot6)(pixels * 64 + 0.5);

	if (face->pixels != pixels && FT_Set_Char_Size(face->ft, size, size, 0, 0) != 0)
		return false;
	face->pixels = pixels;
	return true;
}
