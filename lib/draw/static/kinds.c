/* kinds.c -- see freetype.c: what reads PostScript's fonts, linked last, where it shares no
 * pages with what is used.
 */
#include <stddef.h>

#include <ft2build.h>
#include FT_MODULE_H

#include "draw/static/kinds.h"

extern const FT_Module_Class cff_driver_class, t1_driver_class, psaux_module_class,
	pshinter_module_class;

int kinds_add(FT_Library library)
{
	static const FT_Module_Class *const modules[] = {
		&cff_driver_class, &t1_driver_class, &psaux_module_class, &pshinter_module_class
	};
	FT_Error error = 0;

	for (size_t i = 0; i < sizeof modules / sizeof modules[0] && error == 0; i++)
		error = FT_Add_Module(library, modules[i]);
	return error;
}
