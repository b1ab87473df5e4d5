/* request.h -- one request from the call of the application to the close of its
 * body: the trace, and what the snapshot will say of it. An object, because the
 * response and the environ (under "cprof.request") refer to it.
 *
 * What fails here fails alone: no function leaves an exception set.
 */
#ifndef CPROF_EXT_REQUEST_H
#define CPROF_EXT_REQUEST_H

#include "compat.h"

#include <stdbool.h>
#include <stdint.h>

#include "trace.h"
#include "writer.h"

struct request {
	PyObject_HEAD
	struct trace *trace;
	struct strands *strands; /* NULL: what it hands on is not followed, or it is over */
	struct job *job;      /* NULL once it is finished, or was given up */
	PyObject *environ;    /* until the route is known */
	PyObject *app;        /* the same */
	PyObject *sent_file;  /* what a wsgi.file_wrapper that is no type returned;
	                         compared only, and alive as long as the call */
	PyObject *weakrefs;
	int64_t slow_ns;      /* faster ones are not kept */
	bool route_known;
	bool in_app;          /* the application is running in the call */
};

extern PyTypeObject Request_Type;

/* NULL when it cannot be recorded (counted as dropped). `app` is asked for its
 * routes. `follow`: what it hands on to other threads is its own (follow.h). */
struct request *request_new(PyObject *env, PyObject *app, struct sink *sink,
			    uint64_t served_before, int64_t slow_ns, enum mode mode,
			    PyObject *timer, const struct metrics *metrics, bool follow);

/* The status line, and the route as far as it can be told now. */
void request_status(struct request *r, PyObject *status);

void request_sent(struct request *r, Py_ssize_t bytes);

/* This exception type escaped; the last one said stays. */
void request_exception(struct request *r, PyObject *type);

/* The request is over: hands its job to the writer. `ended` as in manifest.h.
 * Later calls do nothing. */
void request_finish(struct request *r, const char *ended);

/* One that is not profiled. */
void request_passed(void);

/* It could not be recorded: counted as dropped. */
void request_give_up(struct request *r);

/* A copy in the job's arena; NULL without memory. A NUL would end the text, and
 * "/a%00b" pass for "/a": it stays as it was sent. */
const char *request_text(struct job *job, const char *s, size_t len);

/* Which process and thread this is, and when: what every snapshot says. */
void request_describe_process(struct manifest *m, uint64_t served_before);

/* Says in the log, once each, what went wrong. */
void log_complaints(void);

#endif
