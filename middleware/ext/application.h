/* application.h -- which code is the application's own: what lies under the
 * current directory (as it was when the first trace asked), or belongs to one of
 * the packages that were named, and is neither installed in site-packages nor the
 * standard library's. One answer for the process, remembered with the code.
 */
#ifndef CPROF_EXT_APPLICATION_H
#define CPROF_EXT_APPLICATION_H

#include "compat.h"

#include <stdbool.h>
#include <stdint.h>

/* Adds a dotted package or module name ("shop", "shop.views"): from the first one
 * on it is the packages that count, and not the directory. -1 without memory. */
int application_add_package(const char *name);

/* Changes when answers may have changed. */
uintptr_t application_edition(void);

/* Makes this code the application's, wherever it is. */
void application_adopt(PyCodeObject *code);

/* Needs the GIL; keeps the exception there is, and leaves none else. */
bool application_owns(PyCodeObject *code);

#endif
