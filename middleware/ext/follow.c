#include "follow.h"

#include <stdbool.h>

#include "forks.h"
#include "quiet.h"
#include "strand.h"
#include "trace.h"

struct wrapper {
	PyObject_HEAD
	PyObject *original;
	PyObject *(*call)(struct wrapper *w, PyObject *args, PyObject *kwargs);
	bool active; /* it is the one that is installed */
};

static PyTypeObject Wrapper_Type;

/* What is wrapped. References, for good: modules of the standard library stay. */
struct place {
	const char *module, *class, *method;
	PyObject *(*call)(struct wrapper *w, PyObject *args, PyObject *kwargs);
	PyTypeObject *type;
	PyObject *name;          /* the method's, interned */
	struct wrapper *wrapper; /* active while it is installed; else to be used again */
};

static PyObject *executor_worker; /* what an executor's own threads run */
static size_t nfollowed;          /* requests */

/* Past what a subclass does when it is asked: no code of it runs. */
static PyObject *get(PyObject *o, const char *attribute)
{
	PyObject *name = PyUnicode_FromString(attribute);
	PyObject *value = name ? PyObject_GenericGetAttr(o, name) : NULL;

	Py_XDECREF(name);
	PyErr_Clear();
	return value;
}

static PyObject *call_original(struct wrapper *w, PyObject *args, PyObject *kwargs,
			       PyObject *strand)
{
	PyObject *result = PyObject_Call(w->original, args, kwargs);

	if (result == NULL && strand != NULL)
		strand_drop(strand);
	Py_XDECREF(strand);
	return result;
}

static bool is_executor_thread(PyObject *thread)
{
	PyObject *target = executor_worker ? get(thread, "_target") : NULL;
	bool is = target != NULL && target == executor_worker;

	Py_XDECREF(target);
	return is;
}

static PyObject *start_call(struct wrapper *w, PyObject *args, PyObject *kwargs)
{
	PyObject *thread = PyTuple_GET_SIZE(args) == 1 ? PyTuple_GET_ITEM(args, 0) : NULL;
	PyObject *run, *strand = NULL;

	if (w->active && trace_top != NULL && thread != NULL && !is_executor_thread(thread)) {
		run = get(thread, "run");
		if (run != NULL)
			strand = strand_new(run, thread);
		Py_XDECREF(run);
	}
	return call_original(w, args, kwargs, strand);
}

/* (executor, job, *its arguments) with the strand for the job. */
static PyObject *replace_job(PyObject *args, PyObject *strand)
{
	PyObject *copy = PyTuple_GetSlice(args, 0, PyTuple_GET_SIZE(args));

	/* A slice of the whole is the tuple itself. */
	if (copy == args) {
		Py_DECREF(copy);
		copy = PyTuple_New(PyTuple_GET_SIZE(args));
		for (Py_ssize_t i = 0; copy != NULL && i < PyTuple_GET_SIZE(args); i++)
			PyTuple_SET_ITEM(copy, i, Py_NewRef(PyTuple_GET_ITEM(args, i)));
	}
	if (copy != NULL) {
		Py_DECREF(PyTuple_GET_ITEM(copy, 1));
		PyTuple_SET_ITEM(copy, 1, Py_NewRef(strand));
	}
	return copy;
}

static PyObject *submit_call(struct wrapper *w, PyObject *args, PyObject *kwargs)
{
	PyObject *strand = NULL, *own_args = NULL, *result;

	if (w->active && trace_top != NULL && PyTuple_GET_SIZE(args) >= 2 &&
	    PyCallable_Check(PyTuple_GET_ITEM(args, 1)))
		strand = strand_new(PyTuple_GET_ITEM(args, 1), NULL);
	if (strand != NULL)
		own_args = replace_job(args, strand);
	if (strand != NULL && own_args == NULL) {
		PyErr_Clear();
		strand_drop(strand);
		Py_CLEAR(strand);
	}
	result = call_original(w, own_args ? own_args : args, kwargs, strand);
	Py_XDECREF(own_args);
	return result;
}

enum { START, SUBMIT, NPLACES };

static struct place places[NPLACES] = {
	[START] = { .module = "threading", .class = "Thread", .method = "start",
		    .call = start_call },
	[SUBMIT] = { .module = "concurrent.futures.thread", .class = "ThreadPoolExecutor",
		     .method = "submit", .call = submit_call },
};

static PyObject *wrapper_call(PyObject *self, PyObject *args, PyObject *kwargs)
{
	struct wrapper *w = (struct wrapper *)self;

	return w->call(w, args, kwargs);
}

static PyObject *wrapper_get(PyObject *self, PyObject *instance, PyObject *type)
{
	(void)type;
	if (instance == NULL || instance == Py_None)
		return Py_NewRef(self);
	return PyMethod_New(self, instance);
}

static PyObject *wrapper_getattr(PyObject *self, PyObject *name)
{
	if (PyUnicode_CompareWithASCIIString(name, "__wrapped__") == 0)
		return Py_NewRef(((struct wrapper *)self)->original);
	return PyObject_GetAttr(((struct wrapper *)self)->original, name);
}

static PyObject *wrapper_repr(PyObject *self)
{
	return PyObject_Repr(((struct wrapper *)self)->original);
}

static int wrapper_traverse(PyObject *self, visitproc visit, void *arg)
{
	Py_VISIT(((struct wrapper *)self)->original);
	return 0;
}

