#include "calibration.h"

#include "application.h"
#include "clock.h"
#include "compat.h"
#include "quiet.h"
#include "trace.h"

enum { CALLS = 300, REPEATS = 5, REFERENCE_STEPS = 500 };

static const int64_t renew_ns = 5000000000;

/* Of the own time of a call that does nothing, what lies inside the callee's
 * window: the rest is the caller preparing it. Measured once, on 3.8 to 3.13. */
static const double python_share = 0.5, c_share = 0.6;

static struct calibration {
	struct costs costs;
	uint64_t reference; /* ticks, when it was measured */
	int64_t at_ns;      /* 0: never */
} calibrations[NMODES];

/* Ticks of a fixed chain of multiplications: how fast the processor is. */
static uint64_t reference(void)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < 3; i++) {
		uint64_t before = clock_ticks();
		volatile uint64_t sink;
		uint64_t x = before, ticks;

		for (int j = 0; j < REFERENCE_STEPS; j++)
			x = x * 6364136223846793005u + 1;
		sink = x;
		(void)sink;
		ticks = clock_ticks() - before;
		if (ticks < best)
			best = ticks;
	}
	return best ? best : 1;
}

static uint32_t scaled(uint32_t ticks, double by)
{
	return (uint32_t)(ticks * by + 0.5);
}

struct costs calibration_costs(enum mode mode)
{
	const struct calibration *c = &calibrations[mode];
	struct costs now = { { 0, 0 }, { 0, 0 } };
	double by;

	if (c->at_ns == 0)
		return now;
	by = (double)reference() / (double)c->reference;
	/* More than that is an interruption, not a speed. */
	by = by < 0.4 ? 0.4 : by > 2.5 ? 2.5 : by;
	now.python.inside = scaled(c->costs.python.inside, by);
	now.python.outside = scaled(c->costs.python.outside, by);
	now.c.inside = scaled(c->costs.c.inside, by);
	now.c.outside = scaled(c->costs.c.outside, by);
	return now;
}

static int call_loop(PyObject *loop)
{
	PyObject *result = PyObject_CallFunction(loop, "i", CALLS);

	Py_XDECREF(result);
	return result == NULL ? -1 : 0;
}

/* Ticks of loop(CALLS), the least of some. */
static int time_plain(PyObject *loop, double *ticks)
{
	uint64_t best = UINT64_MAX;

	engine_monitoring_rest();
	for (int i = 0; i < REPEATS; i++) {
		uint64_t before = clock_ticks(), this_time;

		if (call_loop(loop) < 0)
			return -1;
		this_time = clock_ticks() - before;
		if (this_time < best)
			best = this_time;
	}
	*ticks = (double)best;
	return 0;
}

/* The same traced: of the loop, and of the calls it makes, if any. The first time
 * round the functions are met and branches learnt. */
static int time_loops(const struct trace *t, PyObject *loop, double *whole, double *calls)
{
	const struct recorder *rec = t->recording.rec;
	int64_t whole_before = 0, calls_before = 0;

	for (int i = 0; i <= REPEATS; i++) {
		/* Node 1 is the loop, node 2 what it calls. */
		if (call_loop(loop) < 0 || rec->nnodes < 2 || rec->nodes[1].ncalls != (uint64_t)i + 1)
			return -1;
		if (i != 0 && (double)(rec->nodes[1].cum - whole_before) < *whole)
			*whole = (double)(rec->nodes[1].cum - whole_before);
		whole_before = rec->nodes[1].cum;
		if (calls == NULL)
			continue;
		if (rec->nnodes < 3 || rec->nodes[2].ncalls != (uint64_t)(i + 1) * CALLS)
			return -1;
		if (i != 0 && (double)(rec->nodes[2].cum - calls_before) < *calls)
			*calls = (double)(rec->nodes[2].cum - calls_before);
		calls_before = rec->nodes[2].cum;
	}
	return 0;
}

static int time_traced(PyObject *loop, enum mode mode, double *whole, double *calls)
{
	struct trace *t = trace_new(mode, NULL, NULL);
	int rc = -1;

	*whole = 1e18;
	if (calls != NULL)
		*calls = 1e18;
	if (t != NULL && trace_arm_bare(t)) {
		rc = time_loops(t, loop, whole, calls);
		trace_disarm(t);
	}
	trace_free(t);
	return rc;
}

static uint32_t positive(double ticks)
{
	return ticks > 0 && ticks < 1e9 ? (uint32_t)(ticks + 0.5) : 0;
}

/* What a loop takes longer that calls nothing is not what calls cost: up to 3.11 all
 * Python code is slower under a hook, and its shares are true if all of it stays so. */
static int measure(PyObject *module, const char *name, enum mode mode, double share,
		   struct cost *cost)
{
	PyObject *empty = PyObject_GetAttrString(module, "empty_loop");
	PyObject *loop = PyObject_GetAttrString(module, name);
	double nothing, slower, plain, whole, calls, own, inside;
	int rc = -1;

	if (empty != NULL && loop != NULL && time_plain(empty, &nothing) == 0 &&
	    time_plain(loop, &plain) == 0 && time_traced(loop, mode, &whole, &calls) == 0 &&
	    time_traced(empty, mode, &slower, NULL) == 0) {
		own = (plain - nothing) / CALLS;
		inside = calls / CALLS - share * own;
		whole -= slower > nothing ? slower - nothing : 0;
		cost->inside = positive(inside);
		cost->outside = positive((whole - plain) / CALLS - inside);
		rc = 0;
	}
	Py_XDECREF(empty);
	Py_XDECREF(loop);
	return rc;
}

/* app mode must hear functions that are not the application's. */
static void adopt(PyObject *module)
{
	static const char *const names[] = { "empty_loop", "python_loop", "nothing" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		PyObject *f = PyObject_GetAttrString(module, names[i]);

		if (f != NULL && PyFunction_Check(f))
			application_adopt((PyCodeObject *)PyFunction_GET_CODE(f));
		Py_XDECREF(f);
	}
}

static void measure_all(enum mode mode)
{
	struct calibration fresh = { { { 0, 0 }, { 0, 0 } }, reference(), clock_ns(CLOCK_MONOTONIC) };
	PyObject *module = PyImport_ImportModule("cprof._calibration");

	/* Whatever fails is not tried at every request. */
	calibrations[mode].at_ns = fresh.at_ns;
	if (module == NULL)
		return;
	adopt(module);
	if (measure(module, "python_loop", mode, python_share, &fresh.costs.python) == 0 &&
	    (mode != MODE_EXACT ||
	     measure(module, "c_loop", mode, c_share, &fresh.costs.c) == 0))
		calibrations[mode] = fresh;
	Py_DECREF(module);
}

void calibration_renew(enum mode mode)
{
	PyObject *type, *value, *traceback;
	int64_t at_ns = calibrations[mode].at_ns;
	struct trace *top;

	if (at_ns != 0 && clock_ns(CLOCK_MONOTONIC) - at_ns < renew_ns)
		return;
	PyErr_Fetch(&type, &value, &traceback);
	trace_pause();
	top = trace_swap(NULL);
	measure_all(mode);
	trace_swap(top);
	trace_resume();
	quiet_clear();
	PyErr_Restore(type, value, traceback);
}
