#include "middleware.h"

#include <stdbool.h>
#include <structmember.h>

#include "calibration.h"
#include "options.h"
#include "quiet.h"
#include "request.h"
#include "response.h"
#include "writer.h"

/* In the environ: the request while it is profiled, or this middleware while it
 * passes one on: a request that comes round again is told by it. */
#define ENVIRON_KEY "cprof.request"

struct middleware {
	PyObject_HEAD
	PyObject *app;
	PyObject *wsgi_app;  /* app.wsgi_app as it was at construction, or NULL */
	PyObject *outermost; /* app.wsgi_app as it was when `is_inside` was found out */
	bool is_inside;      /* app.wsgi_app leads to us: app itself has been called */
	PyObject *timer;
	PyObject *weakrefs;
	struct sink *sink;
	struct options options;
};

static int middleware_traverse(PyObject *self, visitproc visit, void *arg)
{
	struct middleware *mw = (struct middleware *)self;

	Py_VISIT(mw->app);
	Py_VISIT(mw->wsgi_app);
	Py_VISIT(mw->outermost);
	Py_VISIT(mw->timer);
	return metrics_traverse(&mw->options.metrics, visit, arg);
}

static int middleware_clear(PyObject *self)
{
	struct middleware *mw = (struct middleware *)self;

	Py_CLEAR(mw->app);
	Py_CLEAR(mw->wsgi_app);
	Py_CLEAR(mw->outermost);
	Py_CLEAR(mw->timer);
	return 0;
}

static void middleware_dealloc(PyObject *self)
{
	struct middleware *mw = (struct middleware *)self;

	PyObject_GC_UnTrack(self);
	if (mw->weakrefs != NULL)
		PyObject_ClearWeakRefs(self);
	middleware_clear(self);
	options_release(&mw->options);
	Py_TYPE(self)->tp_free(self);
}

/* False with an exception: a subclass did not call __init__. */
static bool is_ready(const struct middleware *mw)
{
	if (mw->app == NULL || mw->sink == NULL)
		PyErr_SetString(PyExc_RuntimeError, "CProfMiddleware.__init__ was not called");
	return mw->app != NULL && mw->sink != NULL;
}

static int middleware_init(PyObject *self, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "app", "directory", "routes", "ignore", "slow_ms", "sample",
				 "quota_mb", "timer", "mode", "packages", "metrics",
				 "follow", "run", NULL };
	struct middleware *mw = (struct middleware *)self;
	PyObject *app, *directory = NULL, *routes = NULL, *ignore = NULL, *timer = NULL;
	PyObject *packages = NULL, *metrics = NULL, *run = NULL;
	const char *mode = "exact";
	double slow_ms = 0, sample = 1, quota_mb = 1024;
	int follow = 1;
	struct options options;
	struct sink *sink;
	PyObject *wsgi_app;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|O$OOdddOsOOpO:CProfMiddleware", names,
					 &app, &directory, &routes, &ignore, &slow_ms, &sample,
					 &quota_mb, &timer, &mode, &packages, &metrics, &follow,
					 &run))
		return -1;
	if (!PyCallable_Check(app)) {
		PyErr_Format(PyExc_TypeError, "app must be a WSGI callable, not %.80s",
			     Py_TYPE(app)->tp_name);
		return -1;
	}
	if (options_init(&options, directory, routes, ignore, slow_ms, sample, quota_mb, mode,
			 packages, metrics) < 0)
		return -1;
	if (options_set_run(&options, run) < 0) {
		options_release(&options);
		return -1;
	}
	sink = sink_get(options.directory, options.run_name, options.quota_bytes);
	if (sink == NULL) {
		options_release(&options);
		PyErr_NoMemory();
		return -1;
	}
	wsgi_app = PyObject_GetAttrString(app, "wsgi_app");
	if (wsgi_app == NULL || !PyCallable_Check(wsgi_app)) {
		PyErr_Clear();
		Py_CLEAR(wsgi_app);
	}
	options_release(&mw->options);
	mw->options = options;
	mw->options.follow = follow != 0;
	mw->sink = sink;
	Py_XSETREF(mw->wsgi_app, wsgi_app);
	Py_INCREF(app);
	Py_XSETREF(mw->app, app);
	Py_XSETREF(mw->timer, timer == Py_None ? NULL : Py_XNewRef(timer));
	Py_CLEAR(mw->outermost);
	if (!mw->options.disabled)
		calibration_renew(mw->options.mode);
	return 0;
}

