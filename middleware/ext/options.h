/* options.h -- the middleware's switches. The environment wins over arguments:
 * CPROF_DIR, CPROF_RUN, CPROF_MODE, CPROF_DISABLE. */
#ifndef CPROF_EXT_OPTIONS_H
#define CPROF_EXT_OPTIONS_H

#include "compat.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "engine.h"
#include "metrics.h"

struct options {
	struct arena arena;
	const char *directory;    /* absolute */
	const char *run_name;     /* NULL: by leader */
	const char **routes;      /* shell patterns, ending in NULL; NULL: all */
	const char **ignore;
	int64_t slow_ns;
	double sample;            /* share of requests, 0 to 1 */
	uint64_t quota_bytes;
	enum mode mode;
	struct metrics metrics;
	bool disabled;
	bool follow;
};

/* From the values of the constructor's arguments (NULL: not given). -1 with an
 * exception that names the argument. */
int options_init(struct options *o, PyObject *directory, PyObject *routes, PyObject *ignore,
		 double slow_ms, double sample, double quota_mb, const char *mode,
		 PyObject *packages, PyObject *metrics);
void options_release(struct options *o);

/* The run's name, where the environment has none; None: by leader. -1 with an
 * exception. */
int options_set_run(struct options *o, PyObject *run);

/* Makes these packages (a str, or an iterable of them; NULL or None: none) the
 * application's. -1 with an exception. */
int options_add_packages(PyObject *packages);

/* Whether a request is to be profiled, before it runs: by path (patterns with a
 * space are matched against "METHOD path"), share, and kind (a connection that
 * is upgraded to a websocket has no end). */
bool options_want(const struct options *o, PyObject *env);

#endif
