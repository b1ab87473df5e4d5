#include "calibration.h"

#include "application.h"
#include "clock.h"
#include "compat.h"
#include "quiet.h"
#include "trace.h"

enum { CALLS = 300, REPEATS = 5, REFERENCE_TURNS = 10 };

/* Measured so often at first; the last so many are kept, and of these the ones are asked
 * at which the processor was about as fast as it is now. One alone is off by a third now
 * and then: it is made of small differences, and what is at the same core at that moment
 * slows the one and not the other. */
enum { FIRST = 3, KEPT = 9, ASKED = 5 };

/* How often one is tried again during which the speed changed. */
enum { TRIES = 3 };

/* Soon while there are few measurements to compare, and sooner when none was made at the
 * speed of now: what that does to tracing is only nearly what it does to the reference. */
static const int64_t renew_ns = 5000000000, renew_first_ns = 2000000000,
		     renew_strange_ns = 500000000;
/* As a factor: the same speed, and another. */
static const double same_speed = 1.15;

enum kind { PYTHON, C, METHOD, NKINDS };
enum { NSHAPES = 3 };

static struct calibration {
	struct measurement {
		double reference; /* ticks of it at that time; the others are multiples */
		double inside[NKINDS], outside[NKINDS];
	} of[KEPT];
	unsigned n;    /* measured so far: the last is at (n - 1) % KEPT */
	int64_t at_ns; /* 0: never */
	bool strange;  /* the last time costs were asked for, at another speed than all these */
} calibrations[NMODES];

/* Things to do something with. */
static struct {
	PyObject *text, *method, *row, *types, *table;
} things;

static bool have_things(void)
{
	if (things.text == NULL)
		things.text = PyUnicode_InternFromString("text");
	if (things.method == NULL)
		things.method = PyUnicode_InternFromString("isalpha");
	if (things.row == NULL && things.text != NULL)
		things.row = Py_BuildValue("siO", "row", 1, things.text);
	if (things.types == NULL)
		things.types = Py_BuildValue("OO", &PyLong_Type, &PyUnicode_Type);
	if (things.table == NULL && things.text != NULL)
		things.table = Py_BuildValue("{Oi}", things.text, 1);
	return things.text != NULL && things.method != NULL && things.row != NULL &&
	       things.types != NULL && things.table != NULL;
}

static bool do_some_things(void)
{
	bool done = true;

	for (int i = 0; done && i < REFERENCE_TURNS; i++) {
		PyObject *answer = PyObject_CallMethodNoArgs(things.text, things.method);
		PyObject *item = PyObject_GetItem(things.table, things.text);
		uint64_t ticks = clock_ticks();

		done = answer != NULL && item != NULL &&
		       PyObject_IsInstance(things.text, things.types) == 1 &&
		       PySequence_Contains(things.row, things.text) == 1 &&
		       clock_ticks() >= ticks;
		Py_XDECREF(answer);
		Py_XDECREF(item);
	}
	return done;
}

/* Ticks of some calls of what the interpreter itself is made of, which are no events from
 * here and allocate nothing: of all that was tried, what slows tracing slows this most
 * nearly as much, and what else goes on the least. 0: it cannot be told. */
static double reference(void)
{
	uint64_t best = UINT64_MAX;

	if (!have_things())
		return 0;
	for (int i = 0; i < 3; i++) {
		uint64_t before = clock_ticks(), ticks;

		if (!do_some_things())
			return 0;
		ticks = clock_ticks() - before;
		if (ticks < best)
			best = ticks;
	}
	return (double)best;
}

static uint32_t positive(double ticks)
{
	return ticks > 0 && ticks < 1e9 ? (uint32_t)(ticks + 0.5) : 0;
}

