/* error.h -- what went wrong. The caller owns it, usually on its stack, so
 * reporting an error allocates nothing and works when memory ran out.
 *
 * A function that can fail returns 0, or -1 with the caller's struct error
 * filled. On the way up messages are prefixed, so that the user reads
 * "app.prof: truncated at byte 512". Never NULL.
 */
#ifndef CPROF_BASE_ERROR_H
#define CPROF_BASE_ERROR_H

enum error_code {
	ERR_NONE,
	ERR_NOMEM,     /* an allocation failed */
	ERR_IO,        /* the system said no; the text ends with its reason */
	ERR_FORMAT,    /* bytes from outside are not what they should be */
	ERR_NOT_FOUND, /* what was asked for is not there */
	ERR_EXISTS,    /* what should be made is already there */
	ERR_REFUSED    /* could be done, but would be wrong: the text says why */
};

struct error {
	enum error_code code;
	char text[240];
};

#define ERROR_INIT { ERR_NONE, "" }

/* Sets code and text; returns -1, so that `return error_set(...)` is the whole
 * failure path. A text too long for the struct is cut. */
int error_set(struct error *err, enum error_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* As error_set with ERR_IO, followed by ": " and the text of `errnum`. ENOMEM
 * becomes ERR_NOMEM, ENOENT and ENOTDIR ERR_NOT_FOUND, EEXIST ERR_EXISTS. */
int error_errno(struct error *err, int errnum, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* "out of memory"; returns -1. */
int error_nomem(struct error *err);

/* Puts the formatted text before the one there is; returns -1. */
int error_prefix(struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
