#include "request.h"

#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/version.h"
#include "clock.h"
#include "follow.h"
#include "forks.h"
#include "label.h"
#include "quiet.h"
#include "strand.h"

/* Calls a helper of the Python package with the traces paused. A new reference,
 * or NULL without an exception. */
static PyObject *call_helper(const char *module, const char *name, PyObject *args)
{
	PyObject *m, *f = NULL, *result = NULL;

	if (args == NULL) {
		PyErr_Clear();
		return NULL;
	}
	trace_pause();
	m = PyImport_ImportModule(module);
	if (m != NULL)
		f = PyObject_GetAttrString(m, name);
	if (f != NULL)
		result = PyObject_CallObject(f, args);
	Py_XDECREF(f);
	Py_XDECREF(m);
	Py_DECREF(args);
	quiet_clear();
	trace_resume();
	return result;
}

void log_complaints(void)
{
	PyObject *type, *value, *traceback;
	char text[320];

	PyErr_Fetch(&type, &value, &traceback);
	while (writer_complaint(text, sizeof text))
		Py_XDECREF(call_helper("cprof._log", "warn", Py_BuildValue("(s)", text)));
	PyErr_Restore(type, value, traceback);
}

const char *request_text(struct job *job, const char *s, size_t len)
{
	struct buf text = BUF_INIT;
	const char *nul, *copy = NULL;

	while ((nul = memchr(s, '\0', len)) != NULL) {
		buf_add(&text, s, (size_t)(nul - s));
		buf_adds(&text, "%00");
		len -= (size_t)(nul + 1 - s);
		s = nul + 1;
	}
	buf_add(&text, s, len);
	if (!text.failed)
		copy = arena_strdup(&job->arena, buf_str(&text));
	buf_release(&text);
	return copy;
}

/* A WSGI string ("bytes in a str", PEP 3333) as bytes in the job's arena; what
 * is no such string is as if it were not there. */
static const char *wsgi_text(struct job *job, PyObject *env, const char *key)
{
	PyObject *str = PyDict_GetItemString(env, key);
	PyObject *bytes = str && PyUnicode_Check(str) ? PyUnicode_AsLatin1String(str) : NULL;
	const char *copy = "";

	if (bytes != NULL)
		copy = request_text(job, PyBytes_AS_STRING(bytes), (size_t)PyBytes_GET_SIZE(bytes));
	Py_XDECREF(bytes);
	PyErr_Clear();
	return copy;
}

static const char *utf8_copy(struct job *job, PyObject *str)
{
	Py_ssize_t len;
	const char *s = PyUnicode_Check(str) ? PyUnicode_AsUTF8AndSize(str, &len) : NULL;

	PyErr_Clear();
	return s ? arena_strndup(&job->arena, s, (size_t)len) : NULL;
}

static const char *whole_path(struct job *job, PyObject *env)
{
	const char *script = wsgi_text(job, env, "SCRIPT_NAME");
	const char *info = wsgi_text(job, env, "PATH_INFO");
	struct buf path = BUF_INIT;
	const char *copy = NULL;

	if (script != NULL && info != NULL) {
		buf_adds(&path, script);
		buf_adds(&path, info);
		if (!path.failed)
			copy = arena_strndup(&job->arena, path.data ? path.data : "", path.len);
	}
	buf_release(&path);
	return copy;
}

/* The same for all requests of a process (and its children: the host's name is
 * the host's). */
static const char *host_name(void)
{
	static char name[256];

	if (name[0] == '\0' && gethostname(name, sizeof name - 1) != 0)
		strcpy(name, "?");
	return name;
}

static const char *python_version(void)
{
	static char version[32];
	size_t len = strcspn(Py_GetVersion(), " ");

	if (version[0] == '\0' && len < sizeof version)
		memcpy(version, Py_GetVersion(), len);
	return version;
}

void request_describe_process(struct manifest *m, uint64_t served_before)
{
	m->schema = MANIFEST_SCHEMA;
	m->start_ns = clock_ns(CLOCK_REALTIME);
	m->pid = (int)getpid();
#ifdef SYS_gettid
	m->thread = (uint64_t)syscall(SYS_gettid);
#else
	m->thread = (uint64_t)PyThread_get_thread_ident();
#endif
	m->served_before = served_before;
	m->host = host_name();
	m->python = python_version();
	m->implementation = "CPython";
	m->cprof = CPROF_VERSION;
	m->bytes_known = true;
	m->git.dirty = -1;
}

