/* engine.h -- what tells a thread's traces of calls and returns. One for now:
 * PyEval_SetProfile, which every version has and which is the thread's own.
 */
#ifndef CPROF_EXT_ENGINE_H
#define CPROF_EXT_ENGINE_H

/* Its name in snapshot.json. */
#define ENGINE_NAME "setprofile"

/* One more, one less trace is armed on this thread. The hook that was there is
 * called on, and put back after the last; if another took the place of ours
 * meanwhile, it stays and the traces are marked (trace_interrupted). */
void engine_arm(void);
void engine_disarm(void);

/* This greenlet has armed traces and runs again. */
void engine_resume(void);

#endif
