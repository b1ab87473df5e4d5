#include "strand.h"

#include "base/mem.h"
#include "forks.h"
#include "trace.h"

/* Each has a recording, and a line in snapshot.json. */
enum { STRANDS_MAX = 500 };

enum state {
	WAITING,
	RUNNING,
	TAKEN, /* running still, but its recording is being taken from elsewhere */
	ENDED
};

struct strand {
	PyObject_HEAD
	struct strands *all;
	struct strand *next, **link; /* among the waiting and running; NULL when not there */
	enum state state;
	struct trace *trace;         /* while it runs */
	PyObject *callable;
	PyObject *thread;            /* until it has begun; NULL for a job */
	PyObject *own_run;           /* what the thread itself had in place of its class' run */
	bool is_thread;
	bool returned;               /* while it was TAKEN: the trace is the taker's to free */
};

static PyTypeObject Strand_Type;

struct strands *strands_new(enum mode mode, PyObject *timer, const struct metrics *metrics)
{
	struct strands *all = mem_zalloc(sizeof *all);

	if (all == NULL)
		return NULL;
	all->nrefs = 1;
	all->generation = fork_generation();
	all->open = true;
	all->mode = mode;
	all->timer = Py_XNewRef(timer);
	if (metrics != NULL)
		metrics_copy(&all->metrics, metrics);
	return all;
}

static void forget_clocks(struct strands *all)
{
	Py_CLEAR(all->timer);
	metrics_release(&all->metrics);
}

static void release(struct strands *all)
{
	if (--all->nrefs != 0)
		return;
	for (size_t i = 0; i < all->ndone; i++)
		recording_release(&all->done[i].recording);
	mem_free(all->done);
	forget_clocks(all);
	mem_free(all);
}

static void unlink_strand(struct strand *s)
{
	if (s->link == NULL)
		return;
	*s->link = s->next;
	if (s->next != NULL)
		s->next->link = s->link;
	s->next = NULL;
	s->link = NULL;
}

/* What an instance has under a name itself; a new reference, or NULL. */
static PyObject *own_attribute(PyObject *o, const char *name)
{
	PyObject *dict = PyObject_GenericGetDict(o, NULL);
	PyObject *value = NULL;

	if (dict != NULL)
		value = Py_XNewRef(PyDict_GetItemString(dict, name));
	Py_XDECREF(dict);
	PyErr_Clear();
	return value;
}

/* Past what a subclass does when its attributes are set: it is not meant. */
static int set_run(PyObject *thread, PyObject *value)
{
	PyObject *name = PyUnicode_FromString("run");
	int rc = name != NULL ? PyObject_GenericSetAttr(thread, name, value) : -1;

	Py_XDECREF(name);
	PyErr_Clear();
	return rc;
}

/* The thread is as it was. */
static void leave_thread(struct strand *s)
{
	PyObject *thread = s->thread, *now;

	if (thread == NULL)
		return;
	s->thread = NULL;
	now = own_attribute(thread, "run");
	if (now == (PyObject *)s)
		set_run(thread, s->own_run);
	Py_XDECREF(now);
	Py_CLEAR(s->own_run);
	Py_DECREF(thread);
}

/* Takes over what the trace recorded. */
static void collect(struct strand *s, bool cut)
{
	struct strands *all = s->all;
	struct followed *grown, f = { .is_job = !s->is_thread, .cut = cut };

	trace_take(s->trace, &f.recording);
	f.wall_ns = s->trace->wall_ns;
	f.cpu_ns = s->trace->cpu_ns;
	grown = f.recording.rec == NULL ? NULL :
		mem_grow(all->done, &all->done_cap, all->ndone + 1, sizeof *grown);
	if (grown == NULL) {
		recording_release(&f.recording);
		all->nlost++;
		return;
	}
	all->done = grown;
	grown[all->ndone++] = f;
}

/* Letting go of what a trace kept may run any code, and other threads: the strand
 * may return meanwhile. */
