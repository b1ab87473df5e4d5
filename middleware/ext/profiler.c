#include "profiler.h"

#include "base/mem.h"
#include "calibration.h"
#include "clock.h"
#include "options.h"

static const int64_t costs_last_ns = 100000000;

static int profiler_traverse(PyObject *self, visitproc visit, void *arg)
{
	struct profiler *p = (struct profiler *)self;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < p->ntraces; i++)
		rc = trace_traverse(p->traces[i], visit, arg);
	if (rc != 0)
		return rc;
	Py_VISIT(p->timer);
	return metrics_traverse(&p->metrics, visit, arg);
}

static void drop_traces(struct profiler *p)
{
	struct trace **traces = p->traces;
	size_t n = p->ntraces;

	p->traces = NULL;
	p->ntraces = p->traces_cap = 0;
	for (size_t i = 0; i < n; i++) {
		traces[i]->owner = NULL;
		trace_free(traces[i]);
	}
	mem_free(traces);
}

/* One that is enabled and that nobody has any more ends here. */
static int profiler_clear(PyObject *self)
{
	struct profiler *p = (struct profiler *)self;

	drop_traces(p);
	Py_CLEAR(p->timer);
	metrics_release(&p->metrics);
	return 0;
}

static void profiler_dealloc(PyObject *self)
{
	PyObject_GC_UnTrack(self);
	profiler_clear(self);
	Py_TYPE(self)->tp_free(self);
}

/* A subclass need not call __init__. */
static PyObject *profiler_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
	PyObject *self = type->tp_alloc(type, 0);

	(void)args, (void)kwargs;
	if (self != NULL)
		((struct profiler *)self)->subcalls = true;
	return self;
}

/* Someone's Python code runs inside an event: the timer, or a repr() that a name
 * is made of. */
static const struct trace *busy_trace(const struct profiler *p)
{
	for (size_t i = 0; i < p->ntraces; i++)
		if (p->traces[i]->busy != 0)
			return p->traces[i];
	return NULL;
}

static bool refuse(const char *verb)
{
	PyErr_Format(PyExc_RuntimeError, "cannot %s profiler in external timer", verb);
	return false;
}

bool profiler_may_change(const struct profiler *p, const char *verb)
{
	return busy_trace(p) == NULL || refuse(verb);
}

/* This is called from there: what is profiled here is only set aside meanwhile. */
static bool busy_here(const struct profiler *p)
{
	unsigned long here = PyThread_get_thread_ident();

	for (size_t i = 0; i < p->ntraces; i++)
		if (p->traces[i]->busy != 0 && p->traces[i]->busy_thread == here)
			return true;
	return false;
}

/* From another thread it does no harm. */
static bool may_disable(const struct profiler *p)
{
	return !busy_here(p) || refuse("disable");
}

/* An enabled one ends with its last reference. Up to 3.11 sys.getprofile() has one of
 * that which was enabled last. */
static void end(struct trace *t)
{
	t->enabled = false;
	trace_disarm(t);
}

static void end_all(struct profiler *p)
{
	/* The timer, called at the end of one, may add traces. */
	for (size_t i = 0; i < p->ntraces; i++)
		if (p->traces[i]->enabled)
			end(p->traces[i]);
}

static int parse_mode(PyObject *given, int builtins, enum mode *mode)
{
	const char *name;

	if (given == NULL || given == Py_None) {
		*mode = builtins ? MODE_EXACT : MODE_FAST;
		return 0;
	}
	name = PyUnicode_Check(given) ? PyUnicode_AsUTF8(given) : NULL;
	if (name != NULL && mode_parse(name, mode) == 0)
		return 0;
	if (!PyErr_Occurred())
		PyErr_Format(PyExc_ValueError, "mode must be 'exact', 'fast' or 'app', not %R", given);
	return -1;
}

static int profiler_init(PyObject *self, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "timer", "timeunit", "subcalls", "builtins",
				 "mode", "packages", "metrics", NULL };
	struct profiler *p = (struct profiler *)self;
	PyObject *timer = Py_None, *mode_name = NULL, *packages = NULL, *given = NULL;
	struct metrics metrics, old;
	double timeunit = 0;
	int subcalls = 1, builtins = 1;
	enum mode mode;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|Odpp$OOO:Profiler", names, &timer, &timeunit,
					 &subcalls, &builtins, &mode_name, &packages, &given))
		return -1;
	if (parse_mode(mode_name, builtins, &mode) < 0 || !profiler_may_change(p, "initialise") ||
	    metrics_parse(&metrics, given) < 0)
		return -1;
	if (options_add_packages(packages) < 0) {
		metrics_release(&metrics);
		return -1;
	}
	end_all(p);
	drop_traces(p);
	p->mode = mode;
	p->timeunit = timeunit;
	p->subcalls = subcalls;
	p->start_ns = 0;
	old = p->metrics;
	p->metrics = metrics;
	metrics_release(&old);
	Py_XSETREF(p->timer, timer == Py_None ? NULL : Py_NewRef(timer));
	return 0;
}

