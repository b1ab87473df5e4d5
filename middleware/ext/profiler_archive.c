/* A profile as a snapshot: the same job to the same writer as a request's. */
#include "profiler.h"

#include <string.h>

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

/* The trace's recording becomes the job's. */
static void hand_over(struct trace *t, struct job *job)
{
	struct manifest *m = &job->manifest;

	m->mode = mode_name(t->mode);
	m->engine = t->engine ? t->engine->name : NULL;
	m->interrupted = t->interrupted;
	m->cpu_ns = t->cpu_ns;
	trace_take(t, &job->recording);
	m->wall_ns = t->wall_ns;
	m->tracer_ns = t->tracer_ns;
}

/* Without Python code, which could find it gone: the first of the traces is taken
 * out; there are more only when several threads were profiled at once. */
static struct trace *take_first(struct profiler *p)
{
	struct trace *t = p->traces[0];

	memmove(p->traces, p->traces + 1, --p->ntraces * sizeof *p->traces);
	return t;
}

PyObject *profiler_archive(PyObject *self, PyObject *args)
{
	struct profiler *p = (struct profiler *)self;
	const char *method, *route, *ended, *exception;
	PyObject *archive;
	long long start_ns;
	struct manifest *m;
	struct trace *t;
	struct sink *sink;
	struct job *job;

	if (!PyArg_ParseTuple(args, "OssLsz:_archive", &archive, &method, &route, &start_ns, &ended,
			      &exception))
		return NULL;
	sink = PyCapsule_GetPointer(archive, CAPSULE);
	if (sink == NULL || !profiler_may_change(p, "archive"))
		return NULL;
	if (p->ntraces == 0)
		Py_RETURN_NONE;
	if (p->traces[0]->armed) {
		PyErr_SetString(PyExc_RuntimeError, "cannot archive a profile that goes on");
		return NULL;
	}
	job = job_new(sink);
	if (job == NULL)
		return PyErr_NoMemory();
	m = &job->manifest;
	request_describe_process(m, sink_seen(sink));
	m->start_ns = start_ns;
	m->method = copy(job, method);
	m->path = m->route = copy(job, route);
	m->ended = copy(job, ended);
	m->exception = copy(job, exception);
	m->bytes_known = false;
	if (m->method == NULL || m->route == NULL || m->ended == NULL) {
		job_free(job);
		return PyErr_NoMemory();
	}
	t = take_first(p);
	hand_over(t, job);
	t->owner = NULL;
	trace_free(t);
	writer_submit(job);
	log_complaints();
	Py_RETURN_NONE;
}
