#include "label.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/map.h"
#include "request.h"

static PyObject *of_context; /* the ContextVar */
static PyObject *of_process; /* or NULL */

/* The last ordinal of each label. What is not found in the newer of the two is
 * looked for in the older, which goes when the newer is full. */
static PyObject *counted, *counted_before;

/* A new reference, or NULL. */
static PyObject *find_label(PyObject *env)
{
	PyObject *label = PyDict_GetItemString(env, "cprof.label");

	if (label != NULL)
		return Py_NewRef(label);
	if (PyContextVar_Get(of_context, NULL, &label) < 0)
		return NULL;
	return label != NULL ? label : Py_XNewRef(of_process);
}

/* Where a text of `len` bytes in UTF-8 can be cut so that at most `most` are left. */
static size_t cut_at(const char *s, size_t len, size_t most)
{
	if (len <= most)
		return len;
	while (most > 0 && ((unsigned char)s[most] & 0xC0) == 0x80)
		most--;
	return most;
}

/* In the job's arena: what cannot be UTF-8 escaped, and what is long cut. NULL: it is
 * no label. */
static const char *text_of(struct job *job, PyObject *label)
{
	PyObject *bytes = PyUnicode_Check(label)
				  ? PyUnicode_AsEncodedString(label, "utf-8", "backslashreplace")
				  : NULL;
	struct buf text = BUF_INIT;
	const char *s, *copy = NULL;
	size_t len;

	if (bytes == NULL)
		return NULL;
	s = PyBytes_AS_STRING(bytes);
	len = (size_t)PyBytes_GET_SIZE(bytes);
	if (len > LABEL_MAX) {
		/* "~" and 16 digits. */
		buf_add(&text, s, cut_at(s, len, LABEL_MAX - 17));
		buf_printf(&text, "~%016llx", (unsigned long long)map_hash(s, len));
		s = buf_str(&text);
		len = text.len;
	}
	if (len != 0 && !text.failed)
		copy = request_text(job, s, len);
	buf_release(&text);
	Py_DECREF(bytes);
	return copy;
}

static uint64_t given_ordinal(PyObject *env)
{
	PyObject *given = PyDict_GetItemString(env, "cprof.ordinal");
	long long n = given != NULL && PyLong_CheckExact(given) ? PyLong_AsLongLong(given) : 0;

	return n > 0 ? (uint64_t)n : 0;
}

static PyObject *make_room(PyObject *counts)
{
	if (counts != NULL && PyDict_GET_SIZE(counts) < LABELS_COUNTED)
		return counts;
	counts = PyDict_New();
	if (counts == NULL)
		return NULL;
	Py_XSETREF(counted_before, counted);
	return counted = counts;
}

/* 0 without memory. */
static uint64_t next_ordinal(const char *label)
{
	PyObject *key = PyUnicode_FromString(label);
	PyObject *counts = make_room(counted), *was = NULL, *now = NULL;
	uint64_t n = 0;

	if (key == NULL || counts == NULL)
		goto done;
	was = PyDict_GetItemWithError(counts, key);
	if (was == NULL && counted_before != NULL)
		was = PyDict_GetItemWithError(counted_before, key);
	n = was ? PyLong_AsUnsignedLongLong(was) + 1 : 1;
	now = PyLong_FromUnsignedLongLong(n);
	if (now == NULL || PyDict_SetItem(counts, key, now) < 0)
		n = 0;
done:
	Py_XDECREF(key);
	Py_XDECREF(now);
	return n;
}

void label_request(struct job *job, PyObject *env)
{
	struct manifest *m = &job->manifest;
	PyObject *label = find_label(env);

	if (label != NULL)
		m->label = text_of(job, label);
	PyErr_Clear();
	Py_XDECREF(label);
	if (m->label == NULL)
		return;
	m->ordinal = given_ordinal(env);
	PyErr_Clear();
	if (m->ordinal == 0)
		m->ordinal = next_ordinal(m->label);
	PyErr_Clear();
}

PyObject *label_set_of_process(PyObject *self, PyObject *label)
{
	(void)self;
	Py_XSETREF(of_process, label == Py_None ? NULL : Py_NewRef(label));
	Py_RETURN_NONE;
}

int label_init(PyObject *module)
{
	if (of_context == NULL)
		of_context = PyContextVar_New("cprof.label", NULL);
	if (of_context == NULL)
		return -1;
	Py_INCREF(of_context);
	if (PyModule_AddObject(module, "_label", of_context) == 0)
		return 0;
	Py_DECREF(of_context);
	return -1;
}
