#include "strand.h"

#include <string.h>

#include "base/mem.h"
#include "forks.h"
#include "trace.h"

/* Each has a recording, and a line in snapshot.json. */
enum { STRANDS_MAX = 500 };

enum state {
	WAITING,
	RUNNING,
	SUSPENDED, /* its trace is there, and not armed */
	TAKEN, /* running still, but its recording is being taken from elsewhere */
	ENDED
};

struct strand {
	PyObject_HEAD
	struct strands *all;
	struct strand *next, **link; /* in strands.first; NULL when not there */
	enum state state;
	struct trace *trace;         /* while it runs, or is suspended */
	enum followed_kind kind;
	PyObject *work;              /* another strand, or what is run at last */
	PyObject *thread;            /* until it has begun; NULL for others */
	PyObject *own_run;           /* what the thread itself had in place of its class' run */
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
	struct followed *grown, f = { .kind = s->kind, .cut = cut };

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
	s->returned = s->state == SUSPENDED;
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
		if (s->state == RUNNING || s->state == SUSPENDED) {
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

static void end(struct strand *s, bool last)
{
	PyObject *type, *value, *traceback;

	PyErr_Fetch(&type, &value, &traceback);
	trace_disarm(s->trace);
	if (s->state == TAKEN) {
		s->returned = true;
	} else if (s->state == RUNNING && !last && s->all->generation == fork_generation()) {
		s->state = SUSPENDED;
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

/* Arming may run code that ends the request meanwhile. */
static bool resume(struct strand *s)
{
	bool armed;

	if (s->all->generation != fork_generation() || is_heard_here(s->all))
		return false;
	s->state = RUNNING;
	armed = trace_arm(s->trace);
	if (armed && s->state == RUNNING)
		return true;
	end(s, false);
	return false;
}

/* False when it is run without being recorded. */
static bool begin(struct strand *s)
{
	struct strands *all = s->all;

	leave_thread(s);
	if (s->state == SUSPENDED)
		return resume(s);
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

static PyObject *strand_call(PyObject *self, PyObject *args, PyObject *kwargs)
{
	struct strand *s = (struct strand *)self;
	PyObject *work = Py_NewRef(s->work);
	PyObject *result;
	bool began;

	Py_INCREF(self);
	began = begin(s);
	result = PyObject_Call(work, args, kwargs);
	if (began)
		end(s, true);
	Py_DECREF(work);
	Py_DECREF(self);
	return result;
}

bool strand_is_over(PyObject *o)
{
	for (; Py_TYPE(o) == &Strand_Type; o = ((struct strand *)o)->work)
		if (((struct strand *)o)->state != ENDED)
			return false;
	return true;
}

PyObject *strand_step(PyObject *o, const char *method, PyObject *args)
{
	struct strand *s = (struct strand *)o;
	PyObject *result = NULL, *m;
	bool began;

	if (Py_TYPE(o) != &Strand_Type) {
		m = PyObject_GetAttrString(o, method);
		if (m != NULL)
			result = PyObject_Call(m, args, NULL);
		Py_XDECREF(m);
		return result;
	}
	Py_INCREF(o);
	began = begin(s);
	result = strand_step(s->work, method, args);
	if (began)
		end(s, result == NULL || strcmp(method, "close") == 0);
	Py_DECREF(o);
	return result;
}

static int strand_traverse(PyObject *self, visitproc visit, void *arg)
{
	struct strand *s = (struct strand *)self;

	Py_VISIT(s->work);
	Py_VISIT(s->thread);
	Py_VISIT(s->own_run);
	return 0;
}

/* Not the work: it is called for as long as there is a strand. */
static int strand_clear(PyObject *self)
{
	struct strand *s = (struct strand *)self;

	Py_CLEAR(s->thread);
	Py_CLEAR(s->own_run);
	return 0;
}

static void abandon(struct strand *s)
{
	PyObject *type, *value, *traceback;

	PyErr_Fetch(&type, &value, &traceback);
	if (s->all->open && s->all->generation == fork_generation())
		collect(s, false);
	trace_free(s->trace);
	PyErr_Restore(type, value, traceback);
}

static void strand_dealloc(PyObject *self)
{
	struct strand *s = (struct strand *)self;

	PyObject_GC_UnTrack(self);
	unlink_strand(s);
	if (s->state == WAITING) /* nobody called it: nothing was missed */
		s->all->ntaken--;
	if (s->state == SUSPENDED) /* its loop was closed under it */
		abandon(s);
	strand_clear(self);
	Py_CLEAR(s->work);
	release(s->all);
	PyObject_GC_Del(self);
}

/* One request's strand around the work; NULL when it is not to be followed. */
static struct strand *add_strand(struct strands *all, enum followed_kind kind, PyObject *work)
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
	s->kind = kind;
	s->work = Py_NewRef(work);
	s->thread = s->own_run = NULL;
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

PyObject *strand_new(enum followed_kind kind, PyObject *work, PyObject *thread)
{
	PyObject *outermost = NULL;

	for (struct trace *t = trace_top; t != NULL; t = t->outer) {
		PyObject *inner = outermost ? outermost : work;
		struct strand *s;

		if (t->strands == NULL || t->hears == NULL || is_nearer(t))
			continue;
		s = add_strand(t->strands, kind, inner);
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
		o = s->work;
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
		result = Py_BuildValue("(O(O))", partial, ((struct strand *)self)->work);
	Py_XDECREF(partial);
	Py_XDECREF(functools);
	return result;
}

static PyObject *strand_repr(PyObject *self)
{
	return PyObject_Repr(((struct strand *)self)->work);
}

/* Whoever asks for a name, a signature, ... means the work. */
static PyObject *strand_getattr(PyObject *self, PyObject *name)
{
	PyObject *value = PyObject_GenericGetAttr(self, name);

	if (value != NULL || !PyErr_ExceptionMatches(PyExc_AttributeError))
		return value;
	PyErr_Clear();
	return PyObject_GetAttr(((struct strand *)self)->work, name);
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
