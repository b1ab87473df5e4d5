#include "response.h"

/* Three callables of one shape: a request and what it forwards to. */
struct forward {
	PyObject_HEAD
	struct request *request;
	PyObject *target;
};

static int forward_traverse(PyObject *self, visitproc visit, void *arg)
{
	struct forward *f = (struct forward *)self;

	Py_VISIT(f->request);
	Py_VISIT(f->target);
	return 0;
}

static int forward_clear(PyObject *self)
{
	struct forward *f = (struct forward *)self;

	Py_CLEAR(f->request);
	Py_CLEAR(f->target);
	return 0;
}

static void forward_dealloc(PyObject *self)
{
	PyObject_GC_UnTrack(self);
	forward_clear(self);
	PyObject_GC_Del(self);
}

static PyObject *forward_new(PyTypeObject *type, struct request *r, PyObject *target)
{
	struct forward *f = PyObject_GC_New(struct forward, type);

	if (f == NULL)
		return NULL;
	Py_INCREF(r);
	f->request = r;
	f->target = Py_NewRef(target);
	PyObject_GC_Track(f);
	return (PyObject *)f;
}

static PyObject *write_call(PyObject *self, PyObject *args, PyObject *kwargs)
{
	struct forward *f = (struct forward *)self;
	PyObject *result = PyObject_Call(f->target, args, kwargs);

	if (result != NULL && PyTuple_GET_SIZE(args) == 1 &&
	    PyBytes_Check(PyTuple_GET_ITEM(args, 0)))
		request_sent(f->request, PyBytes_GET_SIZE(PyTuple_GET_ITEM(args, 0)));
	return result;
}

static PyTypeObject Write_Type = {
	PyVarObject_HEAD_INIT(NULL, 0)
	.tp_name = "cprof._cprof.Write",
	.tp_basicsize = sizeof(struct forward),
	.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
	.tp_dealloc = forward_dealloc,
	.tp_traverse = forward_traverse,
	.tp_clear = forward_clear,
	.tp_call = write_call,
};

/* Arguments are forwarded as they come: exc_info only if it is given, and no
 * reference to it is kept. */
static PyObject *start_response_call(PyObject *self, PyObject *args, PyObject *kwargs)
{
	struct forward *f = (struct forward *)self;
	PyObject *write, *wrapped;

	write = PyObject_Call(f->target, args, kwargs);
	/* Only then it is the response's: with headers out, exc_info is raised. */
	if (write != NULL && PyTuple_GET_SIZE(args) > 0)
		request_status(f->request, PyTuple_GET_ITEM(args, 0));
	if (write == NULL || !PyCallable_Check(write))
		return write;
	wrapped = forward_new(&Write_Type, f->request, write);
	if (wrapped == NULL) {
		PyErr_Clear();
		return write;
	}
	Py_DECREF(write);
	return wrapped;
}

static PyTypeObject StartResponse_Type = {
	PyVarObject_HEAD_INIT(NULL, 0)
	.tp_name = "cprof._cprof.StartResponse",
	.tp_basicsize = sizeof(struct forward),
	.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
	.tp_dealloc = forward_dealloc,
	.tp_traverse = forward_traverse,
	.tp_clear = forward_clear,
	.tp_call = start_response_call,
};

static PyObject *file_wrapper_call(PyObject *self, PyObject *args, PyObject *kwargs)
{
	struct forward *f = (struct forward *)self;
	PyObject *file = PyObject_Call(f->target, args, kwargs);

	f->request->sent_file = file;
	return file;
}

static PyTypeObject FileWrapper_Type = {
	PyVarObject_HEAD_INIT(NULL, 0)
	.tp_name = "cprof._cprof.FileWrapper",
	.tp_basicsize = sizeof(struct forward),
	.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
	.tp_dealloc = forward_dealloc,
	.tp_traverse = forward_traverse,
	.tp_clear = forward_clear,
	.tp_call = file_wrapper_call,
};

PyObject *start_response_new(struct request *r, PyObject *start_response)
{
	return forward_new(&StartResponse_Type, r, start_response);
}

PyObject *file_wrapper_new(struct request *r, PyObject *file_wrapper)
{
	return forward_new(&FileWrapper_Type, r, file_wrapper);
}

/* The body: measured around each next() and close(), not in between, where the
 * server has the time. */
struct body {
	PyObject_HEAD
	struct request *request;
	PyObject *inner;    /* what the application returned: close() is its */
	PyObject *iterator; /* iter(inner), once asked for */
	bool exhausted, closed;
};

static int body_traverse(PyObject *self, visitproc visit, void *arg)
{
	struct body *b = (struct body *)self;

	Py_VISIT(b->request);
	Py_VISIT(b->inner);
	Py_VISIT(b->iterator);
	return 0;
}

static int body_clear(PyObject *self)
{
	struct body *b = (struct body *)self;

	Py_CLEAR(b->request);
	Py_CLEAR(b->inner);
	Py_CLEAR(b->iterator);
	return 0;
}

