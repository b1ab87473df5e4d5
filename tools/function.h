/* function.h -- how functions are named in text. */
#ifndef CPROF_TOOLS_FUNCTION_H
#define CPROF_TOOLS_FUNCTION_H

#include "base/buf.h"
#include "profile/profile.h"

/* As pstats prints it, but with the qualified name; not escaped. Appends. */
void function_name(struct buf *out, const struct function *f);

/* "Shop.user  shop/views.py:41", "{built-in method builtins.len}": for where the
 * whole path would crowd out the rest. Not escaped. Appends. */
void function_label(struct buf *out, const struct function *f);

#endif