/* Whether `wrapper` leads to this middleware; found out by following what it
 * refers to (cprof._wrapping), once for each wrapper. */
static bool leads_to_us(struct middleware *mw, PyObject *wrapper)
{
	PyObject *module, *answer = NULL;

	if (wrapper == (PyObject *)mw)
		return true;
	if (PyMethod_Check(wrapper) && PyMethod_GET_SELF(wrapper) == mw->app)
		return false; /* the class' own method, bound anew at each look */
	if (wrapper == mw->outermost)
		return mw->is_inside;
	module = PyImport_ImportModule("cprof._wrapping");
	if (module != NULL)
		answer = PyObject_CallMethod(module, "leads_to", "OO", wrapper, mw);
	mw->is_inside = answer == Py_True;
	quiet_clear();
	Py_XDECREF(module);
	Py_XDECREF(answer);
	Py_INCREF(wrapper);
	Py_XSETREF(mw->outermost, wrapper);
	return mw->is_inside;
}

/* What to call, borrowed. Of an object with wsgi_app the object itself, so that
 * wrappers put around its wsgi_app later still count; unless we are one of
 * those, for then they have been through already. */
static PyObject *target(struct middleware *mw)
{
	PyObject *now;
	bool inside;

	if (mw->wsgi_app == NULL)
		return mw->app;
	now = PyObject_GetAttrString(mw->app, "wsgi_app");
	if (now == NULL) {
		PyErr_Clear();
		return mw->wsgi_app;
	}
	inside = leads_to_us(mw, now);
	Py_DECREF(now);
	return inside ? mw->wsgi_app : mw->app;
}

static PyObject *target_again(struct middleware *mw)
{
	return mw->wsgi_app ? mw->wsgi_app : mw->app;
}

/* This very request is on its way through a middleware of ours already. */
static bool came_round(struct middleware *mw, PyObject *env)
{
	PyObject *mark = PyDict_GetItemString(env, ENVIRON_KEY);

	if (mark == NULL)
		return false;
	if (Py_TYPE(mark) == &Request_Type)
		return ((struct request *)mark)->in_app;
	return mark == (PyObject *)mw;
}

static PyObject *pass_on(struct middleware *mw, PyObject *args, PyObject *env)
{
	PyObject *to = Py_NewRef(target(mw));
	bool marked = mw->wsgi_app != NULL && to == mw->app &&
		      PyDict_SetItemString(env, ENVIRON_KEY, (PyObject *)mw) == 0;
	PyObject *result = PyObject_Call(to, args, NULL);
	PyObject *type, *value, *traceback;

	if (marked) {
		PyErr_Fetch(&type, &value, &traceback);
		if (PyDict_GetItemString(env, ENVIRON_KEY) == (PyObject *)mw)
			PyDict_DelItemString(env, ENVIRON_KEY);
		PyErr_Clear();
		PyErr_Restore(type, value, traceback);
	}
	Py_DECREF(to);
	return result;
}

static void count_blocks(struct request *r, PyObject *blocks)
{
	PyObject **items = PySequence_Fast_ITEMS(blocks);

	for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(blocks); i++)
		if (PyBytes_Check(items[i]))
			request_sent(r, PyBytes_GET_SIZE(items[i]));
}

/* A body that the server sends as a file knows it by its type, or as what its
 * file_wrapper returned: it must reach the server as it is. */
static bool is_file(const struct request *r, PyObject *file_wrapper, PyObject *body)
{
	int rc = 0;

	if (body == r->sent_file)
		return true;
	if (file_wrapper != NULL && PyType_Check(file_wrapper))
		rc = PyObject_IsInstance(body, file_wrapper);
	PyErr_Clear();
	return rc == 1;
}

/* What cannot be iterated, and text, which should not be: the server says so, in
 * its own words about the thing itself. */
static bool is_no_body(PyObject *o)
{
	return (Py_TYPE(o)->tp_iter == NULL && !PySequence_Check(o)) || PyUnicode_Check(o) ||
	       PyBytes_Check(o);
}

