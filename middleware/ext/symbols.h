/* symbols.h -- every function this process has seen called, once, by content:
 * requests share the names, and the writer thread reads them without the
 * interpreter. Nothing is removed, so an id stays good; what can grow without
 * end (exec'd code with ever new names) stops at SYMBOLS_MAX.
 *
 * symbols_add needs the GIL. symbols_lookup may run in any thread for an id that
 * reached it through a lock.
 */
#ifndef CPROF_EXT_SYMBOLS_H
#define CPROF_EXT_SYMBOLS_H

#include "profile/profile.h"

enum { SYMBOLS_MAX = 1 << 20 };

/* The id of this function, new or not. Past the limit, or without memory, that
 * of "<other functions>", which is always there. */
uint32_t symbols_add(const char *file, uint32_t line, const char *name, const char *qualname);

/* Who it is. Any number that is no id (MAP_NONE) is "<other functions>". */
void symbols_lookup(uint32_t id, struct function *out);

#endif
