/* What cProfile's getstats() and create_stats() give, from the traces of a
 * profiler. A call that is still open counts its time so far, and not yet as a
 * call. */
#include "profiler.h"

#include <structmember.h>

#include "base/mem.h"
#include "profile/derive.h"
#include "symbols.h"

static PyTypeObject *entry_type, *subentry_type;

static PyStructSequence_Field entry_fields[] = {
	{ "code", "code object or built-in function name" },
	{ "callcount", "how many times this was called" },
	{ "reccallcount", "how many times called recursively" },
	{ "totaltime", "total time in this entry" },
	{ "inlinetime", "inline time in this entry (not in subcalls)" },
	{ "calls", "details of the calls" },
	{ NULL, NULL }
};

static PyStructSequence_Field subentry_fields[] = {
	{ "code", "called code object or built-in function name" },
	{ "callcount", "how many times this is called" },
	{ "reccallcount", "how many times this is called recursively" },
	{ "totaltime", "total time spent in this call" },
	{ "inlinetime", "inline time (not in further subcalls)" },
	{ NULL, NULL }
};

/* With a text: 3.8 crashes without. */
static PyStructSequence_Desc entry_desc = {
	"cprof.profiler_entry", "A function and its calls.", entry_fields, 6
};
static PyStructSequence_Desc subentry_desc = {
	"cprof.profiler_subentry", "A function and its calls by one other.", subentry_fields, 5
};

int profiler_stats_init(void)
{
	if (entry_type == NULL)
		entry_type = PyStructSequence_NewType(&entry_desc);
	if (subentry_type == NULL)
		subentry_type = PyStructSequence_NewType(&subentry_desc);
	return entry_type == NULL || subentry_type == NULL ? -1 : 0;
}

/* The traces' trees in one, in ticks. Its functions are told apart by address, as
 * cProfile does, and have no names there. It is made without running anything of
 * Python, which could be an event; then `code` is completed. */
struct tally {
	struct profile *profile;
	PyObject **code;   /* per function: a code object or a str */
	uint32_t *symbols; /* per function: whose name a str will be */
	size_t code_cap, symbols_cap;
	struct map ids;    /* address -> function */
	struct table table;
	double seconds;    /* in a tick */
};

static void tally_release(struct tally *t)
{
	for (uint32_t i = 0; t->profile != NULL && i < t->profile->nfunctions; i++)
		Py_XDECREF(t->code[i]);
	mem_free(t->code);
	mem_free(t->symbols);
	map_release(&t->ids);
	table_release(&t->table);
	profile_free(t->profile);
}

static uint32_t add_function(struct tally *t, const struct trace *trace, const struct map *codes,
			     uint64_t address)
{
	uint32_t id = t->profile->nfunctions;
	PyObject **code = mem_grow(t->code, &t->code_cap, (size_t)id + 1, sizeof *code);
	uint32_t *symbols;

	if (code == NULL)
		return PROFILE_NONE;
	t->code = code;
	symbols = mem_grow(t->symbols, &t->symbols_cap, (size_t)id + 1, sizeof *symbols);
	if (symbols == NULL)
		return PROFILE_NONE;
	t->symbols = symbols;
	if (map_add(&t->ids, address, id) < 0 ||
	    profile_function(t->profile, "", id, "", NULL) == PROFILE_NONE)
		return PROFILE_NONE;
	code[id] = NULL;
	if (map_get(codes, address) != MAP_NONE)
		code[id] = Py_NewRef((PyObject *)(uintptr_t)address);
	symbols[id] = map_get(&trace->recording.functions, address);
	return id;
}