static int follow_strands(struct request *r)
{
	r->strands = strands_new(r->trace->mode, r->trace->timer, &r->trace->metrics);
	if (r->strands == NULL)
		return -1;
	r->trace->strands = r->strands;
	follow_begin();
	return 0;
}

/* The request is over: what it handed on ends here too. */
static void cut_strands(struct request *r)
{
	struct strands *all = r->strands;
	struct job *job = r->job;

	if (all == NULL)
		return;
	r->strands = NULL;
	r->trace->strands = NULL;
	if (all->generation == fork_generation())
		follow_end();
	strands_close(all, &job->followed, &job->nfollowed, &job->manifest.followed_lost);
}

struct request *request_new(PyObject *env, PyObject *app, struct sink *sink,
			    uint64_t served_before, int64_t slow_ns, enum mode mode,
			    PyObject *timer, const struct metrics *metrics, bool follow)
{
	struct job *job = job_new(sink);
	struct request *r = NULL;
	struct manifest *m;

	if (job == NULL)
		return NULL;
	m = &job->manifest;
	request_describe_process(m, served_before);
	/* Now: dispatchers shift SCRIPT_NAME and PATH_INFO. */
	m->mode = mode_name(mode);
	m->method = wsgi_text(job, env, "REQUEST_METHOD");
	m->path = whole_path(job, env);
	m->route = m->path;
	label_request(job, env);
	if (m->method != NULL && m->path != NULL)
		r = PyObject_GC_New(struct request, &Request_Type);
	if (r == NULL) {
		PyErr_Clear();
		sink->dropped++;
		job_free(job);
		return NULL;
	}
	r->job = job;
	r->trace = trace_new(mode, timer, metrics);
	if (r->trace != NULL)
		r->trace->one_of_many = true;
	r->strands = NULL;
	r->environ = Py_NewRef(env);
	r->app = Py_NewRef(app);
	r->sent_file = NULL;
	r->weakrefs = NULL;
	r->slow_ns = slow_ns;
	r->route_known = false;
	r->in_app = false;
	PyObject_GC_Track(r);
	if (r->trace == NULL || (follow && follow_strands(r) < 0)) {
		r->job = NULL;
		Py_DECREF(r);
		sink->dropped++;
		job_free(job);
		return NULL;
	}
	return r;
}

/* Flask forgets the rule when its context is popped, so this is asked as soon as
 * the response starts, and once more at the end if that never came. */
static void find_route(struct request *r)
{
	struct job *job = r->job;
	PyObject *answer, *rule = NULL;
	const char *route;

	if (r->route_known || r->environ == NULL)
		return;
	answer = call_helper("cprof._routes", "route_of",
			     Py_BuildValue("(OOs)", r->environ, r->app,
					   job->manifest.status ? job->manifest.status : ""));
	if (answer != NULL && PyUnicode_Check(answer))
		rule = answer;
	route = rule ? utf8_copy(job, rule) : NULL;
	if (route != NULL) {
		job->manifest.route = route;
		job->manifest.route_is_template = true;
		r->route_known = true;
	}
	Py_XDECREF(answer);
}

void request_status(struct request *r, PyObject *status)
{
	PyObject *type, *value, *traceback;

	if (r->job == NULL)
		return;
	PyErr_Fetch(&type, &value, &traceback);
	r->job->manifest.status = utf8_copy(r->job, status);
	find_route(r);
	PyErr_Restore(type, value, traceback);
}

void request_sent(struct request *r, Py_ssize_t bytes)
{
	if (r->job != NULL && bytes > 0)
		r->job->manifest.bytes_sent += (uint64_t)bytes;
}

