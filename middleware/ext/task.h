/* task.h -- a coroutine that a request hands to the event loop of another thread, by
 * asyncio.run_coroutine_threadsafe: in its place the loop has a task, which is stepped
 * the same, and recorded while it runs. So are the tasks that it makes in turn
 * (create_task, gather, a TaskGroup): during a step the loop has a create_task of its
 * own. Of a loop on the request's own thread all of this is a part of the request.
 *
 * What fails here fails alone: no function leaves an exception set.
 */
#ifndef CPROF_EXT_TASK_H
#define CPROF_EXT_TASK_H

#include "compat.h"

/* What to hand on in place of `coroutine`; NULL when nobody listens, or it is none. */
PyObject *task_new(PyObject *coroutine);

/* 0, or -1 with an exception. */
int task_init(void);

#endif