static int add_nodes(struct tally *t, const struct trace *trace, const struct map *codes,
		     uint32_t *to, uint64_t now)
{
	const struct recorder *rec = trace->recording.rec;
	struct profile *p = t->profile;

	to[0] = 0;
	for (uint32_t i = 1; i < rec->nnodes; i++) {
		const struct recorder_node *from = &rec->nodes[i];
		uint32_t id = map_get(&t->ids, from->function);

		if (id == MAP_NONE)
			id = add_function(t, trace, codes, from->function);
		to[i] = id == PROFILE_NONE ? id : profile_child(p, to[rec->parents[i]], id);
		if (to[i] == PROFILE_NONE)
			return -1;
		p->nodes[to[i]].ncalls += from->ncalls;
		profile_node_cum(p, to[i])[0] += from->cum;
	}
	for (const struct recorder_frame *f = rec->frames + 1; f <= rec->top; f++)
		if ((f->state & RECORDER_FOLDED) == 0)
			profile_node_cum(p, to[f->node - rec->nodes])[0] += (int64_t)(now - f->start);
	return 0;
}

static int add_trace(struct tally *t, struct trace *trace)
{
	/* First: a timer is Python code. */
	uint64_t now = trace->armed ? trace_now(trace, 0) : 0;
	struct map codes = MAP_INIT;
	uint32_t *to = mem_array(NULL, trace->recording.rec->nnodes, sizeof *to);
	int rc = to == NULL ? -1 : 0;

	for (size_t i = 0; i < trace->nkept && rc == 0; i++)
		if (PyCode_Check(trace->kept[i]))
			rc = map_add(&codes, (uintptr_t)trace->kept[i], 1);
	if (rc == 0)
		rc = add_nodes(t, trace, &codes, to, now);
	map_release(&codes);
	mem_free(to);
	return rc;
}

static double seconds_per_tick(const struct profiler *p)
{
	double ns = 1;

	if (p->timer != NULL)
		return p->timeunit > 0 ? p->timeunit : 1e-9;
	if (p->ntraces != 0)
		ns = p->traces[0]->recording.ns_per_tick;
	/* Never stopped: its rate is not known yet. */
	return (ns == 1 ? clock_ns_per_tick() : ns) * 1e-9;
}

static int name_builtins(struct tally *t)
{
	for (uint32_t i = 0; i < t->profile->nfunctions; i++) {
		struct function f;

		if (t->code[i] != NULL)
			continue;
		symbols_lookup(t->symbols[i], &f);
		t->code[i] = PyUnicode_DecodeUTF8(f.name, (Py_ssize_t)strlen(f.name), "replace");
		if (t->code[i] == NULL)
			return -1;
	}
	return 0;
}

/* All of it but the table. -1 with an exception. */
static int tally_init(struct tally *t, struct profiler *p)
{
	int rc = -1;

	*t = (struct tally){ .profile = profile_new(), .ids = MAP_INIT, .table = TABLE_INIT };
	t->seconds = seconds_per_tick(p);
	if (t->profile != NULL && profile_add_metric(t->profile, "wall", "nanoseconds") == 0)
		rc = profile_add_root(t->profile);
	for (size_t i = 0; i < p->ntraces && rc == 0; i++)
		rc = add_trace(t, p->traces[i]);
	if (rc < 0)
		PyErr_NoMemory();
	else
		rc = name_builtins(t);
	if (rc < 0)
		tally_release(t);
	return rc;
}

static int tally_derive(struct tally *t, const uint32_t *group, uint32_t ngroups)
{
	struct error err = ERROR_INIT;

	if (derive_table(&t->table, t->profile, group, ngroups, &err) == 0)
		return 0;
	PyErr_SetString(PyExc_MemoryError, err.text);
	return -1;
}

/* What cProfile leaves out: who has no call that ended is no caller either. */
static bool counts(const struct tally *t, const struct arc *arc)
{
	return arc->totals.ncalls != 0 && table_function(&t->table, arc->caller)->ncalls != 0 &&
	       table_function(&t->table, arc->callee)->ncalls != 0;
}

/* --- getstats */

