/* freetype.c -- in place of FreeType's own ftinit.c, as FreeType provides for, where its
 * archive is linked into draw.so: only what opens and draws scalable fonts becomes a part of
 * that, and neither libpng nor brotli is loaded for it. mk/build.mk says when.
 */
#include <stddef.h>

#include <ft2build.h>
#include FT_MODULE_H
#include FT_SYSTEM_H

#include "base/mem.h"
#include "draw/face.h"
#include "draw/static/kinds.h"

extern const FT_Module_Class autofit_module_class, tt_driver_class, psnames_module_class,
	sfnt_module_class, ft_smooth_renderer_class;

static void *allocate(FT_Memory memory, long size)
{
	(void)memory;
	return mem_alloc((size_t)size);
}

static void release(FT_Memory memory, void *block)
{
	(void)memory;
	mem_free(block);
}

static void *resize(FT_Memory memory, long had, long size, void *block)
{
	(void)memory, (void)had;
	return mem_realloc(block, (size_t)size);
}

FT_Error FT_Init_FreeType(FT_Library *library)
{
	static struct FT_MemoryRec_ memory = { NULL, allocate, release, resize };
	static const FT_Module_Class *const modules[] = {
		&autofit_module_class, &tt_driver_class, &psnames_module_class,
		&sfnt_module_class, &ft_smooth_renderer_class
	};
	FT_Error error = FT_New_Library(&memory, library);

	face_add_kinds = kinds_add;
	for (size_t i = 0; i < sizeof modules / sizeof modules[0] && error == 0; i++)
		error = FT_Add_Module(*library, modules[i]);
	return error;
}

/* What reads letters that are PNGs, and fonts compressed with brotli: FreeType goes by the
 * first one's result, "there is none", and calls no other. Letters that are PNGs are not
 * asked for in any case (letters.c). */
#define ABSENT(name) \
	void *name(void); \
	void *name(void) \
	{ \
		return NULL; \
	}

ABSENT(BrotliDecoderDecompress)
ABSENT(png_create_info_struct)
ABSENT(png_create_read_struct)
ABSENT(png_destroy_read_struct)
ABSENT(png_error)
ABSENT(png_get_IHDR)
ABSENT(png_get_error_ptr)
ABSENT(png_get_io_ptr)
ABSENT(png_get_valid)
ABSENT(png_read_end)
ABSENT(png_read_image)
ABSENT(png_read_info)
ABSENT(png_read_update_info)
ABSENT(png_set_expand_gray_1_2_4_to_8)
ABSENT(png_set_filler)
ABSENT(png_set_gray_to_rgb)
ABSENT(png_set_interlace_handling)
ABSENT(png_set_longjmp_fn)
ABSENT(png_set_packing)
ABSENT(png_set_palette_to_rgb)
ABSENT(png_set_read_fn)
ABSENT(png_set_read_user_transform_fn)
ABSENT(png_set_strip_16)
ABSENT(png_set_tRNS_to_alpha)
