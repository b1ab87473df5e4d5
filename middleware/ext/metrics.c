#include "metrics.h"

#include <math.h>
#include <string.h>
#include <sys/resource.h>

#include "allocations.h"
#include "base/strtab.h"
#include "clock.h"
#include "quiet.h"

enum { ASK_AFTER_NS = 10000 };

static const struct {
	const char *name, *unit;
} known[] = {
	[METRIC_CPU] = { "cpu", "nanoseconds" },
	[METRIC_VCSW] = { "vcsw", "count" },
	[METRIC_ALLOCS] = { "allocs", "count" },
	[METRIC_ALLOC_BYTES] = { "alloc_bytes", "bytes" },
	[METRIC_CALLABLE] = { NULL, "count" },
};

/* The writer thread reads names after their callables have gone; they are few. */
static const char *name_of(PyObject *callable)
{
	static struct strtab names;
	PyObject *name = PyObject_GetAttrString(callable, "__name__");
	const char *s = name && PyUnicode_Check(name) ? PyUnicode_AsUTF8(name) : NULL;

	if (s == NULL)
		s = Py_TYPE(callable)->tp_name;
	s = strtab_add(&names, s, strlen(s));
	Py_XDECREF(name);
	PyErr_Clear();
	return s ? s : "?";
}

static int add_kind(struct metrics *m, enum metric_kind kind, const char *name, PyObject *callable)
{
	for (uint32_t i = 0; i < m->n; i++)
		if (strcmp(m->of[i].name, name) == 0)
			return 0;
	if (m->n == RECORDER_MAX_EXTRA) {
		PyErr_Format(PyExc_ValueError, "at most %d metrics beside wall", RECORDER_MAX_EXTRA);
		return -1;
	}
	m->of[m->n].kind = kind;
	m->of[m->n].name = name;
	m->of[m->n].callable = Py_XNewRef(callable);
	m->n++;
	return 0;
}

static int add_metric(struct metrics *m, PyObject *item)
{
	const char *name;

	if (!PyUnicode_Check(item)) {
		if (PyCallable_Check(item))
			return add_kind(m, METRIC_CALLABLE, name_of(item), item);
		PyErr_Format(PyExc_TypeError, "a metric is a name or a callable, not %.80s",
			     Py_TYPE(item)->tp_name);
		return -1;
	}
	name = PyUnicode_AsUTF8(item);
	if (name == NULL)
		return -1;
	if (strcmp(name, "wall") == 0)
		return 0;
	for (int kind = 0; kind < METRIC_CALLABLE; kind++)
		if (strcmp(known[kind].name, name) == 0)
			return add_kind(m, (enum metric_kind)kind, known[kind].name, NULL);
	PyErr_Format(PyExc_ValueError,
		     "no metric is called '%.80s': wall, cpu, vcsw, allocs, alloc_bytes, "
		     "or a callable", name);
	return -1;
}

int metrics_parse(struct metrics *out, PyObject *given)
{
	PyObject *list;
	int rc = 0;

	memset(out, 0, sizeof *out);
	if (given == NULL || given == Py_None)
		return 0;
	if (PyUnicode_Check(given))
		list = PyTuple_Pack(1, given);
	else
		list = PySequence_Tuple(given);
	if (list == NULL)
		return -1;
	for (Py_ssize_t i = 0; rc == 0 && i < PyTuple_GET_SIZE(list); i++)
		rc = add_metric(out, PyTuple_GET_ITEM(list, i));
	Py_DECREF(list);
	if (rc < 0)
		metrics_release(out);
	return rc;
}

int metrics_traverse(struct metrics *m, visitproc visit, void *arg)
{
	for (uint32_t i = 0; i < m->n; i++)
		Py_VISIT(m->of[i].callable);
	return 0;
}

void metrics_release(struct metrics *m)
{
	uint32_t n = m->n;

	m->n = 0;
	for (uint32_t i = 0; i < n; i++)
		Py_CLEAR(m->of[i].callable);
}

