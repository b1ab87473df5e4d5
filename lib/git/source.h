/* source.h -- which functions and classes a Python source defines, as far as lines and
 * indentation tell, with the text of each in a form that can be compared.
 *
 *     class Order:                       Order
 *         def lines(self):               Order.lines
 *             def one(x): ...            Order.lines.<locals>.one
 *
 * Strings, brackets and continued lines are understood; what is no Python gives some
 * definitions or none, and no error. */
#ifndef CPROF_GIT_SOURCE_H
#define CPROF_GIT_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"

/* A line of a definition: without indentation, and with the definition's own name taken
 * out, so that a renamed one that calls itself is as it was. */
struct source_line {
	uint64_t hash;
	uint32_t weight; /* its length */
};

struct definition {
	const char *name; /* qualified */
	const char *last; /* the name's end, as it stands behind `def` */
	int64_t outer;    /* the one it is in; -1: none */
	bool is_class;
	struct source_line *lines; /* from the `def`; by hash */
	size_t nlines;
	uint64_t exact;  /* of all lines in their order */
	uint64_t weight; /* of all lines */
	uint64_t body;   /* of those behind the first: what a trivial one has little of */
};

struct source {
	struct definition *v; /* in the order of the file: an outer one is before its inner */
	size_t n;
};

/* Texts and rows go into `arena`; -1 without memory. */
int source_scan(struct source *out, struct bytes text, struct arena *arena, struct error *err);

/* How alike two are: the share of their lines, by length, that both have; 0 to 1. */
double definition_similarity(const struct definition *a, const struct definition *b);

#endif
