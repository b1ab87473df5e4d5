#include "profiler.h"

#include <structmember.h>

#include "calibration.h"
#include "format/pstats.h"
#include "trace.h"

struct profiler {
	PyObject_HEAD
	struct trace *trace;
	PyObject *timer;
	enum mode mode;
	PyObject *stats; /* what create_stats made: pstats asks for it */
};

static int profiler_traverse(PyObject *self, visitproc visit, void *arg)
{
	struct profiler *p = (struct profiler *)self;

	Py_VISIT(p->timer);
	Py_VISIT(p->stats);
	return 0;
}

static int profiler_clear(PyObject *self)
{
	struct profiler *p = (struct profiler *)self;

	Py_CLEAR(p->timer);
	Py_CLEAR(p->stats);
	return 0;
}

static void profiler_dealloc(PyObject *self)
{
	struct profiler *p = (struct profiler *)self;

	PyObject_GC_UnTrack(self);
	trace_free(p->trace);
	profiler_clear(self);
	Py_TYPE(self)->tp_free(self);
}

static int renew(struct profiler *p)
{
	struct trace *fresh = trace_new(p->mode, p->timer, NULL);

	if (fresh == NULL) {
		PyErr_NoMemory();
		return -1;
	}
	trace_free(p->trace);
	p->trace = fresh;
	return 0;
}

/* Never without a trace: a subclass need not call __init__. */
static PyObject *profiler_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
	PyObject *self = type->tp_alloc(type, 0);

	(void)args, (void)kwargs;
	if (self != NULL && renew((struct profiler *)self) < 0)
		Py_CLEAR(self);
	return self;
}

static int profiler_init(PyObject *self, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "timer", "mode", NULL };
	struct profiler *p = (struct profiler *)self;
	PyObject *timer = Py_None;
	const char *mode = "exact";

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O$s:Profile", names, &timer, &mode))
		return -1;
	if (mode_parse(mode, &p->mode) < 0) {
		PyErr_Format(PyExc_ValueError, "mode must be 'exact', 'fast' or 'app', not '%.80s'",
			     mode);
		return -1;
	}
	Py_XSETREF(p->timer, timer == Py_None ? NULL : Py_NewRef(timer));
	return renew(p);
}

static void start(struct profiler *p)
{
	calibration_renew(p->mode);
	trace_arm(p->trace);
}

static PyObject *profiler_enable(PyObject *self, PyObject *unused)
{
	(void)unused;
	start((struct profiler *)self);
	Py_RETURN_NONE;
}

static PyObject *profiler_disable(PyObject *self, PyObject *unused)
{
	(void)unused;
	trace_disarm(((struct profiler *)self)->trace);
	Py_RETURN_NONE;
}

static PyObject *profiler_enter(PyObject *self, PyObject *unused)
{
	(void)unused;
	start((struct profiler *)self);
	return Py_NewRef(self);
}

static PyObject *profiler_exit(PyObject *self, PyObject *unused)
{
	(void)unused;
	trace_disarm(((struct profiler *)self)->trace);
	Py_RETURN_NONE;
}

static PyObject *profiler_clear_method(PyObject *self, PyObject *unused)
{
	(void)unused;
	if (renew((struct profiler *)self) < 0)
		return NULL;
	Py_RETURN_NONE;
}

/* The profile as a .prof file's bytes. */
static PyObject *as_prof(struct profiler *self)
{
	struct error err = ERROR_INIT;
	struct format_info info = { 0 };
	struct buf out = BUF_INIT;
	PyObject *bytes = NULL;
	struct profile *p;

	trace_disarm(self->trace);
	p = recording_profile(&self->trace->recording, &err);
	if (p != NULL && pstats_write(&out, p, &info, &err) == 0)
		bytes = PyBytes_FromStringAndSize(out.data, (Py_ssize_t)out.len);
	else
		PyErr_SetString(PyExc_MemoryError, err.text);
	profile_free(p);
	buf_release(&out);
	return bytes;
}

static PyObject *profiler_create_stats(PyObject *self, PyObject *unused)
{
	PyObject *bytes = as_prof((struct profiler *)self);
	PyObject *marshal = bytes ? PyImport_ImportModule("marshal") : NULL;
	PyObject *stats = marshal ? PyObject_CallMethod(marshal, "loads", "O", bytes) : NULL;

	(void)unused;
	Py_XDECREF(bytes);
	Py_XDECREF(marshal);
	if (stats == NULL)
		return NULL;
	Py_XSETREF(((struct profiler *)self)->stats, stats);
	Py_RETURN_NONE;
}

static PyObject *profiler_dump_stats(PyObject *self, PyObject *path)
{
	PyObject *bytes = as_prof((struct profiler *)self);
	PyObject *io = bytes ? PyImport_ImportModule("io") : NULL;
	PyObject *file = io ? PyObject_CallMethod(io, "open", "Os", path, "wb") : NULL;
	PyObject *written = file ? PyObject_CallMethod(file, "write", "O", bytes) : NULL;
	PyObject *closed = written ? PyObject_CallMethod(file, "close", NULL) : NULL;

	Py_XDECREF(bytes);
	Py_XDECREF(io);
	Py_XDECREF(file);
	Py_XDECREF(written);
	if (closed == NULL)
		return NULL;
	return closed;
}

static PyMethodDef methods[] = {
	{ "enable", profiler_enable, METH_NOARGS, "Start profiling on this thread." },
	{ "disable", profiler_disable, METH_NOARGS, "Stop profiling." },
	{ "clear", profiler_clear_method, METH_NOARGS, "Forget what was profiled." },
	{ "create_stats", profiler_create_stats, METH_NOARGS,
	  "Stop profiling and set stats, as pstats.Stats(profile) expects." },
	{ "dump_stats", profiler_dump_stats, METH_O, "Stop profiling and write a .prof file." },
	{ "__enter__", profiler_enter, METH_NOARGS, NULL },
	{ "__exit__", profiler_exit, METH_VARARGS, NULL },
	{ NULL, NULL, 0, NULL }
};

static PyMemberDef members[] = {
	{ "stats", T_OBJECT_EX, offsetof(struct profiler, stats), 0,
	  "{(file, line, name): (cc, nc, tt, ct, callers)}, once create_stats was called." },
	{ NULL, 0, 0, 0, NULL }
};

PyTypeObject Profiler_Type = {
	PyVarObject_HEAD_INIT(NULL, 0)
	.tp_name = "cprof.Profile",
	.tp_doc = "Profile(timer=None, *, mode='exact')\n--\n\n"
		  "Profile what this thread does between enable() and disable(), or in a with\n"
		  "block. pstats.Stats(profile) reads it.",
	.tp_basicsize = sizeof(struct profiler),
	.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
	.tp_new = profiler_new,
	.tp_init = profiler_init,
	.tp_dealloc = profiler_dealloc,
	.tp_traverse = profiler_traverse,
	.tp_clear = profiler_clear,
	.tp_methods = methods,
	.tp_members = members,
};
