/* engine.h -- what tells a thread's traces of calls and returns. One file each,
 * chosen by version:
 *
 *     3.12 and later   engine_monitoring.c   sys.monitoring
 *     before           engine_setprofile.c   PyEval_SetProfile
 *
 * Both report what cProfile reports on that version. All functions need the GIL,
 * leave no exception, and keep the one there was.
 */
#ifndef CPROF_EXT_ENGINE_H
#define CPROF_EXT_ENGINE_H

#include <stdbool.h>

struct engine {
	const char *name; /* in snapshot.json */
	/* One more, one less trace is armed on this thread. */
	void (*arm)(void);
	void (*disarm)(void);
	/* This greenlet has armed traces and runs again. */
	void (*resume)(void);
};

/* The best that can be had in this interpreter; never NULL. */
const struct engine *engine_choose(void);

extern const struct engine engine_setprofile;

/* NULL where there is no sys.monitoring, all its tools are taken, or this is not
 * the interpreter that it was set up in. */
const struct engine *engine_monitoring(void);

#endif
