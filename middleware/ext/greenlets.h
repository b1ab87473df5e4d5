/* greenlets.h -- one set of traces per greenlet: swapped when a greenlet is left
 * for another. Needs nothing of greenlet until the application imports it.
 */
#ifndef CPROF_EXT_GREENLETS_H
#define CPROF_EXT_GREENLETS_H

/* The thread's first trace is armed, its last one disarmed: greenlet.settrace is
 * ours in between, and who had it before is called on. Nothing here raises. */
void greenlets_watch(void);
void greenlets_unwatch(void);

/* After fork: what is parked was the parent's. */
void greenlets_forget(void);

#endif
