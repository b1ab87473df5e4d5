/* getitem.h -- makes `a[b]` call a `__getitem__` that is written in Python the
 * ordinary way, by the frame evaluation hook.
 *
 * CPython 3.11.0 to 3.11.3 (Debian 12 has 3.11.2) push its frame without asking for
 * the hook, once the instruction is specialised (cpython#104405). It is so
 * specialised only for functions whose version, a number that stands for what they
 * are, fits 16 bits: every `__getitem__` is given a greater one.
 */
#ifndef CPROF_EXT_GETITEM_H
#define CPROF_EXT_GETITEM_H

/* For all classes that there are. Looks at them all, for which it takes some hundreds
 * of microseconds, but seldom: a class made since is met after some seconds. Does
 * nothing on other versions. Needs the GIL; leaves no exception, keeps what there is. */
void getitem_enter_by_hook(void);

#endif
