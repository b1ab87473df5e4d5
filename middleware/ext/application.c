#include "application.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

/* "/shop/views": how a package looks inside a file's path. */
static char **packages;
static size_t npackages, packages_cap;

static char directory[PATH_MAX];    /* ends in '/' */
static char library[PATH_MAX];      /* the standard library's folder, the same */

/* What is remembered in a code object: this number, and one more for "owned"; a
 * package that is added later makes what is remembered void. */
static uintptr_t edition = 2;
static Py_ssize_t extra_index = -1;

int application_add_package(const char *name)
{
	size_t len = strlen(name);
	char **grown = mem_grow(packages, &packages_cap, npackages + 1, sizeof *grown);
	char *path = mem_alloc(len + 2);

	if (grown != NULL)
		packages = grown;
	if (grown == NULL || path == NULL) {
		mem_free(path);
		return -1;
	}
	path[0] = '/';
	for (size_t i = 0; i <= len; i++)
		path[i + 1] = name[i] == '.' ? '/' : name[i];
	for (size_t i = 0; i < npackages; i++) {
		if (strcmp(packages[i], path) == 0) {
			mem_free(path);
			return 0;
		}
	}
	packages[npackages++] = path;
	edition += 2;
	return 0;
}

uintptr_t application_edition(void)
{
	return edition;
}

static void add_slash(char *path)
{
	size_t len = strlen(path);

	if (len != 0 && path[len - 1] != '/' && len + 1 < PATH_MAX)
		strcpy(path + len, "/");
}

/* os.__file__ without its last part. */
static void find_library(void)
{
	PyObject *os = PyImport_ImportModule("os");
	PyObject *file = os ? PyObject_GetAttrString(os, "__file__") : NULL;
	const char *s = file && PyUnicode_Check(file) ? PyUnicode_AsUTF8(file) : NULL;
	const char *end = s ? strrchr(s, '/') : NULL;

	if (end != NULL && end - s < PATH_MAX - 1) {
		memcpy(library, s, (size_t)(end - s));
		library[end - s] = '\0';
		add_slash(library);
	}
	Py_XDECREF(file);
	Py_XDECREF(os);
	PyErr_Clear();
}

static void set_up(void)
{
	if (getcwd(directory, sizeof directory - 1) == NULL)
		directory[0] = '\0';
	add_slash(directory);
	find_library();
	extra_index = PyUnstable_Eval_RequestCodeExtraIndex(NULL);
}

static bool starts_with(const char *s, const char *prefix)
{
	return prefix[0] != '\0' && strncmp(s, prefix, strlen(prefix)) == 0;
}

/* The package's folder or file is a part of the path: "/shop/" or "/shop.py". */
static bool is_in_package(const char *file, const char *package)
{
	size_t len = strlen(package);

	for (const char *at = strstr(file, package); at != NULL; at = strstr(at + 1, package))
		if (at[len] == '/' || strcmp(at + len, ".py") == 0)
			return true;
	return false;
}

static bool owns_file(const char *file)
{
	if (npackages != 0) {
		for (size_t i = 0; i < npackages; i++)
			if (is_in_package(file, packages[i]))
				return true;
		return false;
	}
	if (file[0] == '<' || strstr(file, "/site-packages/") || strstr(file, "/dist-packages/"))
		return false;
	if (file[0] != '/') /* a script run as `python app.py`, before 3.9 */
		return true;
	return starts_with(file, directory) && !starts_with(file, library);
}

static void remember(PyCodeObject *code, bool owned)
{
	if (extra_index >= 0)
		PyUnstable_Code_SetExtra((PyObject *)code, extra_index,
					 (void *)(edition | (owned ? 1 : 0)));
}

void application_adopt(PyCodeObject *code)
{
	if (extra_index < 0)
		set_up();
	remember(code, true);
	PyErr_Clear();
}

/* A frame that an exception is thrown into, or leaves, has it set. */
static bool find_out(PyCodeObject *code)
{
	PyObject *type, *value, *traceback;
	const char *file;
	bool owned;

	PyErr_Fetch(&type, &value, &traceback);
	if (extra_index < 0)
		set_up();
	file = PyUnicode_AsUTF8(code->co_filename);
	owned = file != NULL && owns_file(file);
	remember(code, owned);
	PyErr_Clear();
	PyErr_Restore(type, value, traceback);
	return owned;
}

bool application_owns(PyCodeObject *code)
{
	void *extra = NULL;

	if (extra_index >= 0 && PyUnstable_Code_GetExtra((PyObject *)code, extra_index, &extra) == 0 &&
	    ((uintptr_t)extra & ~(uintptr_t)1) == edition)
		return (uintptr_t)extra & 1;
	return find_out(code);
}