void metrics_copy(struct metrics *out, const struct metrics *m)
{
	*out = *m;
	for (uint32_t i = 0; i < m->n; i++)
		Py_XINCREF(out->of[i].callable);
}

void metrics_describe(const struct metrics *m, bool has_timer, struct recorder_metric *out)
{
	for (uint32_t i = 0; i < m->n; i++) {
		out[i].name = m->of[i].name;
		out[i].unit = known[m->of[i].kind].unit;
		out[i].scale = m->of[i].kind == METRIC_CPU ? clock_ns_per_tick() : 1;
		out[i].rest = m->of[i].kind == METRIC_CPU && !has_timer;
	}
}

static bool wants(const struct metrics *m, enum metric_kind kind)
{
	for (uint32_t i = 0; i < m->n; i++)
		if (m->of[i].kind == kind)
			return true;
	return false;
}

static bool wants_allocations(const struct metrics *m)
{
	return wants(m, METRIC_ALLOCS) || wants(m, METRIC_ALLOC_BYTES);
}

bool metrics_have_readings(const struct metrics *m)
{
	return wants_allocations(m) || wants(m, METRIC_CALLABLE);
}

static int64_t voluntary_switches(void)
{
#ifdef RUSAGE_THREAD
	struct rusage usage;

	if (getrusage(RUSAGE_THREAD, &usage) == 0)
		return usage.ru_nvcsw;
#endif
	return 0;
}

static void ask_anew(struct metrics_state *s, uint64_t ticks)
{
	s->ticks = s->asked = ticks;
	s->cpu_ns = clock_cpu_ns();
	s->vcsw = voluntary_switches();
	s->owed = 0;
}

/* From where counting began to what was counted, and back: other threads, and what
 * others allocate meanwhile, count for nothing. */
static void turn_bases(struct metrics_state *s)
{
	s->allocs_base = allocations_count - s->allocs_base;
	s->alloc_bytes_base = allocations_bytes - s->alloc_bytes_base;
}

void metrics_begin(struct metrics_state *s, const struct metrics *m, uint64_t ticks,
		   bool has_timer)
{
	if (wants_allocations(m))
		allocations_watch();
	turn_bases(s);
	s->away = false;
	s->asks_kernel = wants(m, METRIC_CPU) || wants(m, METRIC_VCSW);
	s->has_timer = has_timer;
	s->has_readings = metrics_have_readings(m) || (s->asks_kernel && has_timer);
	s->ticks_per_ns = 1 / clock_ns_per_tick();
	s->ask_after = METRICS_NEVER;
	if (!s->asks_kernel)
		return;
	if (!has_timer)
		s->ask_after = (uint64_t)(ASK_AFTER_NS * s->ticks_per_ns);
	ask_anew(s, ticks);
}

void metrics_end(struct metrics_state *s, const struct metrics *m)
{
	if (!s->away)
		turn_bases(s);
	s->away = true;
	if (wants_allocations(m))
		allocations_unwatch();
}

static void book(const struct metrics *m, struct recorder *rec, enum metric_kind kind,
		 int64_t amount)
{
	for (uint32_t i = 0; i < m->n && amount != 0; i++)
		if (m->of[i].kind == kind)
			recorder_book(rec, i, amount);
}

/* Of the time since the kernel was asked last, what was not on a processor belongs
 * to the gap before this event; as much as the gap cannot hold waits for another. */
static uint64_t time_off(struct metrics_state *s, uint64_t ticks, uint64_t gap, int64_t cpu_ns)
{
	uint64_t whole = ticks - s->asked, off;
	uint64_t on = (uint64_t)((double)(cpu_ns - s->cpu_ns) * s->ticks_per_ns);

	s->owed += whole > on ? whole - on : 0;
	off = s->owed < gap ? s->owed : gap;
	s->owed -= off;
	s->cpu_ns = cpu_ns;
	s->asked = ticks;
	return off;
}

static uint64_t ask_kernel(struct metrics_state *s, const struct metrics *m,
			   struct recorder *rec, uint64_t ticks, uint64_t gap)
{
	int64_t vcsw = voluntary_switches();