static int wrapper_clear(PyObject *self)
{
	Py_CLEAR(((struct wrapper *)self)->original);
	return 0;
}

static void wrapper_dealloc(PyObject *self)
{
	PyObject_GC_UnTrack(self);
	wrapper_clear(self);
	PyObject_GC_Del(self);
}

static PyTypeObject Wrapper_Type = {
	PyVarObject_HEAD_INIT(NULL, 0)
	.tp_name = "cprof._cprof.Wrapper",
	.tp_basicsize = sizeof(struct wrapper),
	.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
	.tp_dealloc = wrapper_dealloc,
	.tp_traverse = wrapper_traverse,
	.tp_clear = wrapper_clear,
	.tp_call = wrapper_call,
	.tp_descr_get = wrapper_get,
	.tp_getattro = wrapper_getattr,
	.tp_repr = wrapper_repr,
};

/* What the class itself has; a new reference, or NULL. */
static PyObject *now_at(PyTypeObject *type, PyObject *name)
{
	PyObject *dict = type_dict(type);
	PyObject *value = dict ? Py_XNewRef(PyDict_GetItemWithError(dict, name)) : NULL;

	Py_XDECREF(dict);
	PyErr_Clear();
	return value;
}

static struct wrapper *wrapper_new(PyObject *original, const struct place *p)
{
	struct wrapper *w = PyObject_GC_New(struct wrapper, &Wrapper_Type);

	if (w == NULL)
		return NULL;
	w->original = Py_NewRef(original);
	w->call = p->call;
	w->active = false;
	PyObject_GC_Track(w);
	return w;
}

/* The wrapper of last time serves again if nobody else has got hold of it. */
static void install(struct place *p)
{
	PyObject *original = p->type ? now_at(p->type, p->name) : NULL;
	struct wrapper *w = p->wrapper;

	if (original == NULL)
		return;
	if (w == NULL || w->original != original || Py_REFCNT(w) != 1) {
		w = wrapper_new(original, p);
		Py_XSETREF(p->wrapper, w);
	}
	Py_DECREF(original);
	if (w != NULL)
		w->active = PyObject_SetAttr((PyObject *)p->type, p->name, (PyObject *)w) == 0;
	PyErr_Clear();
}

static void uninstall(struct place *p)
{
	struct wrapper *w = p->wrapper;
	PyObject *now;

	if (w == NULL || !w->active)
		return;
	w->active = false;
	now = now_at(p->type, p->name);
	if (now == (PyObject *)w)
		PyObject_SetAttr((PyObject *)p->type, p->name, w->original);
	Py_XDECREF(now);
	PyErr_Clear();
}

static bool is_loaded(const char *module)
{
	PyObject *name = PyUnicode_FromString(module);
	PyObject *m = name ? PyImport_GetModule(name) : NULL;

	Py_XDECREF(name);
	Py_XDECREF(m);
	PyErr_Clear();
	return m != NULL;
}

/* The class in the mro that has the method: gevent puts one of its own in Thread's
 * place, which inherits it. A new reference, or NULL. */
static PyTypeObject *defining_class(PyObject *class, PyObject *method)
{
	PyObject *mro = PyType_Check(class) ? ((PyTypeObject *)class)->tp_mro : NULL;

	for (Py_ssize_t i = 0; mro != NULL && i < PyTuple_GET_SIZE(mro); i++) {
		PyTypeObject *type = (PyTypeObject *)PyTuple_GET_ITEM(mro, i);
		PyObject *found = now_at(type, method);

		Py_XDECREF(found);
		if (found != NULL)
			return (PyTypeObject *)Py_NewRef((PyObject *)type);
	}
	return NULL;
}

static void find_place(struct place *p, PyObject *module)
{
	PyObject *class = PyObject_GetAttrString(module, p->class);

	if (p->name == NULL)
		p->name = PyUnicode_InternFromString(p->method);
	if (class != NULL && p->name != NULL && p->type == NULL)
		p->type = defining_class(class, p->name);
	Py_XDECREF(class);
}

/* Of a process without threading only _thread is left, and importing it on any but
 * the main thread would confuse it. */
static void find_places(void)
{
	if (places[SUBMIT].type != NULL || !is_loaded("threading"))
		return;
	trace_pause();
	for (int i = 0; i < NPLACES; i++) {
		PyObject *module = forks_import(places[i].module);

		if (module != NULL)
			find_place(&places[i], module);
		if (module != NULL && i == SUBMIT)
			executor_worker = PyObject_GetAttrString(module, "_worker");
		Py_XDECREF(module);
		quiet_clear();
	}
	trace_resume();
}

void follow_begin(void)
{
	PyObject *type, *value, *traceback;

	if (nfollowed++ != 0)
		return;
	PyErr_Fetch(&type, &value, &traceback);
	find_places();
	for (int i = 0; i < NPLACES; i++)
		install(&places[i]);
	PyErr_Restore(type, value, traceback);
}

void follow_end(void)
{
	PyObject *type, *value, *traceback;

	if (nfollowed == 0 || --nfollowed != 0)
		return;
	PyErr_Fetch(&type, &value, &traceback);
	for (int i = 0; i < NPLACES; i++)
		uninstall(&places[i]);
	PyErr_Restore(type, value, traceback);
}

void follow_forget(void)
{
	if (nfollowed == 0)
		return;
	nfollowed = 1;
	follow_end();
}

int follow_init(void)
{
	return PyType_Ready(&Wrapper_Type);
}
