/* pattern.h -- Python's regular expressions, as people give them to pstats: found
 * anywhere in a text or not. What re has and POSIX has not is put in its words; what
 * cannot be is refused (looking around, references back, possessive quantifiers).
 */
#ifndef CPROF_TOOLS_PATTERN_H
#define CPROF_TOOLS_PATTERN_H

#include <regex.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"

struct pattern {
	char *literal; /* a pattern that is only a text, or NULL */
	bool compiled;
	regex_t regex;
};

#define PATTERN_INIT { .literal = NULL }

/* "pattern '(': ..." in err. */
int pattern_compile(struct pattern *out, const char *text, struct error *err);
bool pattern_found(const struct pattern *p, const char *text);
void pattern_release(struct pattern *p);

#endif