/* Steals nothing. */
static PyObject *new_entry(const struct tally *t, PyTypeObject *type, uint32_t function,
			   const struct totals *totals, PyObject *calls)
{
	PyObject *entry = PyStructSequence_New(type);
	PyObject *fields[] = {
		Py_NewRef(t->code[function]),
		PyLong_FromUnsignedLongLong(totals->ncalls),
		PyLong_FromUnsignedLongLong(totals->ncalls - totals->nprimitive),
		PyFloat_FromDouble(t->seconds * (double)totals->costs[0].cum),
		PyFloat_FromDouble(t->seconds * (double)totals->costs[0].self),
		Py_XNewRef(calls),
	};
	bool failed = entry == NULL;

	for (int i = 0; i < (calls ? 6 : 5); i++)
		failed = failed || fields[i] == NULL;
	for (int i = 0; i < (calls ? 6 : 5); i++) {
		if (failed)
			Py_XDECREF(fields[i]);
		else
			PyStructSequence_SetItem(entry, i, fields[i]);
	}
	if (failed)
		Py_CLEAR(entry);
	return entry;
}

static int append(PyObject *list, PyObject *item)
{
	int rc = item ? PyList_Append(list, item) : -1;

	Py_XDECREF(item);
	return rc;
}

/* calls[caller]: a list, or NULL where there are none. */
static int list_calls(const struct tally *t, PyObject **calls)
{
	for (uint32_t i = 0; i < t->table.narcs; i++) {
		const struct arc *arc = table_arc_at(&t->table, i);
		PyObject **list = &calls[arc->caller];

		if (!counts(t, arc))
			continue;
		if (*list == NULL)
			*list = PyList_New(0);
		if (*list == NULL || append(*list, new_entry(t, subentry_type, arc->callee,
							     &arc->totals, NULL)) < 0)
			return -1;
	}
	return 0;
}

static PyObject *list_entries(const struct tally *t, PyObject **calls)
{
	PyObject *list = PyList_New(0);

	for (uint32_t i = 0; list != NULL && i < t->table.nfunctions; i++) {
		const struct totals *totals = table_function(&t->table, i);

		if (totals->ncalls != 0 &&
		    append(list, new_entry(t, entry_type, i, totals,
					   calls[i] ? calls[i] : Py_None)) < 0)
			Py_CLEAR(list);
	}
	return list;
}

PyObject *profiler_getstats(PyObject *self, PyObject *unused)
{
	struct profiler *p = (struct profiler *)self;
	PyObject **calls = NULL, *list = NULL;
	struct tally t;

	(void)unused;
	if (tally_init(&t, p) < 0)
		return NULL;
	if (tally_derive(&t, NULL, 0) < 0)
		goto done;
	calls = mem_zalloc(((size_t)t.table.nfunctions + 1) * sizeof *calls);
	if (calls == NULL)
		PyErr_NoMemory();
	else if (!p->subcalls || list_calls(&t, calls) == 0)
		list = list_entries(&t, calls);
	for (uint32_t i = 0; calls != NULL && i < t.table.nfunctions; i++)
		Py_XDECREF(calls[i]);
	mem_free(calls);
done:
	tally_release(&t);
	return list;
}

/* --- create_stats */

/* (file, line, name), what pstats tells functions apart by. */
static PyObject *label_of(PyObject *code)
{
	PyCodeObject *c = (PyCodeObject *)code;

	if (PyUnicode_Check(code))
		return Py_BuildValue("(siO)", "~", 0, code);
	return Py_BuildValue("(OiO)", c->co_filename, c->co_firstlineno, c->co_name);
}

/* The group of this label, a new one if need be; -1 with an exception. */
static long find_group(PyObject *index, PyObject *label, PyObject *labels)
{
	/* Not PyDict_SetDefault: 3.13.0's crashes without memory. */
	PyObject *known = PyDict_GetItemWithError(index, label), *next;
	long group = (long)PyList_GET_SIZE(labels);
	int rc = -1;

	if (known != NULL)
		return PyLong_AsLong(known);
	next = PyErr_Occurred() ? NULL : PyLong_FromLong(group);
	if (next != NULL && PyDict_SetItem(index, label, next) == 0)
		rc = PyList_Append(labels, label);
	Py_XDECREF(next);
	return rc < 0 ? -1 : group;
}

