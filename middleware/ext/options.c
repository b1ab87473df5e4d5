#include "options.h"

#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "application.h"
#include "base/buf.h"
#include "clock.h"

static const char *environment(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

/* os.fspath() in the file system's encoding, absolute: a server may change its
 * directory later. */
static int set_directory(struct options *o, PyObject *directory)
{
	const char *given = environment("CPROF_DIR");
	PyObject *bytes = NULL;
	struct buf path = BUF_INIT;
	char *cwd = NULL;
	int rc = -1;

	if (given == NULL && directory != NULL) {
		if (!PyUnicode_FSConverter(directory, &bytes))
			return -1;
		given = PyBytes_AS_STRING(bytes);
	}
	if (given == NULL || given[0] == '\0')
		given = "profiling";
	if (given[0] != '/') {
		cwd = getcwd(NULL, 0);
		if (cwd == NULL) {
			PyErr_SetFromErrno(PyExc_OSError);
			goto done;
		}
		buf_printf(&path, "%s/", strcmp(cwd, "/") == 0 ? "" : cwd);
	}
	buf_adds(&path, given);
	o->directory = arena_strdup(&o->arena, buf_str(&path));
	if (path.failed || o->directory == NULL)
		PyErr_NoMemory();
	else
		rc = 0;
done:
	free(cwd);
	buf_release(&path);
	Py_XDECREF(bytes);
	return rc;
}

static const char *pattern_of(struct arena *arena, PyObject *item, const char *name)
{
	const char *s, *copy;

	if (!PyUnicode_Check(item)) {
		PyErr_Format(PyExc_TypeError, "%s must be a pattern or a list of patterns, not %.80s",
			     name, Py_TYPE(item)->tp_name);
		return NULL;
	}
	s = PyUnicode_AsUTF8(item);
	copy = s ? arena_strdup(arena, s) : NULL;
	if (s != NULL && copy == NULL)
		PyErr_NoMemory();
	return copy;
}

/* One str, or any iterable of them. */
static int set_patterns(struct arena *arena, const char ***out, PyObject *given,
			const char *name)
{
	PyObject *list;
	Py_ssize_t n;
	int rc = -1;

	*out = NULL;
	if (given == NULL || given == Py_None)
		return 0;
	list = PyUnicode_Check(given) ? PyTuple_Pack(1, given) : PySequence_Tuple(given);
	if (list == NULL)
		return -1;
	n = PyTuple_GET_SIZE(list);
	*out = arena_zalloc(arena, ((size_t)n + 1) * sizeof **out);
	if (*out == NULL) {
		PyErr_NoMemory();
		goto done;
	}
	for (Py_ssize_t i = 0; i < n; i++) {
		(*out)[i] = pattern_of(arena, PyTuple_GET_ITEM(list, i), name);
		if ((*out)[i] == NULL)
			goto done;
	}
	rc = 0;
done:
	Py_DECREF(list);
	return rc;
}

static int check_range(const char *name, double value, double most)
{
	if (value >= 0 && value <= most)
		return 0;
	PyErr_Format(PyExc_ValueError, "%s must be between 0 and %d", name, (int)most);
	return -1;
}

static int set_mode(struct options *o, const char *given)
{
	const char *name = environment("CPROF_MODE");

	if (name == NULL)
		name = given;
	if (mode_parse(name, &o->mode) == 0)
		return 0;
	PyErr_Format(PyExc_ValueError, "mode must be 'exact', 'fast' or 'app', not '%.80s'", name);
	return -1;
}

int options_add_packages(PyObject *packages)
{
	struct arena arena = ARENA_INIT;
	const char **name;
	int rc = set_patterns(&arena, &name, packages, "packages");

	for (; rc == 0 && name != NULL && *name != NULL; name++) {
		if (application_add_package(*name) < 0) {
			PyErr_NoMemory();
			rc = -1;
		}
	}
	arena_release(&arena);
	return rc;
}

int options_init(struct options *o, PyObject *directory, PyObject *routes, PyObject *ignore,
		 double slow_ms, double sample, double quota_mb, const char *mode,
		 PyObject *packages, PyObject *metrics)
{
	const char *disable = environment("CPROF_DISABLE");
	const char *run = environment("CPROF_RUN");

	memset(o, 0, sizeof *o);
	if (check_range("slow_ms", slow_ms, 1e9) < 0 || check_range("sample", sample, 1) < 0 ||
	    check_range("quota_mb", quota_mb, 1e9) < 0 || set_directory(o, directory) < 0 ||
	    set_patterns(&o->arena, &o->routes, routes, "routes") < 0 ||
	    set_patterns(&o->arena, &o->ignore, ignore, "ignore") < 0 || set_mode(o, mode) < 0 ||
	    options_add_packages(packages) < 0 || metrics_parse(&o->metrics, metrics) < 0)
		goto failed;
	if (run != NULL) {
		o->run_name = arena_strdup(&o->arena, run);
		if (o->run_name == NULL) {
			PyErr_NoMemory();
			goto failed;
		}
	}
	o->slow_ns = (int64_t)(slow_ms * 1e6);
	o->sample = sample;
	o->quota_bytes = (uint64_t)(quota_mb * 1e6);
	o->disabled = disable != NULL && strcmp(disable, "0") != 0;
	return 0;
failed:
	options_release(o);
	return -1;
}

int options_set_run(struct options *o, PyObject *run)
{
	PyObject *bytes = NULL;

	if (run == NULL || run == Py_None || o->run_name != NULL)
		return 0;
	if (!PyUnicode_FSConverter(run, &bytes))
		return -1;
	o->run_name = arena_strdup(&o->arena, PyBytes_AS_STRING(bytes));
	Py_DECREF(bytes);
	if (o->run_name == NULL)
		PyErr_NoMemory();
	return o->run_name != NULL ? 0 : -1;
}

void options_release(struct options *o)
{
	arena_release(&o->arena);
	metrics_release(&o->metrics);
	o->routes = o->ignore = NULL;
}

static void add_text(struct buf *out, PyObject *env, const char *key)
{
	PyObject *str = PyDict_GetItemString(env, key);
	PyObject *bytes = str && PyUnicode_Check(str) ? PyUnicode_AsLatin1String(str) : NULL;

	if (bytes != NULL)
		buf_add(out, PyBytes_AS_STRING(bytes), (size_t)PyBytes_GET_SIZE(bytes));
	Py_XDECREF(bytes);
	PyErr_Clear();
}

static bool any_matches(const char **patterns, const char *request, size_t method_len)
{
	for (; *patterns != NULL; patterns++) {
		const char *text = strchr(*patterns, ' ') ? request : request + method_len + 1;

		if (fnmatch(*patterns, text, 0) == 0)
			return true;
	}
	return false;
}

static bool path_is_wanted(const struct options *o, PyObject *env)
{
	struct buf request = BUF_INIT;
	size_t method_len;
	bool wanted = true;

	if (o->routes == NULL && o->ignore == NULL)
		return true;
	add_text(&request, env, "REQUEST_METHOD");
	method_len = request.len;
	buf_addc(&request, ' ');
	add_text(&request, env, "SCRIPT_NAME");
	add_text(&request, env, "PATH_INFO");
	if (o->routes != NULL)
		wanted = any_matches(o->routes, buf_str(&request), method_len);
	if (wanted && o->ignore != NULL)
		wanted = !any_matches(o->ignore, buf_str(&request), method_len);
	if (request.failed)
		wanted = false;
	buf_release(&request);
	return wanted;
}

static bool is_upgrade(PyObject *env)
{
	PyObject *value = PyDict_GetItemString(env, "HTTP_UPGRADE");
	const char *s = value && PyUnicode_Check(value) ? PyUnicode_AsUTF8(value) : NULL;

	PyErr_Clear();
	return s != NULL && strcasecmp(s, "websocket") == 0;
}

/* Random numbers for sample= alone: the application's own generator must give the
 * numbers it gives without us. Seeded by the clock: workers differ. */
static double random_share(void)
{
	static uint64_t state;

	if (state == 0)
		state = ((uint64_t)clock_ns(CLOCK_MONOTONIC) ^ (uint64_t)getpid() << 32) | 1;
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (double)(state >> 11) / (double)(UINT64_C(1) << 53);
}

bool options_want(const struct options *o, PyObject *env)
{
	if (o->sample < 1 && random_share() >= o->sample)
		return false;
	return path_is_wanted(o, env) && !is_upgrade(env);
}
