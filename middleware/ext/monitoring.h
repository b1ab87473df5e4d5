/* monitoring.h -- a tool of sys.monitoring (PEP 669): its number, its callbacks,
 * its events. From 3.12.
 *
 * Callbacks are objects of a type with a vectorcall slot: a builtin function in
 * their place costs 38 instructions more per event.
 *
 * Needs the GIL; leaves no exception, and keeps the one there was.
 */
#ifndef CPROF_EXT_MONITORING_H
#define CPROF_EXT_MONITORING_H

#include "compat.h"

#include <stdbool.h>

#if PY_VERSION_HEX >= 0x030C0000

struct monitoring_callback {
	const char *event; /* "PY_START"; NULL ends a list */
	vectorcallfunc call;
};

struct monitoring {
	bool tried;
	PyInterpreterState *interpreter; /* where it is set up; NULL: nowhere */
	long number;
	long events, python_events; /* all of its callbacks; those called PY_ */
	long unwind_event;          /* PY_UNWIND, if it is among them */
	unsigned nidle;             /* callbacks that nobody wanted */
	PyObject *module; /* sys.monitoring */
	PyObject *missing, *disable;
};

/* Sets the tool up at the first call. False where that could not be done (all
 * numbers are taken), or in another interpreter than that of the first call. */
bool monitoring_ready(struct monitoring *tool, const struct monitoring_callback *callbacks);

/* These events on and the others off, for the whole interpreter. False without memory:
 * then they are as they were. */
bool monitoring_switch(struct monitoring *tool, long events);

/* A callback came that nobody wanted, of an event that is left on because switching
 * costs more. True when such callbacks have cost about as much since the last switch
 * or monitoring_wanted(): then it is time. */
bool monitoring_idle(struct monitoring *tool);
void monitoring_wanted(struct monitoring *tool);

/* Forgets what callbacks turned off by returning DISABLE. False without memory. */
bool monitoring_restart(struct monitoring *tool);

#endif
#endif
