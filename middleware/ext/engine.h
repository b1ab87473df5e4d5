/* engine.h -- what tells a thread's traces of calls and returns. One file each,
 * chosen by version and mode:
 *
 *     mode     3.8 to 3.11              3.12 and later
 *     exact    engine_setprofile.c      engine_monitoring.c
 *     fast     engine_frame.c           engine_frame.c (3.13: engine_monitoring.c)
 *     app      engine_frame.c           engine_app.c
 *
 * exact  what cProfile counts: every call of a Python function, and of a C function
 *        by Python code
 * fast   what cProfile(builtins=False) counts: Python functions alone; the time in
 *        C functions is their callers' own
 * app    the application's own functions (application.h); all below them is their
 *        own time
 *
 * All functions need the GIL, leave no exception, and keep the one there was.
 */
#ifndef CPROF_EXT_ENGINE_H
#define CPROF_EXT_ENGINE_H

#include <stdbool.h>

enum mode { MODE_EXACT, MODE_FAST, MODE_APP, NMODES };

struct engine {
	const char *name; /* in snapshot.json */
	bool of_thread;   /* a thread disarms what it armed; else any thread may */
	/* One more, one less trace of this mode is armed on this thread. */
	void (*arm)(enum mode mode);
	void (*disarm)(enum mode mode);
	/* This greenlet has armed traces and runs again. */
	void (*resume)(void);
	/* What disarm left on for the next one goes, if none is armed; or NULL. */
	void (*rest)(void);
	/* How often it had to let go of the whole interpreter for a while, or could not
	 * take hold of it: its traces that were armed meanwhile may have lost calls. NULL:
	 * that does not happen. */
	const unsigned *was_out;
};

/* The best for the mode that can be had in this interpreter; never NULL. */
const struct engine *engine_choose(enum mode mode);

/* "exact", "fast", "app". -1: no mode is called that. */
const char *mode_name(enum mode mode);
int mode_parse(const char *name, enum mode *mode);

extern const struct engine engine_setprofile;
extern const struct engine engine_frame;

/* NULL where there is no sys.monitoring, all its tools are taken, or this is not
 * the interpreter that it was set up in. */
const struct engine *engine_monitoring(void);
const struct engine *engine_app(void);

/* From 3.14 a generator that is closed or dropped where no `try` is open ends without
 * being resumed, unless a tool listens to frames that are unwound: beside cProfile
 * it is resumed, so cProfile counts that. One more, one less trace wants it resumed
 * here too. It is left on for a while after the last, for switching costs more (all
 * code is instrumented anew) than a callback for each frame that an exception leaves. */
void engine_monitoring_run_closed_generators(bool wanted);

/* Where there is sys.monitoring: its `rest`, and the same for app mode's, which otherwise
 * takes its time. */
void engine_monitoring_rest(void);
void engine_app_rest(void);

#endif
