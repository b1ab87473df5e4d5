/* A profile as a snapshot: the same job to the same writer as a request's. */
#include "profiler.h"

#include "base/mem.h"
#include "options.h"
#include "request.h"
#include "writer.h"

#define CAPSULE "cprof._cprof.archive"

/* Where snapshots go, as the environment says now (CPROF_DIR, CPROF_RUN): the
 * process may change its directory later. Sinks live as long as the process. */
PyObject *open_archive(PyObject *self, PyObject *args)
{
	PyObject *directory = NULL;
	struct options options;
	struct sink *sink;

	(void)self;
	if (!PyArg_ParseTuple(args, "|O:open_archive", &directory))
		return NULL;
	if (options_init(&options, directory, NULL, NULL, 0, 1, 1024, "exact", NULL,
			 NULL) < 0)
		return NULL;
	sink = sink_get(options.directory, options.run_name, options.quota_bytes);
	options_release(&options);
	if (sink == NULL)
		return PyErr_NoMemory();
	return PyCapsule_New(sink, CAPSULE, NULL);
}

static const char *copy(struct job *job, const char *s)
{
	return s ? arena_strdup(&job->arena, s) : NULL;
}

/* The traces' recordings become the job's, and their times are added up. */
static void hand_over(struct trace **traces, size_t n, struct job *job)
{
	struct manifest *m = &job->manifest;

	m->mode = mode_name(traces[0]->mode);
	m->engine = traces[0]->engine ? traces[0]->engine->name : NULL;
	for (size_t i = 0; i < n; i++) {
		struct trace *t = traces[i];

		m->interrupted |= t->interrupted;
		m->cpu_ns += t->cpu_ns;
		trace_take(t, i == 0 ? &job->recording : &job->more[job->nmore++]);
		m->wall_ns += t->wall_ns;
		m->tracer_ns += t->tracer_ns;
	}
}

/* To run Python code while they are still the profiler's would let it find them
 * half gone. There are several when several threads were profiled at once. */
static void submit(struct profiler *p, struct job *job)
{
	struct trace **traces = p->traces;
	size_t n = p->ntraces;

	p->traces = NULL;
	p->ntraces = p->traces_cap = 0;
	p->start_ns = 0;
	hand_over(traces, n, job);
	for (size_t i = 0; i < n; i++) {
		traces[i]->owner = NULL;
		trace_free(traces[i]);
	}
	mem_free(traces);
	writer_submit(job);
	log_complaints();
}

static bool goes_on(const struct profiler *p)
{
	for (size_t i = 0; i < p->ntraces; i++)
		if (p->traces[i]->armed)
			return true;
	return false;
}

PyObject *profiler_archive(PyObject *self, PyObject *args)
{
	struct profiler *p = (struct profiler *)self;
	const char *method, *route, *ended, *exception;
	PyObject *archive;
	struct manifest *m;
	struct sink *sink;
	struct job *job;

	if (!PyArg_ParseTuple(args, "Osssz:_archive", &archive, &method, &route, &ended, &exception))
		return NULL;
	sink = PyCapsule_GetPointer(archive, CAPSULE);
	if (sink == NULL || !profiler_may_change(p, "archive"))
		return NULL;
	if (p->ntraces == 0)
		Py_RETURN_NONE;
	if (goes_on(p)) {
		PyErr_SetString(PyExc_RuntimeError, "cannot archive a profile that goes on");
		return NULL;
	}
	job = job_new(sink);
	if (job == NULL)
		return PyErr_NoMemory();
	m = &job->manifest;
	request_describe_process(m, sink_seen(sink));
	m->start_ns = p->start_ns;
	m->method = copy(job, method);
	m->path = m->route = copy(job, route);
	m->ended = copy(job, ended);
	m->exception = copy(job, exception);
	m->bytes_known = false;
	job->more = mem_array(NULL, p->ntraces - 1, sizeof *job->more);
	if (m->method == NULL || m->route == NULL || m->ended == NULL || job->more == NULL) {
		job_free(job);
		return PyErr_NoMemory();
	}
	submit(p, job);
	Py_RETURN_NONE;
}
