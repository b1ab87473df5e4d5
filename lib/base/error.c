#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_set(struct error *err, enum error_code code, const char *fmt, ...)
{
	va_list ap;

	err->code = code;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof err->text, fmt, ap);
	va_end(ap);
	return -1;
}

static enum error_code code_of_errno(int errnum)
{
	switch (errnum) {
	case ENOMEM:
		return ERR_NOMEM;
	case ENOENT:
	case ENOTDIR:
		return ERR_NOT_FOUND;
	case EEXIST:
		return ERR_EXISTS;
	default:
		return ERR_IO;
	}
}

/* strerror is not safe among threads, and the two strerror_r differ. */
static const char *errno_text(int errnum, char *scratch, size_t size)
{
#if defined(__GLIBC__) && defined(_GNU_SOURCE)
	return strerror_r(errnum, scratch, size);
#else
	if (strerror_r(errnum, scratch, size) != 0)
		snprintf(scratch, size, "error %d", errnum);
	return scratch;
#endif
}

int error_errno(struct error *err, int errnum, const char *fmt, ...)
{
	char scratch[80];
	size_t used;
	va_list ap;

	err->code = code_of_errno(errnum);
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof err->text, fmt, ap);
	va_end(ap);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof err->text - used, ": %s",
		 errno_text(errnum, scratch, sizeof scratch));
	return -1;
}

int error_nomem(struct error *err)
{
	return error_set(err, ERR_NOMEM, "out of memory");
}

int error_prefix(struct error *err, const char *fmt, ...)
{
	char before[sizeof err->text];
	char whole[2 * sizeof err->text];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(before, sizeof before, fmt, ap);
	va_end(ap);
	snprintf(whole, sizeof whole, "%s%s", before, err->text);
	memcpy(err->text, whole, sizeof err->text - 1);
	err->text[sizeof err->text - 1] = '\0';
	return -1;
}
