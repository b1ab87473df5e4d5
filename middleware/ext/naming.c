#include "naming.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "symbols.h"

/* A str as UTF-8, borrowed from it; what cannot be encoded (lone surrogates) is
 * "?". */
static const char *utf8(PyObject *str)
{
	const char *s = str != NULL && PyUnicode_Check(str) ? PyUnicode_AsUTF8(str) : NULL;

	if (s == NULL) {
		PyErr_Clear();
		return "?";
	}
	return s;
}

/* The function's code behind what a class' dict holds, borrowed; or NULL. */
static PyObject *code_behind(PyObject *o)
{
	PyObject *inner = NULL, *code = NULL;

	if (PyFunction_Check(o))
		return PyFunction_GET_CODE(o);
	/* Attributes of these three are plain slots: no Python code runs. */
	if (Py_TYPE(o) == &PyProperty_Type)
		inner = PyObject_GetAttrString(o, "fget");
	else if (Py_TYPE(o) == &PyClassMethod_Type || Py_TYPE(o) == &PyStaticMethod_Type)
		inner = PyObject_GetAttrString(o, "__func__");
	if (inner != NULL && PyFunction_Check(inner))
		code = PyFunction_GET_CODE(inner);
	Py_XDECREF(inner);
	return code;
}

/* What the class itself has under the code's name, borrowed. A private name is
 * there with the class' own before it. */
static PyObject *attribute_of(PyTypeObject *type, PyCodeObject *code)
{
	PyObject *dict = type_dict(type);
	PyObject *o = dict ? PyDict_GetItem(dict, code->co_name) : NULL;

	if (o == NULL && dict != NULL && strncmp(utf8(code->co_name), "__", 2) == 0) {
		struct buf name = BUF_INIT;

		buf_printf(&name, "_%s%s", type->tp_name + strspn(type->tp_name, "_"),
			   utf8(code->co_name));
		o = PyDict_GetItemString(dict, buf_str(&name));
		buf_release(&name);
	}
	Py_XDECREF(dict);
	return o;
}

/* The class in first's mro that defines `code` under its name, borrowed. */
static PyTypeObject *defining_class(PyObject *first, PyCodeObject *code)
{
	PyTypeObject *type = PyType_Check(first) ? (PyTypeObject *)first : Py_TYPE(first);
	PyObject *mro = type->tp_mro;

	if (mro == NULL)
		return NULL;
	for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(mro); i++) {
		PyTypeObject *base = (PyTypeObject *)PyTuple_GET_ITEM(mro, i);
		PyObject *o = attribute_of(base, code);

		if (o != NULL && code_behind(o) == (PyObject *)code)
			return base;
	}
	return NULL;
}

#if PY_VERSION_HEX >= 0x030B0000 && PY_VERSION_HEX < 0x030C0000
/* The dict is made by asking and stays with the frame: emptied, it keeps no
 * argument alive that the function deletes. A generator that was begun before
 * may have had one already. */
static PyObject *first_in_locals(PyCodeObject *code, PyFrameObject *frame, PyObject *name)
{
	PyObject *locals = PyFrame_GetLocals(frame);
	PyObject *value = NULL;

	if (locals != NULL && PyDict_Check(locals)) {
		value = Py_XNewRef(PyDict_GetItem(locals, name));
		if ((code->co_flags & (CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR)) == 0)
			PyDict_Clear(locals);
	}
	Py_XDECREF(locals);
	return value;
}
#endif

/* The first argument of a call that has just begun; a new reference or NULL. */
static PyObject *first_argument(PyCodeObject *code)
{
	PyFrameObject *frame = PyEval_GetFrame();

	if (frame == NULL || frame_code(frame) != code || code->co_argcount == 0)
		return NULL;
#if PY_VERSION_HEX < 0x030B0000
	return Py_XNewRef(frame_first_argument(frame));
#else
	PyObject *names = PyObject_GetAttrString((PyObject *)code, "co_varnames");
	PyObject *value = NULL;

	if (names != NULL && PyTuple_GET_SIZE(names) > 0) {
		PyObject *name = PyTuple_GET_ITEM(names, 0);
#if PY_VERSION_HEX >= 0x030C0000
		value = PyFrame_GetVar(frame, name);
#else
		value = first_in_locals(code, frame, name);
#endif
	}
	Py_XDECREF(names);
	return value;
#endif
}

