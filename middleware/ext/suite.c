#include "suite.h"

#include "options.h"
#include "snapshot/run.h"

static PyObject *raise_error(const struct error *err)
{
	PyErr_SetString(err->code == ERR_NOMEM ? PyExc_MemoryError : PyExc_OSError, err->text);
	return NULL;
}

PyObject *suite_open_run(PyObject *self, PyObject *args)
{
	PyObject *directory = NULL, *result;
	struct error err = ERROR_INIT;
	struct options options;
	struct run run;
	int rc;

	(void)self;
	if (!PyArg_ParseTuple(args, "|O:_open_run", &directory))
		return NULL;
	if (options_init(&options, directory, NULL, NULL, 0, 1, 1024, "exact", NULL, NULL) < 0)
		return NULL;
	Py_BEGIN_ALLOW_THREADS
	rc = run_open(&run, options.directory, options.run_name, &err);
	Py_END_ALLOW_THREADS
	options_release(&options);
	if (rc < 0)
		return raise_error(&err);
	result = Py_BuildValue("(NN)", PyUnicode_DecodeFSDefault(run.archive),
			       PyUnicode_DecodeFSDefault(run.name));
	run_release(&run);
	return result;
}

PyObject *suite_set_outcome(PyObject *self, PyObject *args)
{
	struct error err = ERROR_INIT;
	enum run_outcome outcome = RUN_UNFINISHED;
	PyObject *run = NULL, *passed;
	int rc, has_passed;

	(void)self;
	if (!PyArg_ParseTuple(args, "O&O:_set_outcome", PyUnicode_FSConverter, &run, &passed))
		return NULL;
	has_passed = PyObject_IsTrue(passed);
	if (has_passed < 0) {
		Py_DECREF(run);
		return NULL;
	}
	if (passed != Py_None)
		outcome = has_passed ? RUN_PASSED : RUN_FAILED;
	Py_BEGIN_ALLOW_THREADS
	rc = run_set_outcome(PyBytes_AS_STRING(run), outcome, &err);
	Py_END_ALLOW_THREADS
	Py_DECREF(run);
	if (rc < 0)
		return raise_error(&err);
	Py_RETURN_NONE;
}