/* Its trace that is armed on this thread, or NULL. */
static struct trace *running_here(const struct profiler *p)
{
	for (struct trace *t = trace_top; t != NULL; t = t->outer)
		if (t->owner == (const PyObject *)p && t->armed)
			return t;
	return NULL;
}

static struct trace *add_trace(struct profiler *p)
{
	struct trace **grown = mem_grow(p->traces, &p->traces_cap, p->ntraces + 1, sizeof *grown);
	struct trace *t;

	if (grown == NULL)
		return NULL;
	p->traces = grown;
	t = trace_new(p->mode, p->timer, &p->metrics);
	if (t == NULL)
		return NULL;
	t->owner = (PyObject *)p;
	if (p->timer != NULL && p->timeunit > 0) {
		t->timer_rule = TIMER_TICKS;
		t->recording.ns_per_tick = p->timeunit * 1e9;
	} else {
		t->timer_rule = TIMER_SECONDS;
	}
	return p->traces[p->ntraces++] = t;
}

/* What tracing costs is another figure in another mode, and changes with the speed of
 * the processor: a function may be profiled for days, some microseconds at a time. */
static void renew_costs(struct trace *t, enum mode mode)
{
	int64_t now_ns = clock_ns(CLOCK_MONOTONIC);

	if (t->costs_at_ns != 0 && t->mode == mode && now_ns - t->costs_at_ns < costs_last_ns)
		return;
	calibration_renew(mode);
	t->costs = calibration_costs(mode);
	t->costs_at_ns = now_ns;
}

/* Arms a trace of p that is not armed anywhere, made when there is none. NULL with
 * an exception. */
static struct trace *start(struct profiler *p)
{
	struct trace *t = NULL;

	for (size_t i = 0; i < p->ntraces && t == NULL; i++) {
		trace_adopt(p->traces[i]);
		if (!p->traces[i]->armed && !p->traces[i]->adrift && p->traces[i]->busy == 0)
			t = p->traces[i];
	}
	if (t == NULL)
		t = add_trace(p);
	if (t == NULL) {
		PyErr_NoMemory();
		return NULL;
	}
	if (p->timer == NULL)
		renew_costs(t, p->mode);
	if (p->start_ns == 0)
		p->start_ns = clock_ns(CLOCK_REALTIME);
	t->mode = p->mode;
	t->enabled = false;
	trace_arm_bare(t);
	return t;
}

PyDoc_STRVAR(enable_doc,
	     "enable($self, subcalls=True, builtins=True)\n--\n\n"
	     "Start profiling on this thread.\n\n"
	     "Other profiles may be enabled at the same time: each sees everything. With\n"
	     "subcalls=False the callers of a function are not told apart; with\n"
	     "builtins=False the time in C functions is their callers' own (mode 'fast').\n"
	     "Enabling what is enabled here already does what cProfile does: nothing up to\n"
	     "CPython 3.11, a ValueError from 3.12.");

static PyObject *profiler_enable(PyObject *self, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "subcalls", "builtins", NULL };
	struct profiler *p = (struct profiler *)self;
	int subcalls = -1, builtins = -1;
	struct trace *t;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|pp:enable", names, &subcalls, &builtins))
		return NULL;
	if (subcalls >= 0)
		p->subcalls = subcalls;
	if (builtins >= 0)
		p->mode = builtins ? MODE_EXACT : MODE_FAST;
	if (running_here(p) != NULL || busy_here(p)) {
		if (PY_VERSION_HEX < 0x030C0000)
			Py_RETURN_NONE;
		PyErr_SetString(PyExc_ValueError, "Another profiling tool is already active");
		return NULL;
	}
	t = start(p);
	if (t == NULL)
		return NULL;
	t->enabled = true;
	Py_RETURN_NONE;
}

PyDoc_STRVAR(disable_doc,
	     "disable($self)\n--\n\n"
	     "Stop profiling: on this thread, or where it was enabled if that is elsewhere.");

static PyObject *profiler_disable(PyObject *self, PyObject *unused)
{
	struct profiler *p = (struct profiler *)self;
	struct trace *here = running_here(p);

	(void)unused;
	if (!may_disable(p))
		return NULL;
	if (here != NULL && here->enabled) {
		end(here);
		Py_RETURN_NONE;
	}
	end_all(p);
	Py_RETURN_NONE;
}

/* As cProfile's do, for the sake of subclasses; but called from here they are no
 * rows of the profile. */
static PyObject *profiler_enter(PyObject *self, PyObject *unused)
{
	PyObject *result = PyObject_CallMethod(self, "enable", NULL);

	(void)unused;
	if (result == NULL)
		return NULL;
	Py_DECREF(result);
	return Py_NewRef(self);
}

static PyObject *profiler_exit(PyObject *self, PyObject *exc_info)
{
	PyObject *result = PyObject_CallMethod(self, "disable", NULL);

	(void)exc_info;
	if (result == NULL)
		return NULL;
	Py_DECREF(result);
	Py_RETURN_NONE;
}

