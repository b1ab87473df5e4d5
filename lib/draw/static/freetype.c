/* freetype.c -- in place of FreeType's own ftinit.c, as FreeType provides for, where its
 * archive is linked into draw.so: only what opens and draws scalable fonts becomes a part of
 * that. mk/build.mk says when.
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
