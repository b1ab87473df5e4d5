/* engine_frame.c -- the frame evaluation hook (PEP 523): our function is called in
 * place of the interpreter's loop for every Python frame, once for each resume of
 * a generator, and calls that loop in turn. Specialised instructions stay as they
 * are, and C functions cost nothing.
 *
 * The hook is the whole interpreter's, so every thread passes through it while any
 * trace is armed. It makes Python's calls recurse on the C stack, which has room
 * for some hundreds where the interpreter alone would have used none: past
 * DEPTH_MAX the hook takes itself out of the interpreter, runs that frame by the
 * default loop, and puts itself back when it returns. The frames below are that
 * frame's own time; what the other threads do meanwhile is not heard. So every
 * trace that is armed then has lost events, and says so.
 */
#include "compat.h"

#include "application.h"
#include "engine.h"
#include "forks.h"
#include "getitem.h"
#include "trace.h"

#if PY_VERSION_HEX < 0x03090000
#define Py_BUILD_CORE
#include <internal/pycore_pystate.h>
#undef Py_BUILD_CORE
typedef PyFrameObject frame_t;
#elif PY_VERSION_HEX < 0x030B0000
typedef PyFrameObject frame_t;
#else
typedef struct _PyInterpreterFrame frame_t;
#define Py_BUILD_CORE
#if PY_VERSION_HEX < 0x030E0000
#include <internal/pycore_frame.h>
#else
#include <internal/pycore_interpframe_structs.h>
#endif
#undef Py_BUILD_CORE
#endif

enum { DEPTH_MAX = 200 };

/* Frames of ours on this C stack. */
static __thread unsigned depth __attribute__((tls_model("initial-exec")));

static bool out;            /* for a frame that is too deep */
static unsigned was_out;
static unsigned narmed;     /* in the process */
static unsigned generation; /* of fork, that narmed belongs to */

#if PY_VERSION_HEX >= 0x030E0000
/* Its lowest bits say whether the reference is counted. */
static inline PyObject *untagged(_PyStackRef ref)
{
	return (PyObject *)(ref.bits & ~(uintptr_t)3);
}
#endif

/* Borrowed: the frame keeps it. */
static inline PyCodeObject *code_of(frame_t *frame)
{
#if PY_VERSION_HEX < 0x030D0000
	return frame->f_code;
#elif PY_VERSION_HEX < 0x030E0000
	return (PyCodeObject *)frame->f_executable;
#else
	return (PyCodeObject *)untagged(frame->f_executable);
#endif
}

/* Where the frame stands, in bytes of code. */
static inline int offset_of(frame_t *frame)
{
#if PY_VERSION_HEX < 0x030B0000
	return frame->f_lasti;
#elif PY_VERSION_HEX < 0x030C0000
	return _PyInterpreterFrame_LASTI(frame);
#else
	return PyUnstable_InterpreterFrame_GetLasti(frame);
#endif
}

/* From 3.11 calling a generator function runs its frame up to the instruction that
 * makes the generator, which is no call of it yet. Before that instruction the
 * frame stands ahead of its first one, from 3.13 on it. */
static inline bool makes_generator(PyCodeObject *code, frame_t *frame)
{
	if (PY_VERSION_HEX < 0x030B0000)
		return false;
	if ((code->co_flags & (CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR)) == 0)
		return false;
	return offset_of(frame) < (PY_VERSION_HEX < 0x030D0000 ? 0 : 1);
}

/* Borrowed, or NULL. */
static PyObject *first_argument(PyCodeObject *code, frame_t *frame)
{
	if (code->co_argcount == 0)
		return NULL;
#if PY_VERSION_HEX < 0x030B0000
	return frame_first_argument(frame);
#elif PY_VERSION_HEX < 0x030E0000
	return frame->localsplus[0];
#else
	return untagged(frame->localsplus[0]);
#endif
}

#if PY_VERSION_HEX < 0x03090000

typedef PyObject *evaluate_t(frame_t *, int);

static PyObject *hook(frame_t *frame, int throwing);
static evaluate_t *next = _PyEval_EvalFrameDefault;

static evaluate_t *installed(void)
{
	return PyThreadState_Get()->interp->eval_frame;
}

static void install(evaluate_t *function)
{
	PyThreadState_Get()->interp->eval_frame = function;
}

#define HOOK_PARAMETERS frame_t *frame, int throwing
#define HOOK_ARGUMENTS frame, throwing

#else

typedef PyObject *evaluate_t(PyThreadState *, frame_t *, int);

static PyObject *hook(PyThreadState *ts, frame_t *frame, int throwing);
static evaluate_t *next = _PyEval_EvalFrameDefault;

static evaluate_t *installed(void)
{
	return _PyInterpreterState_GetEvalFrameFunc(PyInterpreterState_Get());
}

static void install(evaluate_t *function)
{
	_PyInterpreterState_SetEvalFrameFunc(PyInterpreterState_Get(), function);
}

