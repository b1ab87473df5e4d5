/* follow.h -- while a request is followed, threading.Thread.start, the submit of
 * concurrent.futures.ThreadPoolExecutor and asyncio.run_coroutine_threadsafe are ours:
 * context variables do not travel to other threads by themselves, and no hook is told
 * where a thread comes from. They call the originals, with a strand in place of the
 * thread's run() or of the job where a request's trace listens (strand.h), a task in
 * place of the coroutine (task.h), and can't be told from them in a profile. After the
 * last such request the originals are put back, unless somebody has wrapped ours
 * meanwhile: then it stays in between and does nothing.
 *
 * An executor's own threads are not followed, its jobs are. What is started by
 * _thread alone is not seen, nor is multiprocessing, nor who has taken
 * run_coroutine_threadsafe from asyncio when it was imported (`from asyncio import`).
 *
 * Needs the GIL; leaves no exception.
 */
#ifndef CPROF_EXT_FOLLOW_H
#define CPROF_EXT_FOLLOW_H

#include "compat.h"

/* One more, one less request is followed. Nothing is imported for that: a request that
 * is the first in its process to import concurrent.futures hands on jobs unfollowed. */
void follow_begin(void);
void follow_end(void);

/* In a child after fork: nothing is followed there yet. */
void follow_forget(void);

/* 0, or -1 with an exception. */
int follow_init(void);

#endif