static void cut(struct strand *s)
{
	s->state = TAKEN;
	Py_INCREF(s);
	trace_disarm(s->trace);
	collect(s, true);
	s->state = ENDED;
	if (s->returned) {
		trace_free(s->trace);
		s->trace = NULL;
	}
	Py_DECREF(s);
}

void strands_close(struct strands *all, struct followed **out, size_t *nout, uint64_t *nlost)
{
	all->open = false;
	while (all->first != NULL) {
		struct strand *s = all->first;

		unlink_strand(s);
		if (all->generation != fork_generation())
			continue;
		if (s->state == RUNNING) {
			cut(s);
			continue;
		}
		s->state = ENDED;
		all->nlost++;
	}
	*out = all->done;
	*nout = all->ndone;
	*nlost = all->nlost;
	all->done = NULL;
	all->ndone = all->done_cap = 0;
	forget_clocks(all);
	release(all);
}

static bool is_heard_here(const struct strands *all)
{
	for (struct trace *t = trace_top; t != NULL; t = t->outer)
		if (t->strands == all && t->hears != NULL)
			return true;
	return false;
}

/* False when it is run without being recorded. */
static bool begin(struct strand *s)
{
	struct strands *all = s->all;

	leave_thread(s);
	if (s->state != WAITING || all->generation != fork_generation())
		return false;
	s->state = ENDED;
	if (is_heard_here(all)) {
		/* Run by who handed it on: then it is part of the request. */
		unlink_strand(s);
		return false;
	}
	s->trace = trace_new(all->mode, all->timer, &all->metrics);
	if (s->trace != NULL)
		s->trace->one_of_many = true;
	if (s->trace != NULL && trace_arm(s->trace) && all->open) {
		s->trace->strands = all;
		s->state = RUNNING;
		return true;
	}
	trace_free(s->trace);
	s->trace = NULL;
	unlink_strand(s);
	all->nlost++;
	return false;
}

static void end(struct strand *s)
{
	PyObject *type, *value, *traceback;

	PyErr_Fetch(&type, &value, &traceback);
	trace_disarm(s->trace);
	if (s->state == TAKEN) {
		s->returned = true;
	} else {
		if (s->state == RUNNING && s->all->generation == fork_generation()) {
			s->state = ENDED;
			unlink_strand(s);
			collect(s, false);
		}
		trace_free(s->trace);
		s->trace = NULL;
	}
	PyErr_Restore(type, value, traceback);
}

static PyObject *strand_call(PyObject *self, PyObject *args, PyObject *kwargs)
{
	struct strand *s = (struct strand *)self;
	PyObject *callable = Py_NewRef(s->callable);
	PyObject *result;
	bool began;

	Py_INCREF(self);
	began = begin(s);
	result = PyObject_Call(callable, args, kwargs);
	if (began)
		end(s);
	Py_DECREF(callable);
	Py_DECREF(self);
	return result;
}

static int strand_traverse(PyObject *self, visitproc visit, void *arg)
{
	struct strand *s = (struct strand *)self;

	Py_VISIT(s->callable);
	Py_VISIT(s->thread);
	Py_VISIT(s->own_run);
	return 0;
}

/* Not the callable: it is called for as long as there is a strand. */
static int strand_clear(PyObject *self)
{
	struct strand *s = (struct strand *)self;

	Py_CLEAR(s->thread);
	Py_CLEAR(s->own_run);
	return 0;
}

static void strand_dealloc(PyObject *self)
{
	struct strand *s = (struct strand *)self;

	PyObject_GC_UnTrack(self);
	if (s->state == WAITING) /* nobody called it: nothing was missed */
		s->all->ntaken--;
	unlink_strand(s);
	strand_clear(self);
	Py_CLEAR(s->callable);
	release(s->all);
	PyObject_GC_Del(self);
}

/* One request's strand around the callable; NULL when it is not to be followed. */
static struct strand *add_strand(struct strands *all, PyObject *callable, bool is_thread)
{
	struct strand *s;