static void body_dealloc(PyObject *self)
{
	struct body *b = (struct body *)self;

	PyObject_GC_UnTrack(self);
	/* Some servers never call close(). */
	if (b->request != NULL)
		request_finish(b->request, b->exhausted ? "exhausted" : "dropped");
	body_clear(self);
	PyObject_GC_Del(self);
}

/* The traceback of what escapes stays as it is; the request goes on to close(). */
static void note_exception(struct body *b)
{
	PyObject *type, *value, *traceback;

	PyErr_Fetch(&type, &value, &traceback);
	if (type != NULL)
		request_exception(b->request, type);
	PyErr_Restore(type, value, traceback);
}

static int begin_iteration(struct body *b)
{
	if (b->iterator == NULL)
		b->iterator = PyObject_GetIter(b->inner);
	return b->iterator == NULL ? -1 : 0;
}

static PyObject *body_iter(PyObject *self)
{
	struct body *b = (struct body *)self;
	bool armed = trace_arm(b->request->trace);
	int rc = begin_iteration(b);

	if (armed)
		trace_disarm(b->request->trace);
	if (rc < 0) {
		note_exception(b);
		return NULL;
	}
	return Py_NewRef(self);
}

static PyObject *body_next(PyObject *self)
{
	struct body *b = (struct body *)self;
	PyObject *block = NULL;
	/* False if another thread is in here: the inner iterator decides. */
	bool armed = trace_arm(b->request->trace);

	if (begin_iteration(b) == 0)
		block = Py_TYPE(b->iterator)->tp_iternext(b->iterator);
	if (armed)
		trace_disarm(b->request->trace);
	if (block != NULL) {
		if (PyBytes_Check(block))
			request_sent(b->request, PyBytes_GET_SIZE(block));
	} else if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_StopIteration)) {
		note_exception(b);
	} else {
		b->exhausted = true;
	}
	return block;
}

static PyObject *call_close(struct body *b)
{
	PyObject *close = PyObject_GetAttrString(b->inner, "close");
	PyObject *result;

	if (close == NULL) {
		if (!PyErr_ExceptionMatches(PyExc_AttributeError))
			return NULL;
		PyErr_Clear();
		Py_RETURN_NONE;
	}
	result = PyObject_CallNoArgs(close);
	Py_DECREF(close);
	return result;
}

static PyObject *body_close(PyObject *self, PyObject *unused)
{
	struct body *b = (struct body *)self;
	PyObject *result;
	bool armed;

	(void)unused;
	if (b->closed)
		Py_RETURN_NONE;
	b->closed = true;
	armed = trace_arm(b->request->trace);
	result = call_close(b);
	if (armed)
		trace_disarm(b->request->trace);
	if (result == NULL)
		note_exception(b);
	request_finish(b->request, "closed");
	return result;
}

static Py_ssize_t body_len(PyObject *self)
{
	return PyObject_Size(((struct body *)self)->inner);
}

static PyMethodDef body_methods[] = {
	{ "close", body_close, METH_NOARGS, "Closes the application's body and ends the profile." },
	{ NULL, NULL, 0, NULL }
};

static PyTypeObject Body_Type = {
	PyVarObject_HEAD_INIT(NULL, 0)
	.tp_name = "cprof._cprof.Body",
	.tp_doc = "A response body that is being profiled.",
	.tp_basicsize = sizeof(struct body),
	.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
	.tp_dealloc = body_dealloc,
	.tp_traverse = body_traverse,
	.tp_clear = body_clear,
	.tp_iter = body_iter,
	.tp_iternext = body_next,
	.tp_methods = body_methods,
};

static PySequenceMethods sized_sequence = { .sq_length = body_len };

static PyTypeObject SizedBody_Type = {
	PyVarObject_HEAD_INIT(NULL, 0)
	.tp_name = "cprof._cprof.SizedBody",
	.tp_doc = "A response body that is being profiled, and has a length.",
	.tp_basicsize = sizeof(struct body),
	.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
	.tp_dealloc = body_dealloc,
	.tp_traverse = body_traverse,
	.tp_clear = body_clear,
	.tp_iter = body_iter,
	.tp_iternext = body_next,
	.tp_methods = body_methods,
	.tp_as_sequence = &sized_sequence,
};

static bool has_length(PyObject *o)
{
	const PyTypeObject *t = Py_TYPE(o);

	return (t->tp_as_sequence != NULL && t->tp_as_sequence->sq_length != NULL) ||
	       (t->tp_as_mapping != NULL && t->tp_as_mapping->mp_length != NULL);
}

PyObject *body_new(struct request *r, PyObject *inner)
{
	struct body *b = PyObject_GC_New(struct body,
					 has_length(inner) ? &SizedBody_Type : &Body_Type);

	if (b == NULL)
		return NULL;
	Py_INCREF(r);
	b->request = r;
	b->inner = Py_NewRef(inner);
	b->iterator = NULL;
	b->exhausted = b->closed = false;
	PyObject_GC_Track(b);
	return (PyObject *)b;
}

int response_init(void)
{
	PyTypeObject *const types[] = { &Write_Type, &StartResponse_Type, &FileWrapper_Type,
					&Body_Type, &SizedBody_Type };

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (PyType_Ready(types[i]) < 0)
			return -1;
	return 0;
}
