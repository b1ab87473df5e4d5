/* response.h -- what stands between the application and the server: the wrapped
 * start_response, the write() it returns, and the wrapped body.
 */
#ifndef CPROF_EXT_RESPONSE_H
#define CPROF_EXT_RESPONSE_H

#include "request.h"

/* A callable that forwards to start_response as it is called. */
PyObject *start_response_new(struct request *r, PyObject *start_response);

/* A callable in place of a wsgi.file_wrapper that is a function (uWSGI): forwards
 * and remembers what came back. */
PyObject *file_wrapper_new(struct request *r, PyObject *file_wrapper);

/* An iterator over `body` that ends the request with close(). Steals no
 * reference. It has a length when the body has one: servers look. */
PyObject *body_new(struct request *r, PyObject *body);

/* Makes the types ready; -1 with an exception. */
int response_init(void);

#endif