/* "Class.name" in qualname, if the first argument's class defines this code. */
static bool qualname_by_class(struct buf *qualname, PyCodeObject *code, PyObject *given)
{
	PyObject *first = given ? Py_NewRef(given) : first_argument(code);
	PyTypeObject *type = first ? defining_class(first, code) : NULL;
	PyObject *name = NULL;

	if (type != NULL && (type->tp_flags & Py_TPFLAGS_HEAPTYPE))
		name = ((PyHeapTypeObject *)type)->ht_qualname;
	if (name != NULL) {
		buf_adds(qualname, utf8(name));
		buf_addc(qualname, '.');
		buf_adds(qualname, utf8(code->co_name));
	}
	Py_XDECREF(first);
	PyErr_Clear();
	return name != NULL && !qualname->failed;
}

static const char *own_qualname(PyCodeObject *code)
{
#if PY_VERSION_HEX >= 0x030B0000
	return utf8(code->co_qualname);
#else
	return utf8(code->co_name);
#endif
}

/* Before 3.11 a code object does not know its class; code that exec made (a
 * dataclass' methods) knows only the function that called exec. */
static bool knows_its_class(const char *file)
{
	return PY_VERSION_HEX >= 0x030B0000 && file[0] != '<';
}

/* A code object carries its symbol, plus one, once it is sure: every profile meets
 * every function anew, and making its name costs more than many calls. */
static Py_ssize_t code_extra = -1;

static uint32_t remembered_code(PyCodeObject *code)
{
	void *extra = NULL;

	if (code_extra < 0 ||
	    PyUnstable_Code_GetExtra((PyObject *)code, code_extra, &extra) != 0)
		return 0;
	return (uint32_t)(uintptr_t)extra;
}

static void remember_code(PyCodeObject *code, uint32_t id)
{
	if (code_extra < 0)
		code_extra = PyUnstable_Eval_RequestCodeExtraIndex(NULL);
	if (code_extra >= 0 && id < SYMBOLS_MAX)
		PyUnstable_Code_SetExtra((PyObject *)code, code_extra,
					 (void *)(uintptr_t)(id + 1));
}

uint32_t name_code(PyCodeObject *code, PyObject *first)
{
	struct buf qualname = BUF_INIT;
	PyObject *type, *value, *traceback;
	uint32_t id = remembered_code(code);
	const char *file, *qual;
	bool by_class = false, sure;

	if (id != 0)
		return id - 1;
	PyErr_Fetch(&type, &value, &traceback);
	file = utf8(code->co_filename);
	sure = knows_its_class(file);
	if (!sure)
		by_class = qualname_by_class(&qualname, code, first);
	qual = by_class ? buf_str(&qualname) : own_qualname(code);
	id = symbols_add(file, (uint32_t)code->co_firstlineno, utf8(code->co_name), qual);
	if (sure || by_class)
		remember_code(code, id);
	PyErr_Clear();
	buf_release(&qualname);
	PyErr_Restore(type, value, traceback);
	return id;
}

/* Appends s without the addresses in it ("... at 0x7f3c0a1b2c3d>"): they change
 * from run to run, and one function would become many. */
static void add_without_addresses(struct buf *out, const char *s)
{
	const char *at;

	while ((at = strstr(s, " at 0x")) != NULL) {
		size_t digits = strspn(at + 6, "0123456789abcdefABCDEF");

		buf_add(out, s, (size_t)(at - s) + (digits ? 0 : 6));
		s = at + 6 + digits;
	}
	buf_adds(out, s);
}

/* repr() of what the type of self has under the function's name, as _lsprof.c
 * names a method: "<method 'append' of 'list' objects>". */
static bool name_by_type(struct buf *out, PyCFunctionObject *fn)
{
	PyObject *name = PyUnicode_FromString(fn->m_ml->ml_name);
	PyObject *attr = name ? _PyType_Lookup(Py_TYPE(fn->m_self), name) : NULL;
	PyObject *repr = NULL;

	Py_XDECREF(name);
	if (attr != NULL) {
		Py_INCREF(attr);
		repr = PyObject_Repr(attr);
		Py_DECREF(attr);
	}
	if (repr != NULL)
		add_without_addresses(out, utf8(repr));
	Py_XDECREF(repr);
	PyErr_Clear();
	return repr != NULL;
}