/* Takes the application's answer over and returns what the server gets. */
static PyObject *hand_on(struct request *r, PyObject *file_wrapper, PyObject *result)
{
	PyObject *body;

	if (result == NULL) {
		PyObject *type, *value, *traceback;

		PyErr_Fetch(&type, &value, &traceback);
		if (type != NULL)
			request_exception(r, type);
		request_finish(r, "exception");
		PyErr_Restore(type, value, traceback);
		return NULL;
	}
	if (PyList_Check(result) || PyTuple_Check(result)) {
		count_blocks(r, result);
		request_finish(r, "returned");
		return result;
	}
	if (is_file(r, file_wrapper, result)) {
		r->job->manifest.bytes_known = false;
		request_finish(r, "file");
		return result;
	}
	if (is_no_body(result)) {
		request_finish(r, "returned");
		return result;
	}
	body = body_new(r, result);
	if (body == NULL) {
		PyErr_Clear();
		request_finish(r, "dropped");
		return result;
	}
	Py_DECREF(result);
	return body;
}

/* (environ, start_response) with our start_response; environ gets our marks. */
static PyObject *own_arguments(struct request *r, PyObject *env, PyObject *start_response,
			       PyObject *file_wrapper)
{
	PyObject *own = start_response_new(r, start_response);
	PyObject *args = own ? PyTuple_Pack(2, env, own) : NULL;
	PyObject *wrapper = NULL;

	Py_XDECREF(own);
	if (args == NULL || PyDict_SetItemString(env, ENVIRON_KEY, (PyObject *)r) < 0)
		goto failed;
	if (file_wrapper != NULL && !PyType_Check(file_wrapper)) {
		wrapper = file_wrapper_new(r, file_wrapper);
		if (wrapper == NULL ||
		    PyDict_SetItemString(env, "wsgi.file_wrapper", wrapper) < 0)
			goto failed;
		Py_DECREF(wrapper);
	}
	return args;
failed:
	PyErr_Clear();
	Py_XDECREF(wrapper);
	Py_XDECREF(args);
	return NULL;
}

static PyObject *profile_call(struct middleware *mw, struct request *r, PyObject *args,
			      PyObject *file_wrapper)
{
	PyObject *to = Py_NewRef(target(mw));
	PyObject *result;
	bool armed;

	r->in_app = true;
	armed = trace_arm(r->trace);
	result = PyObject_Call(to, args, NULL);
	if (armed)
		trace_disarm(r->trace);
	r->in_app = false;
	Py_DECREF(to);
	return hand_on(r, file_wrapper, result);
}

static PyObject *middleware_call(PyObject *self, PyObject *args, PyObject *kwargs)
{
	struct middleware *mw = (struct middleware *)self;
	PyObject *env, *start_response, *file_wrapper, *own, *result;
	struct request *r = NULL;
	uint64_t before;

	if (!is_ready(mw))
		return NULL;
	/* A server that calls otherwise than PEP 3333 says gets the application's
	 * own answer to that. */
	if (PyTuple_GET_SIZE(args) != 2 || (kwargs != NULL && PyDict_GET_SIZE(kwargs) != 0) ||
	    !PyDict_Check(PyTuple_GET_ITEM(args, 0)))
		return PyObject_Call(target_again(mw), args, kwargs);
	env = PyTuple_GET_ITEM(args, 0);
	start_response = PyTuple_GET_ITEM(args, 1);
	if (came_round(mw, env))
		return PyObject_Call(target_again(mw), args, NULL);
	if (mw->options.disabled)
		return pass_on(mw, args, env);
	before = sink_seen(mw->sink);
	if (options_want(&mw->options, env))
		r = request_new(env, mw->app, mw->sink, before, mw->options.slow_ns,
				mw->options.mode, mw->timer, &mw->options.metrics,
				mw->options.follow);
	if (r == NULL) {
		request_passed();
		return pass_on(mw, args, env);
	}
	file_wrapper = Py_XNewRef(PyDict_GetItemString(env, "wsgi.file_wrapper"));
	own = own_arguments(r, env, start_response, file_wrapper);
	if (own != NULL) {
		result = profile_call(mw, r, own, file_wrapper);
	} else {
		request_give_up(r);
		result = pass_on(mw, args, env);
	}
	Py_XDECREF(own);
	Py_XDECREF(file_wrapper);
	Py_DECREF(r);
	return result;
}

PyObject *flush(PyObject *self, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "timeout", NULL };
	PyObject *timeout = Py_None;
	double left = -1;
	bool done = false;

	(void)self;
	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:flush", names, &timeout))
		return NULL;
	if (timeout != Py_None) {
		left = PyFloat_AsDouble(timeout);
		if (left == -1 && PyErr_Occurred())
			return NULL;
		if (left < 0)
			left = 0;
	}
	/* In slices, so that Ctrl-C is heard. */
	for (;;) {
		double slice = left >= 0 && left < 0.2 ? left : 0.2;

		Py_BEGIN_ALLOW_THREADS
		done = writer_flush(slice);
		Py_END_ALLOW_THREADS
		if (PyErr_CheckSignals() < 0)
			return NULL;
		if (left >= 0)
			left -= slice;
		if (done || left == 0)
			break;
	}
	log_complaints();
	return PyBool_FromLong(done);
}