/* Sorts v. */
static double median(double *v, unsigned n)
{
	for (unsigned i = 1; i < n; i++) {
		double value = v[i];
		unsigned at = i;

		for (; at > 0 && v[at - 1] > value; at--)
			v[at] = v[at - 1];
		v[at] = value;
	}
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* By how much, as a factor. */
static double differs(double a, double b)
{
	return a > b ? a / b : b / a;
}

/* Those of c whose reference is nearest to `now`, the last ones first. */
static unsigned nearest(const struct calibration *c, double now,
			const struct measurement *out[ASKED])
{
	unsigned n = c->n < KEPT ? c->n : KEPT, nout = 0;

	for (unsigned i = 1; i <= n; i++) {
		const struct measurement *m = &c->of[(c->n - i) % KEPT];
		double far = differs(m->reference, now);
		unsigned at = nout;

		for (; at > 0 && differs(out[at - 1]->reference, now) > far; at--)
			if (at < ASKED)
				out[at] = out[at - 1];
		if (at < ASKED)
			out[at] = m;
		if (nout < ASKED)
			nout++;
	}
	return nout;
}

/* Nobody hears of what it does, and no exception of it is left. */
static double reference_unheard(void)
{
	PyObject *type, *value, *traceback;
	double ticks;

	PyErr_Fetch(&type, &value, &traceback);
	trace_pause();
	ticks = reference();
	trace_resume();
	quiet_clear();
	PyErr_Restore(type, value, traceback);
	return ticks;
}

struct costs calibration_costs(enum mode mode)
{
	struct calibration *c = &calibrations[mode];
	double now = c->n != 0 ? reference_unheard() : 0;
	const struct measurement *asked[ASKED];
	struct cost costs[NKINDS] = { { 0, 0 } };
	unsigned n = now > 0 ? nearest(c, now, asked) : 0;

	c->strange = n != 0 && differs(asked[0]->reference, now) > same_speed;
	for (int kind = 0; n != 0 && kind < NKINDS; kind++) {
		double inside[ASKED], outside[ASKED];

		for (unsigned i = 0; i < n; i++) {
			inside[i] = asked[i]->inside[kind];
			outside[i] = asked[i]->outside[kind];
		}
		costs[kind].inside = positive(now * median(inside, n));
		costs[kind].outside = positive(now * median(outside, n));
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
	engine_app_rest();
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

/* The loops of cprof._calibration, and by how many instructions a turn of one has more
 * than that of the empty loop's EMPTY_LOOP, those of the callee among them. Of a kind there
 * are some, measured one after the other and held against each other: how well a
 * processor foretells the branches of an interpreter with a hook depends on the code, by
 * half of what a call costs. Of functions without arguments C_RETURN is told in less time
 * than of others: there is none of these. */
static const struct loop {
	const char *name;
	int more;
} loops[NKINDS][NSHAPES] = {
	[PYTHON] = { { "python_loop", 7 }, { "argument_loop", 8 }, { "python_method_loop", 8 } },
	[C] = { { "len_loop", 5 }, { "callable_loop", 5 }, { "hasattr_loop", 6 } },
	[METHOD] = { { "get_loop", 6 }, { "isalpha_loop", 5 }, { "count_loop", 6 } },
};

/* Of the own time of what they call, what lies inside the callee's window: the rest is the
 * caller preparing it. Measured once, on 3.8 to 3.13. */
static const double share[NKINDS] = { [PYTHON] = 0.5, [C] = 0.6, [METHOD] = 0.6 };

enum { EMPTY_LOOP = 3 };

/* Not where the plain calls cost more: they were heard of for others then.
 *
 * Up to 3.11 each instruction is slower under a hook. What that comes to, told by a loop
 * that calls nothing, is not what calls cost: all code is slower so, and shares are true
 * if all of it stays so. */
static int measure(PyObject *module, enum kind kind, unsigned shape, enum mode mode,
		   struct cost *cost)
{
	const struct loop *of = &loops[kind][shape];
	PyObject *empty = PyObject_GetAttrString(module, "empty_loop");
	PyObject *loop = PyObject_GetAttrString(module, of->name);
	double nothing, slower, plain, whole, calls, own, inside;
	int rc = -1;

	if (empty != NULL && loop != NULL && time_plain(empty, &nothing) == 0 &&
	    time_plain(loop, &plain) == 0 && time_traced(loop, mode, &whole, &calls) == 0 &&
	    time_traced(empty, mode, &slower, NULL) == 0 && whole > plain) {
		own = (plain - nothing) / CALLS;
		inside = calls / CALLS - share[kind] * own;
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

static void adopt(PyObject *function)
{
	if (function != NULL && PyFunction_Check(function))
		application_adopt((PyCodeObject *)PyFunction_GET_CODE(function));
	Py_XDECREF(function);
}

/* app mode must hear functions that are not the application's. */
static void adopt_all(PyObject *module)
{
	static const char *const names[] = { "nothing", "argument", "empty_loop" };
	PyObject *methods = PyObject_GetAttrString(module, "Methods");

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		adopt(PyObject_GetAttrString(module, names[i]));
	for (int i = 0; i < NSHAPES; i++)
		adopt(PyObject_GetAttrString(module, loops[PYTHON][i].name));
	if (methods != NULL)
		adopt(PyObject_GetAttrString(methods, "nothing"));
	Py_XDECREF(methods);
}

static int measure_kinds(PyObject *module, unsigned shape, enum mode mode, struct cost *costs)
{
	for (enum kind i = 0; i < (mode == MODE_EXACT ? NKINDS : 1); i++)
		if (measure(module, i, shape, mode, &costs[i]) < 0)
			return -1;
	return 0;
}

static int measure_once(PyObject *module, enum mode mode, struct calibration *c)
{
	struct measurement *m = &c->of[c->n % KEPT];
	struct cost costs[NKINDS] = { { 0, 0 } };
	double before = reference(), after = before;

	for (int i = 0; i == 0 || (i < TRIES && differs(before, after) > same_speed); i++) {
		before = after;
		if (before <= 0 || measure_kinds(module, c->n % NSHAPES, mode, costs) < 0)
			return -1;
		after = reference();
		if (after <= 0)
			return -1;
	}
	m->reference = (before + after) / 2;
	for (int i = 0; i < NKINDS; i++) {
		m->inside[i] = costs[i].inside / m->reference;
		m->outside[i] = costs[i].outside / m->reference;
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
	adopt_all(module);
	while (times-- > 0 && measure_once(module, mode, c) == 0)
		;
	Py_DECREF(module);
}

static bool is_due(const struct calibration *c)
{
	int64_t after = c->strange ? renew_strange_ns : c->n < KEPT ? renew_first_ns : renew_ns;

	return c->at_ns == 0 || clock_ns(CLOCK_MONOTONIC) - c->at_ns >= after;
}

void calibration_renew(enum mode mode)
{
	PyObject *type, *value, *traceback;
	struct trace *top;

	if (!is_due(&calibrations[mode]))
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