/* Functions of one label are one group, in which recursion is looked for: what
 * cProfile writes over each other is added. labels: a list, one per group. */
static int make_groups(const struct tally *t, uint32_t *group, PyObject *labels)
{
	PyObject *index = PyDict_New();
	int rc = index ? 0 : -1;

	for (uint32_t i = 0; i < t->profile->nfunctions && rc == 0; i++) {
		PyObject *label = label_of(t->code[i]);
		long found = label ? find_group(index, label, labels) : -1;

		group[i] = (uint32_t)found;
		rc = found < 0 ? -1 : 0;
		Py_XDECREF(label);
	}
	Py_XDECREF(index);
	return rc;
}

static int set_item(PyObject *dict, PyObject *key, PyObject *value)
{
	int rc = value ? PyDict_SetItem(dict, key, value) : -1;

	Py_XDECREF(value);
	return rc;
}

/* Counts change places: (cc, nc, ...) of a function, (nc, cc, ...) in its callers. */
static int add_callers(const struct tally *t, PyObject *labels, PyObject *callers)
{
	int rc = 0;

	for (uint32_t i = 0; i < t->table.narcs && rc == 0; i++) {
		const struct arc *arc = table_arc_at(&t->table, i);

		if (counts(t, arc))
			rc = set_item(PyList_GET_ITEM(callers, arc->callee),
				      PyList_GET_ITEM(labels, arc->caller),
				      Py_BuildValue("(KKdd)",
						    (unsigned long long)arc->totals.ncalls,
						    (unsigned long long)arc->totals.nprimitive,
						    t->seconds * (double)arc->totals.costs[0].self,
						    t->seconds * (double)arc->totals.costs[0].cum));
	}
	return rc;
}

static PyObject *table_of(const struct tally *t, PyObject *labels, bool subcalls)
{
	PyObject *stats = PyDict_New(), *callers = PyList_New(0);
	int rc = stats && callers ? 0 : -1;

	for (uint32_t i = 0; i < t->table.nfunctions && rc == 0; i++)
		rc = append(callers, PyDict_New());
	if (rc == 0 && subcalls)
		rc = add_callers(t, labels, callers);
	for (uint32_t i = 0; i < t->table.nfunctions && rc == 0; i++) {
		const struct totals *totals = table_function(&t->table, i);

		if (totals->ncalls != 0)
			rc = set_item(stats, PyList_GET_ITEM(labels, i),
				      Py_BuildValue("(KKddO)", (unsigned long long)totals->nprimitive,
						    (unsigned long long)totals->ncalls,
						    t->seconds * (double)totals->costs[0].self,
						    t->seconds * (double)totals->costs[0].cum,
						    PyList_GET_ITEM(callers, i)));
	}
	Py_XDECREF(callers);
	if (rc < 0)
		Py_CLEAR(stats);
	return stats;
}

PyObject *profiler_table(PyObject *self, PyObject *unused)
{
	struct profiler *p = (struct profiler *)self;
	PyObject *labels = PyList_New(0), *stats = NULL;
	uint32_t *group;
	struct tally t;

	(void)unused;
	if (labels == NULL || tally_init(&t, p) < 0) {
		Py_XDECREF(labels);
		return NULL;
	}
	group = mem_array(NULL, (size_t)t.profile->nfunctions + 1, sizeof *group);
	if (group == NULL)
		PyErr_NoMemory();
	else if (make_groups(&t, group, labels) == 0 &&
		 tally_derive(&t, group, (uint32_t)PyList_GET_SIZE(labels)) == 0)
		stats = table_of(&t, labels, p->subcalls);
	mem_free(group);
	Py_DECREF(labels);
	tally_release(&t);
	return stats;
}