	book(m, rec, METRIC_VCSW, vcsw - s->vcsw);
	s->vcsw = vcsw;
	return time_off(s, ticks, gap, clock_cpu_ns());
}

void metrics_ask(struct metrics_state *s, const struct metrics *m, struct recorder *rec,
		 uint64_t ticks, uint64_t gap)
{
	if (!s->away)
		book(m, rec, METRIC_CPU, (int64_t)ask_kernel(s, m, rec, ticks, gap));
}

/* What the timer counts is its own business: the time on a processor is booked then,
 * at each event. */
static void book_by_timer(struct metrics_state *s, const struct metrics *m,
			  struct recorder *rec, uint64_t ticks)
{
	uint64_t gap = ticks - s->ticks, off = 0;

	if ((double)gap > ASK_AFTER_NS * s->ticks_per_ns)
		off = ask_kernel(s, m, rec, ticks, gap);
	book(m, rec, METRIC_CPU, (int64_t)(gap - off));
	s->ticks = ticks;
}

void metrics_leave(struct metrics_state *s, const struct metrics *m, struct recorder *rec,
		   uint64_t ticks)
{
	if (s->asks_kernel && s->has_timer)
		book_by_timer(s, m, rec, ticks);
	else if (s->asks_kernel)
		metrics_ask(s, m, rec, ticks, ticks - s->asked);
	s->ticks = ticks;
	turn_bases(s);
	s->away = true;
}

void metrics_return(struct metrics_state *s, const struct metrics *m, struct recorder *rec,
		    uint64_t ticks, bool waited)
{
	if (waited && !s->has_timer)
		book(m, rec, METRIC_CPU, (int64_t)(ticks - s->ticks));
	if (s->asks_kernel)
		ask_anew(s, ticks);
	turn_bases(s);
	s->away = false;
}

void metrics_cut(struct metrics_state *s, const struct metrics *m, struct recorder *rec,
		 uint64_t ticks, uint64_t gap, int64_t cpu_ns)
{
	if (!s->asks_kernel)
		return;
	if (s->has_timer || s->away)
		gap = ticks - s->ticks;
	if (cpu_ns >= 0) {
		uint64_t off = time_off(s, ticks, gap, cpu_ns);

		book(m, rec, METRIC_CPU, (int64_t)(s->has_timer ? gap - off : off));
	} else if (!s->has_timer) {
		book(m, rec, METRIC_CPU, (int64_t)gap);
	}
}

static int64_t ask_callable(PyObject *callable, int64_t before)
{
	PyObject *type, *value, *traceback, *number;
	int64_t now = before;

	PyErr_Fetch(&type, &value, &traceback);
	number = PyObject_CallNoArgs(callable);
	if (number != NULL) {
		double d = PyLong_Check(number) ? PyLong_AsDouble(number) :
						  PyFloat_AsDouble(number);

		if (!PyErr_Occurred() && isfinite(d) && fabs(d) < 9e18 && llround(d) > before)
			now = llround(d);
	}
	Py_XDECREF(number);
	quiet_clear();
	PyErr_Restore(type, value, traceback);
	return now;
}

void metrics_read(struct metrics_state *s, const struct metrics *m, struct recorder *rec,
		  uint64_t ticks, int64_t *out)
{
	if (s->away)
		return;
	if (s->asks_kernel && s->has_timer)
		book_by_timer(s, m, rec, ticks);
	for (uint32_t i = 0; i < m->n; i++) {
		switch (m->of[i].kind) {
		case METRIC_CPU:
		case METRIC_VCSW:
			break;
		case METRIC_ALLOCS:
			out[i] = allocations_count - s->allocs_base;
			break;
		case METRIC_ALLOC_BYTES:
			out[i] = allocations_bytes - s->alloc_bytes_base;
			break;
		case METRIC_CALLABLE:
			out[i] = ask_callable(m->of[i].callable, out[i]);
			break;
		}
	}
}
