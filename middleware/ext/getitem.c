#include "getitem.h"

#include "compat.h"

#if PY_VERSION_HEX < 0x030B0000 || PY_VERSION_HEX >= 0x030C0000

void getitem_enter_by_hook(void)
{
}

#else

#include "base/map.h"
#include "clock.h"

static const int64_t renew_ns = 5000000000;

/* Counted by the interpreter from 1 on. */
static uint32_t next_version = 1u << 31;

static void enter_by_hook(PyTypeObject *type, PyObject *name)
{
	PyObject *o = type->tp_dict ? PyDict_GetItem(type->tp_dict, name) : NULL;

	if (o != NULL && PyFunction_Check(o) && ((PyFunctionObject *)o)->func_version <= UINT16_MAX)
		((PyFunctionObject *)o)->func_version = next_version++;
}

/* A class with several bases is met by each of them. */
static void walk(PyTypeObject *type, PyObject *name, struct map *seen)
{
	PyObject *address, *reference;
	Py_ssize_t at = 0;

	if (map_get(seen, (uintptr_t)type) != MAP_NONE || map_add(seen, (uintptr_t)type, 0) < 0)
		return;
	enter_by_hook(type, name);
	if (type->tp_subclasses == NULL)
		return;
	while (PyDict_Next(type->tp_subclasses, &at, &address, &reference)) {
		PyObject *heir = PyWeakref_GET_OBJECT(reference);

		if (PyType_Check(heir))
			walk((PyTypeObject *)heir, name, seen);
	}
}

void getitem_enter_by_hook(void)
{
	static int64_t looked_ns;
	struct map seen = MAP_INIT;
	PyObject *type, *value, *traceback, *name;
	int64_t now;

	/* The one that runs, not the one whose headers this was built with. */
	if (Py_Version >= 0x030B0400)
		return;
	now = clock_ns(CLOCK_MONOTONIC);
	if (looked_ns != 0 && now - looked_ns < renew_ns)
		return;
	looked_ns = now;
	PyErr_Fetch(&type, &value, &traceback);
	name = PyUnicode_InternFromString("__getitem__");
	if (name != NULL)
		walk(&PyBaseObject_Type, name, &seen);
	Py_XDECREF(name);
	map_release(&seen);
	PyErr_Restore(type, value, traceback);
}

#endif