/* Goes on profiling if it did. */
static PyObject *profiler_forget(PyObject *self, PyObject *unused)
{
	struct profiler *p = (struct profiler *)self;

	(void)unused;
	if (!profiler_may_change(p, "clear"))
		return NULL;
	for (size_t i = 0; i < p->ntraces; i++) {
		if (trace_clear(p->traces[i]) < 0)
			return PyErr_NoMemory();
	}
	p->start_ns = 0;
	Py_RETURN_NONE;
}

PyDoc_STRVAR(call_doc,
	     "_call($self, function, args, kwargs, /)\n--\n\n"
	     "Profile one call. Safe from any number of threads, and from itself.");

static PyObject *profiler_call(PyObject *self, PyObject *args)
{
	PyObject *function, *arguments, *keywords = NULL, *result;
	struct profiler *p = (struct profiler *)self;
	struct trace *t;

	if (!PyArg_ParseTuple(args, "OO!|O:_call", &function, &PyTuple_Type, &arguments, &keywords))
		return NULL;
	if (running_here(p) != NULL || busy_here(p))
		return PyObject_Call(function, arguments, keywords);
	t = start(p);
	if (t == NULL)
		return NULL;
	result = PyObject_Call(function, arguments, keywords);
	trace_disarm(t);
	return result;
}

static PyObject *profiler_running(PyObject *self, PyObject *unused)
{
	(void)unused;
	return PyBool_FromLong(running_here((struct profiler *)self) != NULL);
}

static PyObject *get_lost(PyObject *self, void *unused)
{
	const struct profiler *p = (struct profiler *)self;
	unsigned long long n = 0;

	(void)unused;
	for (size_t i = 0; i < p->ntraces; i++)
		n += p->traces[i]->recording.rec->nlost;
	return PyLong_FromUnsignedLongLong(n);
}

static PyObject *get_metrics(PyObject *self, void *unused)
{
	const struct metrics *m = &((struct profiler *)self)->metrics;
	PyObject *names = PyTuple_New(m->n + 1);

	(void)unused;
	for (uint32_t i = 0; names != NULL && i <= m->n; i++) {
		PyObject *name = PyUnicode_FromString(i == 0 ? "wall" : m->of[i - 1].name);

		if (name == NULL)
			Py_CLEAR(names);
		else
			PyTuple_SET_ITEM(names, i, name);
	}
	return names;
}

static PyObject *get_mode(PyObject *self, void *unused)
{
	(void)unused;
	return PyUnicode_FromString(mode_name(((struct profiler *)self)->mode));
}

#define KEYWORDS(f) (PyCFunction)(void (*)(void))(f)

static PyMethodDef methods[] = {
	{ "enable", KEYWORDS(profiler_enable), METH_VARARGS | METH_KEYWORDS, enable_doc },
	{ "disable", profiler_disable, METH_NOARGS, disable_doc },
	{ "clear", profiler_forget, METH_NOARGS, "clear($self)\n--\n\nForget what was profiled." },
	{ "getstats", profiler_getstats, METH_NOARGS,
	  "getstats($self)\n--\n\n"
	  "A list of profiler_entry objects: code, callcount, reccallcount, totaltime,\n"
	  "inlinetime, calls (None, or a list of profiler_subentry objects)." },
	{ "_table", profiler_table, METH_NOARGS,
	  "_table($self)\n--\n\n{(file, line, name): (cc, nc, tt, ct, callers)} as pstats has it." },
	{ "_call", profiler_call, METH_VARARGS, call_doc },
	{ "_running", profiler_running, METH_NOARGS, "Whether it profiles on this thread." },
	{ "_archive", profiler_archive, METH_VARARGS,
	  "_archive($self, archive, method, route, ended, exception, /)\n--\n\n"
	  "Make a snapshot of what was profiled, and forget it." },
	{ "__enter__", profiler_enter, METH_NOARGS, NULL },
	{ "__exit__", profiler_exit, METH_VARARGS, NULL },
	{ NULL, NULL, 0, NULL }
};

static PyGetSetDef getset[] = {
	{ "lost", get_lost, NULL, "Calls that could not be recorded.", NULL },
	{ "mode", get_mode, NULL, "'exact', 'fast' or 'app'.", NULL },
	{ "metrics", get_metrics, NULL, "The names of what is measured.", NULL },
	{ NULL, NULL, NULL, NULL, NULL }
};

/* The name stands in profiles (disable() is a call), and is as long as cProfile's
 * "_lsprof.Profiler", so that pstats makes its columns as wide. */
PyTypeObject Profiler_Type = {
	PyVarObject_HEAD_INIT(NULL, 0)
	.tp_name = "cprof._CProfiler",
	.tp_doc = "Profiler(timer=None, timeunit=0.0, subcalls=True, builtins=True, *, mode=None,\n"
		  "         packages=None, metrics=None)\n"
		  "--\n\nThe C half of cprof.Profile.",
	.tp_basicsize = sizeof(struct profiler),
	.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
	.tp_new = profiler_new,
	.tp_init = profiler_init,
	.tp_dealloc = profiler_dealloc,
	.tp_traverse = profiler_traverse,
	.tp_clear = profiler_clear,
	.tp_methods = methods,
	.tp_getset = getset,
};
