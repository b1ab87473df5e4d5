/* cairo keeps a font for a while after it was given back, so each has its own
 * FreeType library, which goes when cairo lets go of it. */
#include "draw/face.h"

#include <cairo-ft.h>
#include <fontconfig/fontconfig.h>
#include <ft2build.h>
#include FT_FREETYPE_H

#include "base/mem.h"

struct file_face {
	FT_Library library;
	FT_Face face;
};

static const cairo_user_data_key_t key;

static void clear_face(struct file_face *f)
{
	if (f->face != NULL)
		FT_Done_Face(f->face);
	if (f->library != NULL)
		FT_Done_FreeType(f->library);
	*f = (struct file_face){ NULL, NULL };
}

static void close_face(void *data)
{
	clear_face(data);
	mem_free(data);
}

/* NULL where the file is not there or is no font; else f is cairo's. */
static cairo_font_face_t *open_file(struct file_face *f, const char *path, int index)
{
	cairo_font_face_t *face;

	if (FT_Init_FreeType(&f->library) != 0 ||
	    FT_New_Face(f->library, path, index, &f->face) != 0) {
		clear_face(f);
		return NULL;
	}
	face = cairo_ft_font_face_create_for_ft_face(f->face, 0);
	if (cairo_font_face_set_user_data(face, &key, f, close_face) != CAIRO_STATUS_SUCCESS) {
		cairo_font_face_destroy(face);
		clear_face(f);
		return NULL;
	}
	return face;
}

/* What fontconfig makes of a pattern, which is used up. */
static cairo_font_face_t *ask_fontconfig(struct file_face *f, FcPattern *wanted,
					 uint32_t code)
{
	cairo_font_face_t *face = NULL;
	FcResult result;
	FcPattern *found;
	FcCharSet *has;
	FcChar8 *path;
	int index = 0;

	FcConfigSubstitute(NULL, wanted, FcMatchPattern);
	FcDefaultSubstitute(wanted);
	found = FcFontMatch(NULL, wanted, &result);
	FcPatternDestroy(wanted);
	if (found == NULL)
		return NULL;
	FcPatternGetInteger(found, FC_INDEX, 0, &index);
	if (FcPatternGetString(found, FC_FILE, 0, &path) == FcResultMatch &&
	    (code == 0 || (FcPatternGetCharSet(found, FC_CHARSET, 0, &has) == FcResultMatch &&
			   FcCharSetHasChar(has, code))))
		face = open_file(f, (const char *)path, index);
	FcPatternDestroy(found);
	return face;
}

static cairo_font_face_t *find_face(bool bold)
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
	struct file_face *f = mem_zalloc(sizeof *f);
	cairo_font_face_t *face;

	if (f == NULL)
		return NULL;
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		if ((face = open_file(f, files[i][bold], 0)) != NULL)
			return face;
	face = ask_fontconfig(f, FcPatternBuild(NULL, FC_FAMILY, FcTypeString, "sans", FC_WEIGHT,
						FcTypeInteger, bold ? FC_WEIGHT_BOLD
								    : FC_WEIGHT_NORMAL, NULL),
			      0);
	if (face != NULL)
		return face;
	close_face(f);
	return cairo_toy_font_face_create("sans", CAIRO_FONT_SLANT_NORMAL,
					  bold ? CAIRO_FONT_WEIGHT_BOLD
					       : CAIRO_FONT_WEIGHT_NORMAL);
}

cairo_font_face_t *face_open(bool bold)
{
	/* Kept for the next picture: so cairo finds the letters that it has drawn. */
	static cairo_font_face_t *opened[2];

	if (opened[bold] == NULL)
		opened[bold] = find_face(bold);
	return opened[bold] != NULL ? cairo_font_face_reference(opened[bold]) : NULL;
}

cairo_font_face_t *face_for(uint32_t code)
{
	struct file_face *f = mem_zalloc(sizeof *f);
	FcCharSet *one = FcCharSetCreate();
	cairo_font_face_t *face = NULL;

	if (f != NULL && one != NULL && FcCharSetAddChar(one, code))
		face = ask_fontconfig(f, FcPatternBuild(NULL, FC_FAMILY, FcTypeString, "sans",
							FC_CHARSET, FcTypeCharSet, one, NULL),
				      code);
	if (face == NULL && f != NULL)
		close_face(f);
	if (one != NULL)
		FcCharSetDestroy(one);
	return face;
}

bool face_has(cairo_font_face_t *face, uint32_t code)
{
	const struct file_face *f = cairo_font_face_get_user_data(face, &key);

	return f == NULL || FT_Get_Char_Index(f->face, code) != 0;
}