#define HOOK_PARAMETERS PyThreadState *ts, frame_t *frame, int throwing
#define HOOK_ARGUMENTS ts, frame, throwing

#endif

static void take_out(void)
{
	out = false;
	if (installed() == hook)
		install(next);
}

static void put_in(void)
{
	evaluate_t *now = installed();

	out = false;
	if (now == hook)
		return;
	next = now;
	install(hook);
}

/* Too deep. Threads take turns here: the hook comes back when any of them
 * returns or arms a trace, and goes again at the next frame that is too deep. */
static PyObject *run_unheard(HOOK_PARAMETERS)
{
	PyObject *result;

	take_out();
	out = installed() == next;
	was_out++;
	result = next(HOOK_ARGUMENTS);
	if (narmed != 0 && generation == fork_generation())
		put_in();
	return result;
}

/* A child after fork inherits the hook: it goes at the first frame. */
static void leave_child(void)
{
	trace_forget_after_fork();
	generation = fork_generation();
	narmed = 0;
	take_out();
}

enum owner { OWNER_UNKNOWN, OWNER_APPLICATION, OWNER_OTHER };

/* A trace in app mode hears the application's own frames alone; who owns the code
 * is found out only when there is one. */
static inline bool hears_frame(const struct trace *t, PyCodeObject *code, enum owner *owner)
{
	if (t->hears != &engine_frame)
		return false;
	if (t->mode != MODE_APP)
		return true;
	if (*owner == OWNER_UNKNOWN)
		*owner = application_owns(code) ? OWNER_APPLICATION : OWNER_OTHER;
	return *owner == OWNER_APPLICATION;
}

/* Most frames of a request in app mode: nothing needs to be told of their return either,
 * for a trace that is armed in there has no such call. */
static inline bool is_foreign_to_all(const struct trace *t, PyCodeObject *code)
{
	return t->mode == MODE_APP && t->outer == NULL && !application_owns(code);
}

/* Apart from the hook, which so saves few registers. */
static __attribute__((noinline)) void call_slowly(PyCodeObject *code, frame_t *frame,
						  enum owner *owner)
{
	for (struct trace *t = trace_top; t != NULL; t = t->outer) {
		if (!hears_frame(t, code, owner))
			continue;
		if (!recorder_knows(t->recording.rec, (uintptr_t)code))
			trace_meet_code(t, code, first_argument(code, frame));
		trace_call_to(t, (uintptr_t)code, 0);
	}
}

/* A trace that was armed in there has no such call: it ignores this. */
static __attribute__((noinline)) void return_slowly(PyCodeObject *code, enum owner owner)
{
	for (struct trace *t = trace_top; t != NULL; t = t->outer)
		if (hears_frame(t, code, &owner))
			trace_return_to(t, t->costs.python);
}

static inline PyObject *run(HOOK_PARAMETERS, unsigned before)
{
	PyObject *result;

	depth = before + 1;
	result = next(HOOK_ARGUMENTS);
	depth = before;
	return result;
}

static TRACE_HOOK PyObject *hook(HOOK_PARAMETERS)
{
	enum owner owner = OWNER_UNKNOWN;
	unsigned before = depth;
	struct trace *t = trace_top;
	PyCodeObject *code;
	PyObject *result;

	if (before >= DEPTH_MAX)
		return run_unheard(HOOK_ARGUMENTS);
	if (t == NULL && generation != fork_generation())
		leave_child();
	code = code_of(frame);
	if (makes_generator(code, frame))
		return next(HOOK_ARGUMENTS);
	/* What a trace expects it hears: nothing else is recorded. */
	if (t != NULL && trace_quick_call(t, t->quick == &engine_frame, (uintptr_t)code, 0))
		owner = OWNER_APPLICATION;
	else if (t != NULL && is_foreign_to_all(t, code))
		return run(HOOK_ARGUMENTS, before);
	else if (t != NULL)
		call_slowly(code, frame, &owner);
	result = run(HOOK_ARGUMENTS, before);
	t = trace_top;
	if (t == NULL)
		return result;
	if ((owner != OWNER_APPLICATION && t->mode == MODE_APP) ||
	    !trace_quick_return(t, t->quick == &engine_frame, &t->costs.python, 0))
		return_slowly(code, owner);
	return result;
}

static void arm(enum mode mode)
{
	if (mode == MODE_FAST)
		engine_monitoring_run_closed_generators(true);
	getitem_enter_by_hook();
	if (generation != fork_generation()) {
		generation = fork_generation();
		narmed = 0;
	}
	if (narmed++ == 0 || out)
		put_in();
}

static void disarm(enum mode mode)
{
	if (mode == MODE_FAST)
		engine_monitoring_run_closed_generators(false);
	if (narmed != 0 && --narmed == 0)
		take_out();
}

static void resume(void)
{
}

const struct engine engine_frame = { "frame", false, arm, disarm, resume, NULL, &was_out };
