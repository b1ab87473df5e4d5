/* calibration.h -- what the tracer itself costs, so that it can be taken out.
 *
 * Of the time a call and its return cost, a part lies between the two readings of
 * the clock and would be the callee's (`inside`), the rest would be the caller's:
 *
 *     caller ── event ──│clock│── event, callee, event ──│clock│── event ── caller
 *               outside         inside           inside            outside
 *
 * Both are measured on calls of a function that does nothing: plain, and traced by
 * the engine in question. The speed of a processor changes by a factor of two
 * within seconds, so that is done again every few seconds, and in between a short
 * reference loop tells how far the speed has moved. That must be slowed by what slows
 * an interpreter: what shares the core takes its caches and its decoders, and leaves
 * chains of arithmetic and readings of the clock as fast as they were. One measurement
 * alone is off by a third now and then: the median of the last ones holds.
 *
 * Needs the GIL; leaves no exception.
 */
#ifndef CPROF_EXT_CALIBRATION_H
#define CPROF_EXT_CALIBRATION_H

#include <stdint.h>

#include "engine.h"

/* In ticks of clock.h, per call and return. */
struct cost {
	uint32_t inside, outside;
};

/* `method` is of a type's method written in C, where it is called on an instance: up to
 * 3.11 the interpreter binds it to that for the hook, each time. */
struct costs {
	struct cost python, c, method;
};

/* What a trace of this mode costs now (2 us). Zero until it was measured. */
struct costs calibration_costs(enum mode mode);

/* Measures it if that is more than a few seconds ago (a millisecond; three at first): not
 * while anybody waits. */
void calibration_renew(enum mode mode);

#endif