static PyObject *get_directory(PyObject *self, void *unused)
{
	struct middleware *mw = (struct middleware *)self;

	(void)unused;
	return is_ready(mw) ? PyUnicode_DecodeFSDefault(mw->options.directory) : NULL;
}

static PyObject *get_counts(PyObject *self, void *unused)
{
	const struct sink *s = ((struct middleware *)self)->sink;

	(void)unused;
	if (!is_ready((struct middleware *)self))
		return NULL;
	return Py_BuildValue("{sKsKsK}", "seen", (unsigned long long)s->seen, "kept",
			     (unsigned long long)s->kept, "dropped",
			     (unsigned long long)s->dropped);
}

static PyObject *middleware_repr(PyObject *self)
{
	struct middleware *mw = (struct middleware *)self;

	if (!is_ready(mw))
		return NULL;
	return PyUnicode_FromFormat("CProfMiddleware(%R, directory='%s')", mw->app,
				    mw->options.directory);
}

static PyMethodDef methods[] = {
	{ "flush", (PyCFunction)(void (*)(void))flush, METH_VARARGS | METH_KEYWORDS,
	  "flush(timeout=None)\n--\n\n"
	  "Wait until the snapshot of every finished request is on disk.\n\n"
	  "Return False if that took longer than timeout seconds." },
	{ NULL, NULL, 0, NULL }
};

static PyMemberDef members[] = {
	{ "app", T_OBJECT_EX, offsetof(struct middleware, app), READONLY, "The application." },
	{ NULL, 0, 0, 0, NULL }
};

static PyGetSetDef getset[] = {
	{ "directory", get_directory, NULL, "The archive, an absolute path.", NULL },
	{ "counts", get_counts, NULL,
	  "Requests of this process: {'seen': ..., 'kept': ..., 'dropped': ...}.", NULL },
	{ NULL, NULL, NULL, NULL, NULL }
};

PyTypeObject Middleware_Type = {
	PyVarObject_HEAD_INIT(NULL, 0)
	.tp_name = "cprof.CProfMiddleware",
	.tp_doc = "CProfMiddleware(app, directory='profiling', *, routes=None, ignore=None, slow_ms=0,"
		  " sample=1.0, quota_mb=1024, timer=None, mode='exact', packages=None,"
		  " metrics=None, follow=True, run=None)\n--\n\n"
		  "Profile each request of a WSGI application and archive it as a snapshot.\n\n"
		  "app        any WSGI callable, or an object with one in wsgi_app (Flask)\n"
		  "directory  the archive; CPROF_DIR wins over it\n"
		  "routes     only paths that match one of these patterns ('/user/*', 'POST /*')\n"
		  "ignore     no paths that match one of these\n"
		  "slow_ms    keep only requests that take at least so long\n"
		  "sample     profile this share of the requests, 0 to 1\n"
		  "quota_mb   the archive's limit: the oldest snapshots go first\n"
		  "timer      a callable in place of the clock (float seconds or int ns)\n"
		  "mode       'exact' (what cProfile counts), 'fast' (Python functions alone) or\n"
		  "           'app' (the application's own functions); CPROF_MODE wins over it\n"
		  "packages   what the application is, for 'app': ['shop', 'billing.views']; else\n"
		  "           what lies under the current directory\n"
		  "metrics    beside the wall time: 'cpu', 'vcsw', 'allocs', 'alloc_bytes', or a\n"
		  "           callable whose number only goes up\n"
		  "follow     profile what a request hands on to other threads, too\n"
		  "run        the run folder's name; CPROF_RUN wins over it\n\n"
		  "CPROF_DISABLE=1 passes every request on as it is.",
	.tp_basicsize = sizeof(struct middleware),
	.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
	.tp_new = PyType_GenericNew,
	.tp_init = middleware_init,
	.tp_dealloc = middleware_dealloc,
	.tp_traverse = middleware_traverse,
	.tp_clear = middleware_clear,
	.tp_call = middleware_call,
	.tp_repr = middleware_repr,
	.tp_weaklistoffset = offsetof(struct middleware, weakrefs),
	.tp_methods = methods,
	.tp_members = members,
	.tp_getset = getset,
};