static void name_by_module(struct buf *out, PyCFunctionObject *fn)
{
	PyObject *module = fn->m_module;
	PyObject *name = NULL;

	if (fn->m_self != NULL) {
		if (module != NULL && PyUnicode_Check(module))
			buf_printf(out, "<built-in method %s.%s>", utf8(module), fn->m_ml->ml_name);
		else
			buf_printf(out, "<built-in method %s>", fn->m_ml->ml_name);
		return;
	}
	if (module != NULL && PyUnicode_Check(module))
		name = Py_NewRef(module);
	else if (module != NULL && PyModule_Check(module))
		name = PyModule_GetNameObject(module);
	if (name != NULL && strcmp(utf8(name), "builtins") != 0)
		buf_printf(out, "<%s.%s>", utf8(name), fn->m_ml->ml_name);
	else
		buf_printf(out, "<%s>", fn->m_ml->ml_name);
	Py_XDECREF(name);
}

/* The name of a C function follows from its definition and the type of what it is
 * called on, which must be one that neither changes nor goes. A definition may be
 * made at run time and go, and another come to lie in its place: so what it says is
 * looked at as well. */
struct known {
	const PyMethodDef *def;
	const PyTypeObject *type;
	const char *ml_name;
	PyCFunction ml_meth;
	uint64_t name_hash;
	uint32_t id;
};

enum { KNOWN_MAX = 1 << 16 };

static struct known *known;
static size_t nknown, known_cap;
static struct map known_index;

/* NULL: what this is called need not be so the next time. */
static PyTypeObject *lasting_type(PyObject *callable, PyObject *self_arg)
{
	PyObject *self = PyCFunction_Check(callable) ? PyCFunction_GET_SELF(callable) : self_arg;

	if (self == NULL || PyCapsule_CheckExact(self) ||
	    (Py_TYPE(self)->tp_flags & Py_TPFLAGS_HEAPTYPE) != 0)
		return NULL;
	return Py_TYPE(self);
}

static struct known about(PyObject *callable, const PyTypeObject *type)
{
	const PyMethodDef *def = PyCFunction_Check(callable) ?
					 ((PyCFunctionObject *)callable)->m_ml :
					 ((PyMethodDescrObject *)callable)->d_method;

	return (struct known){ def, type, def->ml_name, def->ml_meth,
			       map_hash(def->ml_name, strlen(def->ml_name)), SYMBOLS_MAX };
}

static uint64_t known_key(const struct known *k)
{
	return map_mix((uintptr_t)k->def) ^ (uintptr_t)k->type;
}

static uint32_t find_known(const struct known *k)
{
	size_t at = 0;
	uint32_t i;

	while ((i = map_find(&known_index, known_key(k), &at)) != MAP_NONE)
		if (known[i].def == k->def && known[i].type == k->type &&
		    known[i].ml_name == k->ml_name && known[i].ml_meth == k->ml_meth &&
		    known[i].name_hash == k->name_hash)
			return known[i].id;
	return SYMBOLS_MAX;
}

static void add_known(const struct known *k)
{
	struct known *grown;

	if (k->id >= SYMBOLS_MAX || nknown == KNOWN_MAX)
		return;
	grown = mem_grow(known, &known_cap, nknown + 1, sizeof *known);
	if (grown == NULL)
		return;
	known = grown;
	if (map_add(&known_index, known_key(k), (uint32_t)nknown) == 0)
		known[nknown++] = *k;
}

static uint32_t make_c_name(PyObject *callable, PyObject *self_arg)
{
	struct buf name = BUF_INIT;
	PyObject *type, *value, *traceback, *bound = NULL;
	uint32_t id;

	PyErr_Fetch(&type, &value, &traceback);
	if (!PyCFunction_Check(callable))
		callable = bound = Py_TYPE(callable)->tp_descr_get(callable, self_arg,
								   (PyObject *)Py_TYPE(self_arg));
	if (callable != NULL && PyCFunction_Check(callable)) {
		PyCFunctionObject *fn = (PyCFunctionObject *)callable;

		if (fn->m_self == NULL || !name_by_type(&name, fn))
			name_by_module(&name, fn);
	}
	id = name.failed ? SYMBOLS_MAX : symbols_add("~", 0, buf_str(&name), buf_str(&name));
	buf_release(&name);
	Py_XDECREF(bound);
	PyErr_Restore(type, value, traceback);
	return id;
}

uint32_t name_c_function(PyObject *callable, PyObject *self_arg)
{
	PyTypeObject *type = lasting_type(callable, self_arg);
	struct known k;

	if (type == NULL)
		return make_c_name(callable, self_arg);
	k = about(callable, type);
	k.id = find_known(&k);
	if (k.id == SYMBOLS_MAX) {
		k.id = make_c_name(callable, self_arg);
		add_known(&k);
	}
	return k.id;
}