	if (!all->open || all->generation != fork_generation())
		return NULL;
	if (all->ntaken == STRANDS_MAX) {
		all->nlost++;
		return NULL;
	}
	s = PyObject_GC_New(struct strand, &Strand_Type);
	if (s == NULL) {
		PyErr_Clear();
		all->nlost++;
		return NULL;
	}
	s->all = all;
	all->nrefs++;
	all->ntaken++;
	s->state = WAITING;
	s->trace = NULL;
	s->callable = Py_NewRef(callable);
	s->thread = s->own_run = NULL;
	s->is_thread = is_thread;
	s->returned = false;
	s->link = &all->first;
	s->next = all->first;
	if (s->next != NULL)
		s->next->link = &s->next;
	all->first = s;
	PyObject_GC_Track(s);
	return s;
}

static bool is_nearer(const struct trace *t)
{
	for (const struct trace *i = trace_top; i != t; i = i->outer)
		if (i->strands == t->strands)
			return true;
	return false;
}

static void enter_thread(struct strand *s, PyObject *thread)
{
	s->own_run = own_attribute(thread, "run");
	if (set_run(thread, (PyObject *)s) == 0)
		s->thread = Py_NewRef(thread);
	else
		Py_CLEAR(s->own_run);
}

PyObject *strand_new(PyObject *callable, PyObject *thread)
{
	PyObject *outermost = NULL;

	for (struct trace *t = trace_top; t != NULL; t = t->outer) {
		PyObject *inner = outermost ? outermost : callable;
		struct strand *s;

		if (t->strands == NULL || t->hears == NULL || is_nearer(t))
			continue;
		s = add_strand(t->strands, inner, thread != NULL);
		if (s != NULL) {
			Py_XDECREF(outermost);
			outermost = (PyObject *)s;
		}
	}
	if (outermost != NULL && thread != NULL)
		enter_thread((struct strand *)outermost, thread);
	return outermost;
}

void strand_drop(PyObject *strand)
{
	PyObject *type, *value, *traceback;

	PyErr_Fetch(&type, &value, &traceback);
	for (PyObject *o = strand; Py_TYPE(o) == &Strand_Type;) {
		struct strand *s = (struct strand *)o;

		leave_thread(s);
		if (s->state == WAITING) {
			s->state = ENDED;
			s->all->ntaken--;
			unlink_strand(s);
		}
		o = s->callable;
	}
	PyErr_Restore(type, value, traceback);
}

/* For an executor that sends its jobs elsewhere: there it is the job itself. */
static PyObject *strand_reduce(PyObject *self, PyObject *unused)
{
	PyObject *functools = PyImport_ImportModule("functools");
	PyObject *partial = functools ? PyObject_GetAttrString(functools, "partial") : NULL;
	PyObject *result = NULL;

	(void)unused;
	if (partial != NULL)
		result = Py_BuildValue("(O(O))", partial, ((struct strand *)self)->callable);
	Py_XDECREF(partial);
	Py_XDECREF(functools);
	return result;
}

static PyObject *strand_repr(PyObject *self)
{
	return PyObject_Repr(((struct strand *)self)->callable);
}

/* Whoever asks for a name, a signature, ... means the callable. */
static PyObject *strand_getattr(PyObject *self, PyObject *name)
{
	PyObject *value = PyObject_GenericGetAttr(self, name);

	if (value != NULL || !PyErr_ExceptionMatches(PyExc_AttributeError))
		return value;
	PyErr_Clear();
	return PyObject_GetAttr(((struct strand *)self)->callable, name);
}

static PyMethodDef methods[] = {
	{ "__reduce__", strand_reduce, METH_NOARGS, NULL },
	{ NULL, NULL, 0, NULL }
};

static PyTypeObject Strand_Type = {
	PyVarObject_HEAD_INIT(NULL, 0)
	.tp_name = "cprof._cprof.Strand",
	.tp_basicsize = sizeof(struct strand),
	.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
	.tp_dealloc = strand_dealloc,
	.tp_traverse = strand_traverse,
	.tp_clear = strand_clear,
	.tp_call = strand_call,
	.tp_repr = strand_repr,
	.tp_getattro = strand_getattr,
	.tp_methods = methods,
};

int strand_init(void)
{
	return PyType_Ready(&Strand_Type);
}