/* "builtins.ValueError" */
static const char *type_name(struct job *job, PyObject *type)
{
	PyObject *module = PyObject_GetAttrString(type, "__module__");
	PyObject *qualname = PyObject_GetAttrString(type, "__qualname__");
	PyObject *whole = NULL;
	const char *name;

	if (module != NULL && qualname != NULL)
		whole = PyUnicode_FromFormat("%S.%S", module, qualname);
	PyErr_Clear();
	name = whole ? utf8_copy(job, whole) : NULL;
	Py_XDECREF(whole);
	Py_XDECREF(module);
	Py_XDECREF(qualname);
	return name ? name : "?";
}

void request_exception(struct request *r, PyObject *type)
{
	if (r->job != NULL)
		r->job->manifest.exception = type_name(r->job, type);
}

void request_give_up(struct request *r)
{
	struct job *job = r->job;

	if (job == NULL)
		return;
	cut_strands(r);
	r->job = NULL;
	job->sink->dropped++;
	job_free(job);
	Py_CLEAR(r->environ);
	Py_CLEAR(r->app);
}

/* Whether the request before was profiled as well. */
static bool in_a_row;

/* Where all are, the engine's events stay on for the next one; where a few are, who comes
 * after one shall not pay for that. */
static void rest_engine(void)
{
	if (!in_a_row)
		engine_monitoring_rest();
	in_a_row = true;
}

void request_passed(void)
{
	in_a_row = false;
	engine_monitoring_rest();
}

static bool is_wanted(const struct request *r, const struct job *job)
{
	return r->trace->generation == fork_generation() &&
	       job->manifest.wall_ns >= r->slow_ns;
}

void request_finish(struct request *r, const char *ended)
{
	PyObject *type, *value, *traceback;
	struct job *job = r->job;

	if (job == NULL)
		return;
	PyErr_Fetch(&type, &value, &traceback);
	trace_disarm(r->trace);
	rest_engine();
	cut_strands(r);
	find_route(r);
	r->job = NULL;
	job->manifest.ended = ended;
	job->manifest.engine = r->trace->engine ? r->trace->engine->name : NULL;
	job->manifest.interrupted = r->trace->interrupted;
	job->manifest.cpu_ns = r->trace->cpu_ns;
	trace_take(r->trace, &job->recording);
	job->manifest.wall_ns = r->trace->wall_ns;
	job->manifest.tracer_ns = r->trace->tracer_ns;
	Py_CLEAR(r->environ);
	Py_CLEAR(r->app);
	if (job->recording.rec == NULL)
		job->sink->dropped++;
	if (job->recording.rec != NULL && is_wanted(r, job))
		writer_submit(job);
	else
		job_free(job);
	log_complaints();
	calibration_renew(r->trace->mode);
	PyErr_Restore(type, value, traceback);
}

static int request_traverse(PyObject *self, visitproc visit, void *arg)
{
	struct request *r = (struct request *)self;

	Py_VISIT(r->environ);
	Py_VISIT(r->app);
	return 0;
}

static int request_clear(PyObject *self)
{
	struct request *r = (struct request *)self;

	Py_CLEAR(r->environ);
	Py_CLEAR(r->app);
	return 0;
}

static void request_dealloc(PyObject *self)
{
	struct request *r = (struct request *)self;

	PyObject_GC_UnTrack(self);
	if (r->weakrefs != NULL)
		PyObject_ClearWeakRefs(self);
	if (r->job != NULL)
		request_finish(r, "dropped");
	trace_free(r->trace);
	request_clear(self);
	PyObject_GC_Del(self);
}

static PyObject *finish(PyObject *self, PyObject *unused)
{
	struct request *r = (struct request *)self;

	(void)unused;
	if (!r->trace->armed)
		request_finish(r, "dropped");
	Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
	{ "_finish", finish, METH_NOARGS,
	  "Keep what there is, should nobody close the body; not while it runs." },
	{ NULL, NULL, 0, NULL }
};

PyTypeObject Request_Type = {
	PyVarObject_HEAD_INIT(NULL, 0)
	.tp_name = "cprof._cprof.Request",
	.tp_doc = "One request that is being profiled.",
	.tp_basicsize = sizeof(struct request),
	.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
	.tp_dealloc = request_dealloc,
	.tp_traverse = request_traverse,
	.tp_clear = request_clear,
	.tp_weaklistoffset = offsetof(struct request, weakrefs),
	.tp_methods = methods,
};
