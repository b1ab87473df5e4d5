#include "calibration.h"

#include "application.h"
#include "clock.h"
#include "compat.h"
#include "quiet.h"
#include "trace.h"

enum { CALLS = 300, REPEATS = 5, REFERENCE_CALLS = 20 };

/* Measured so often at first; the last so many are kept. One alone is off by a third now
 * and then: it is made of small differences, and what is at the same core at that moment
 * slows the one and not the other. */
enum { FIRST = 3, KEPT = 7 };

/* Soon while there are few measurements to compare. */
static const int64_t renew_ns = 5000000000, renew_first_ns = 2000000000;

enum kind { PYTHON, C, METHOD, NKINDS };

static struct calibration {
	/* Multiples of the reference at that time. */
	double inside[NKINDS][KEPT], outside[NKINDS][KEPT];
	unsigned n;    /* measured so far: the last is at (n - 1) % KEPT */
	int64_t at_ns; /* 0: never */
} calibrations[NMODES];

static bool call_reference(PyObject *text, PyObject *name)
{
	for (int i = 0; i < REFERENCE_CALLS; i++) {
		PyObject *result = PyObject_CallMethodNoArgs(text, name);

		if (result == NULL)
			return false;
		Py_DECREF(result);
	}
	return true;
}

/* Ticks of some calls of a method from here, which are no events: of all that was tried,
 * what slows tracing slows this most nearly as much. 0 without memory. */
static uint64_t reference(void)
{
	static PyObject *text, *name;
	uint64_t best = UINT64_MAX;

	if (text == NULL)
		text = PyUnicode_InternFromString("text");
	if (name == NULL)
		name = PyUnicode_InternFromString("lower");
	if (text == NULL || name == NULL)
		return 0;
	for (int i = 0; i < 3; i++) {
		uint64_t before = clock_ticks(), ticks;

		if (!call_reference(text, name))
			return 0;
		ticks = clock_ticks() - before;
		if (ticks < best)
			best = ticks;
	}
	return best;
}

static uint32_t positive(double ticks)
{
	return ticks > 0 && ticks < 1e9 ? (uint32_t)(ticks + 0.5) : 0;
}

static double median(const double *from, unsigned n)
{
	double v[KEPT];

	for (unsigned i = 0; i < n; i++) {
		unsigned at = i;

		for (; at > 0 && v[at - 1] > from[i]; at--)
			v[at] = v[at - 1];
		v[at] = from[i];
	}
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* Nobody hears of what it does, and no exception of it is left. */
static double reference_unheard(void)
{
	PyObject *type, *value, *traceback;
	uint64_t ticks;

	PyErr_Fetch(&type, &value, &traceback);
	trace_pause();
	ticks = reference();
	trace_resume();
	quiet_clear();
	PyErr_Restore(type, value, traceback);
	return (double)ticks;
}

struct costs calibration_costs(enum mode mode)
{
	const struct calibration *c = &calibrations[mode];
	unsigned n = c->n < KEPT ? c->n : KEPT;
	struct cost costs[NKINDS] = { { 0, 0 } };

	if (n != 0) {
		double now = reference_unheard();

		for (int i = 0; i < NKINDS; i++) {
			costs[i].inside = positive(now * median(c->inside[i], n));
			costs[i].outside = positive(now * median(c->outside[i], n));
		}
	}
	return (struct costs){ costs[PYTHON], costs[C], costs[METHOD] };
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

/* The loops of cprof._calibration: by how many instructions a turn has more than that
 * of the empty loop's EMPTY_LOOP, those of the callee among them; and of the own time of
 * what they call, which does nothing, how much lies inside the callee's window: the
 * rest is the caller preparing it. Measured once, on 3.8 to 3.13. */
static const struct loop {
	const char *name;
	int more;
	double share;
} loops[NKINDS] = {
	[PYTHON] = { "python_loop", 7, 0.5 },
	/* A function the interpreter can no longer call in a way of its own once its calls
	 * are events; of one without arguments it tells in less time. */
	[C] = { "len_loop", 5, 0.6 },
	[METHOD] = { "method_loop", 6, 0.6 },
};

enum { EMPTY_LOOP = 3 };

/* Up to 3.11 each instruction is slower under a hook. What that comes to, told by a loop
 * that calls nothing, is not what calls cost: all code is slower so, and shares are true
 * if all of it stays so. */
static int measure(PyObject *module, const struct loop *of, enum mode mode, struct cost *cost)
{
	PyObject *empty = PyObject_GetAttrString(module, "empty_loop");
	PyObject *loop = PyObject_GetAttrString(module, of->name);
	double nothing, slower, plain, whole, calls, own, inside;
	int rc = -1;

	if (empty != NULL && loop != NULL && time_plain(empty, &nothing) == 0 &&
	    time_plain(loop, &plain) == 0 && time_traced(loop, mode, &whole, &calls) == 0 &&
	    time_traced(empty, mode, &slower, NULL) == 0) {
		own = (plain - nothing) / CALLS;
		inside = calls / CALLS - of->share * own;
		if (slower > nothing)
			whole -= (slower - nothing) * (EMPTY_LOOP + of->more) / EMPTY_LOOP;
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

static int measure_once(PyObject *module, enum mode mode, struct calibration *c)
{
	struct cost costs[NKINDS] = { { 0, 0 } };
	double unit = (double)reference();
	unsigned at = c->n % KEPT;

	if (unit == 0)
		return -1;
	for (int i = 0; i < (mode == MODE_EXACT ? NKINDS : 1); i++)
		if (measure(module, &loops[i], mode, &costs[i]) < 0)
			return -1;
	for (int i = 0; i < NKINDS; i++) {
		c->inside[i][at] = costs[i].inside / unit;
		c->outside[i][at] = costs[i].outside / unit;
	}
	c->n++;
	return 0;
}

static void measure_all(enum mode mode)
{
	PyObject *module = PyImport_ImportModule("cprof._calibration");
	struct calibration *c = &calibrations[mode];
	unsigned times = c->n == 0 ? FIRST : 1;

	/* Whatever fails is not tried at every request. */
	c->at_ns = clock_ns(CLOCK_MONOTONIC);
	if (module == NULL)
		return;
	adopt(module);
	while (times-- > 0 && measure_once(module, mode, c) == 0)
		;
	Py_DECREF(module);
}

void calibration_renew(enum mode mode)
{
	PyObject *type, *value, *traceback;
	int64_t at_ns = calibrations[mode].at_ns;
	struct trace *top;

	if (at_ns != 0 && clock_ns(CLOCK_MONOTONIC) - at_ns <
				  (calibrations[mode].n < KEPT ? renew_first_ns : renew_ns))
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
