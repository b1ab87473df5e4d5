#include "follow.h"

#include <stdbool.h>

#include "quiet.h"
#include "strand.h"
#include "task.h"
#include "trace.h"
#include "wrapper.h"

/* What is wrapped. References, for good: modules of the standard library stay. */
struct place {
	const char *module, *class, *name_text; /* of a module's function no class */
	PyObject *(*call)(struct wrapper *w, PyObject *args, PyObject *kwargs);
	PyObject *owner;         /* the class that has it, or the module */
	PyObject *name;          /* interned */
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
	PyObject *run, *result, *strand = NULL;

	if (w->active && trace_top != NULL && thread != NULL && !is_executor_thread(thread)) {
		run = get(thread, "run");
		if (run != NULL)
			strand = strand_new(FOLLOWED_THREAD, run, thread);
		Py_XDECREF(run);
	}
	result = PyObject_Call(w->original, args, kwargs);
	if (result == NULL && strand != NULL)
		strand_drop(strand);
	Py_XDECREF(strand);
	return result;
}

/* Its jobs run in interpreters of their own. */
static bool is_elsewhere(PyObject *executor)
{
	PyObject *name = PyUnicode_FromString("concurrent.futures.interpreter");
	PyObject *module = name ? PyImport_GetModule(name) : NULL;
	PyObject *class = NULL;
	bool is;

	if (module != NULL)
		class = PyObject_GetAttrString(module, "InterpreterPoolExecutor");
	is = class != NULL && PyType_Check(class) &&
	     PyObject_TypeCheck(executor, (PyTypeObject *)class);
	Py_XDECREF(class);
	Py_XDECREF(module);
	Py_XDECREF(name);
	PyErr_Clear();
	return is;
}

static PyObject *submit_call(struct wrapper *w, PyObject *args, PyObject *kwargs)
{
	PyObject *strand = NULL;

	if (w->active && trace_top != NULL && PyTuple_GET_SIZE(args) >= 2 &&
	    PyCallable_Check(PyTuple_GET_ITEM(args, 1)) &&
	    !is_elsewhere(PyTuple_GET_ITEM(args, 0)))
		strand = strand_new(FOLLOWED_JOB, PyTuple_GET_ITEM(args, 1), NULL);
	return wrapper_call_with(w, args, kwargs, 1, strand);
}

static PyObject *run_coroutine_call(struct wrapper *w, PyObject *args, PyObject *kwargs)
{
	PyObject *task = NULL;

	if (w->active && PyTuple_GET_SIZE(args) >= 1)
		task = task_new(PyTuple_GET_ITEM(args, 0));
	return wrapper_call_with(w, args, kwargs, 0, task);
}

enum { START, SUBMIT, RUN_COROUTINE, RUN_COROUTINE_AT_HOME, NPLACES };

static struct place places[NPLACES] = {
	[START] = { .module = "threading", .class = "Thread", .name_text = "start",
		    .call = start_call },
	[SUBMIT] = { .module = "concurrent.futures.thread", .class = "ThreadPoolExecutor",
		     .name_text = "submit", .call = submit_call },
	[RUN_COROUTINE] = { .module = "asyncio", .name_text = "run_coroutine_threadsafe",
			    .call = run_coroutine_call },
	[RUN_COROUTINE_AT_HOME] = { .module = "asyncio.tasks",
				    .name_text = "run_coroutine_threadsafe",
				    .call = run_coroutine_call },
};

/* What the class itself has, or the module; a new reference, or NULL. */
static PyObject *now_at(PyObject *owner, PyObject *name)
{
	PyObject *dict = PyType_Check(owner) ? type_dict((PyTypeObject *)owner) :
						Py_XNewRef(PyModule_GetDict(owner));
	PyObject *value = dict ? Py_XNewRef(PyDict_GetItemWithError(dict, name)) : NULL;

	Py_XDECREF(dict);
	PyErr_Clear();
	return value;
}

/* The wrapper of last time serves again if nobody else has got hold of it. */
static void install(struct place *p)
{
	PyObject *original = p->owner ? now_at(p->owner, p->name) : NULL;
	struct wrapper *w = p->wrapper;

	/* One of an earlier time, put back by who had it from there. */
	while (original != NULL && Py_TYPE(original) == &Wrapper_Type)
		Py_SETREF(original, Py_NewRef(((struct wrapper *)original)->original));
	if (original == NULL)
		return;
	if (w == NULL || w->original != original || Py_REFCNT(w) != 1) {
		w = wrapper_new(original, p->call);
		Py_XSETREF(p->wrapper, w);
	}
	Py_DECREF(original);
	if (w != NULL)
		w->active = PyObject_SetAttr(p->owner, p->name, (PyObject *)w) == 0;
	PyErr_Clear();
}

static void uninstall(struct place *p)
{
	struct wrapper *w = p->wrapper;
	PyObject *now;

	if (w == NULL || !w->active)
		return;
	w->active = false;
	now = now_at(p->owner, p->name);
	if (now == (PyObject *)w)
		PyObject_SetAttr(p->owner, p->name, w->original);
	Py_XDECREF(now);
	PyErr_Clear();
}

/* As far as it is loaded: an import that is under way is not waited for, as a child of
 * fork might wait for a thread it does not have. Borrowed, or NULL. */
static PyObject *loaded(const char *name)
{
	PyObject *modules = PyImport_GetModuleDict();
	PyObject *module = NULL;

	if (modules != NULL && PyDict_Check(modules))
		module = PyDict_GetItemString(modules, name);
	PyErr_Clear();
	return module != NULL && PyModule_Check(module) ? module : NULL;
}

/* The class in the mro that has the method: gevent puts one of its own in Thread's
 * place, which inherits it. A new reference, or NULL. */
static PyObject *defining_class(PyObject *class, PyObject *method)
{
	PyObject *mro = PyType_Check(class) ? ((PyTypeObject *)class)->tp_mro : NULL;

	for (Py_ssize_t i = 0; mro != NULL && i < PyTuple_GET_SIZE(mro); i++) {
		PyObject *type = PyTuple_GET_ITEM(mro, i);
		PyObject *found = now_at(type, method);

		Py_XDECREF(found);
		if (found != NULL)
			return Py_NewRef(type);
	}
	return NULL;
}

/* What is not there yet is looked for at the next request. */
static void find_place(struct place *p)
{
	PyObject *module = loaded(p->module), *class;

	if (p->owner != NULL || module == NULL)
		return;
	if (p->name == NULL)
		p->name = PyUnicode_InternFromString(p->name_text);
	if (p->name != NULL && p->class == NULL && PyObject_HasAttr(module, p->name))
		p->owner = Py_NewRef(module);
	if (p->name != NULL && p->class != NULL) {
		class = PyObject_GetAttrString(module, p->class);
		p->owner = class ? defining_class(class, p->name) : NULL;
		Py_XDECREF(class);
	}
	if (p == &places[SUBMIT] && p->owner != NULL)
		executor_worker = PyObject_GetAttrString(module, "_worker");
	quiet_clear();
}

/* Of a process without threading only _thread is left, and importing it on any but
 * the main thread would confuse it. */
static void find_places(void)
{
	bool found = places[RUN_COROUTINE].owner != NULL || loaded("asyncio") == NULL;

	if ((found && places[SUBMIT].owner != NULL) || loaded("threading") == NULL)
		return;
	trace_pause();
	for (int i = 0; i < NPLACES; i++)
		find_place(&places[i]);
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
	return PyType_Ready(&Wrapper_Type) < 0 ? -1 : task_init();
}
