/* book.h -- whom digests (digest.h) are of: functions by what they are known by elsewhere,
 * and who calls whom. One thread has one book for all profiles it reads, for most of
 * their functions are the same. Functions that differ in addresses or in where their
 * files lie are one.
 */
#ifndef CPROF_CHANGE_BOOK_H
#define CPROF_CHANGE_BOOK_H

#include "base/arena.h"
#include "base/map.h"
#include "base/strtab.h"
#include "change/identity.h"
#include "profile/profile.h"

/* The caller of what the request calls first. */
#define BOOK_REQUEST UINT32_MAX

struct book_function {
	const char *file, *name; /* of its identity, in book.texts: equal ones are one pointer */
	enum origin origin;
	uint32_t line;
};

struct book_arc {
	uint32_t caller, callee; /* functions of the book */
};

struct book_metric {
	const char *name, *unit; /* in book.texts */
};

struct book {
	const char *root; /* the work tree, or NULL */
	struct arena arena; /* of the digests, too */
	struct strtab texts;
	struct book_function *functions;
	struct book_arc *arcs;
	size_t nfunctions, functions_cap, narcs, arcs_cap;
	struct map function_index, arc_index;
	/* Functions as profiles name them: most are met again in the next profile. */
	struct book_raw *raws;
	size_t nraws, raws_cap;
	struct map raw_index;
};

#define BOOK_INIT { .arena = ARENA_INIT, .texts = STRTAB_INIT, .function_index = MAP_INIT, \
		    .arc_index = MAP_INIT, .raw_index = MAP_INIT }

/* Of file, qualified name and line; all are added when they are new, and are MAP_NONE
 * (NULL) without memory. file_hash is book_hash(f->file). */
uint32_t book_function(struct book *book, const struct function *f, uint64_t file_hash);
uint64_t book_hash(const char *text);
uint32_t book_arc(struct book *book, uint32_t caller, uint32_t callee);
const char *book_text(struct book *book, const char *text);
void book_release(struct book *book);

#endif
