#include "graph/name.h"

#include <string.h>

#include "base/text.h"
#include "failing.h"
#include "unit.h"

struct named {
	const char *file;
	uint32_t line;
	const char *qualname;
	enum origin origin;
	const char *name, *place;
};

static int name_it(struct graph_node *node, struct arena *arena, const struct function *f,
		   const char *other_file)
{
	struct name_base base = NAME_BASE_INIT;

	name_base_add(&base, f->file);
	if (other_file != NULL)
		name_base_add(&base, other_file);
	memset(node, 0, sizeof *node);
	node->function = f;
	return name_node(node, &base, arena);
}

static void check(const struct named *n, const char *other_file)
{
	struct function f = { n->file, n->qualname, n->qualname, n->line };
	struct graph_node node;
	struct arena arena = ARENA_INIT;

	ck_assert_int_eq(name_it(&node, &arena, &f, other_file), 0);
	ck_assert_str_eq(node.name, n->name);
	ck_assert_str_eq(node.place, n->place);
	ck_assert_int_eq((int)node.origin, (int)n->origin);
	arena_release(&arena);
}

START_TEST(test_name__libraries_and_stdlib)
{
	static const struct named table[] = {
		{ "/v/lib/python3.11/site-packages/flask/app.py", 904, "Flask.wsgi_app",
		  ORIGIN_PACKAGE, "Flask.wsgi_app", "flask.app:904" },
		{ "/usr/lib/python3/dist-packages/six.py", 5, "moved", ORIGIN_PACKAGE, "moved",
		  "six:5" },
		{ "C:\\Python311\\Lib\\site-packages\\flask\\__init__.py", 1, "f",
		  ORIGIN_PACKAGE, "f", "flask:1" },
		{ "/usr/lib/python3.11/json/__init__.py", 183, "loads", ORIGIN_STDLIB, "loads",
		  "json:183" },
		{ "/opt/lib64/python3.13t/re/_parser.py", 9, "parse", ORIGIN_STDLIB, "parse",
		  "re._parser:9" },
		{ "/usr/lib/python312.zip/os.py", 9, "walk", ORIGIN_STDLIB, "walk", "os:9" },
		{ "C:\\Python311\\Lib\\json\\decoder.py", 3, "decode", ORIGIN_STDLIB, "decode",
		  "json.decoder:3" },
		{ "<frozen importlib._bootstrap>", 1022, "_find_and_load", ORIGIN_STDLIB,
		  "_find_and_load", "importlib._bootstrap:1022" },
		{ "<string>", 2, "Point.__init__", ORIGIN_PACKAGE, "Point.__init__",
		  "<string>:2" },
		{ "/v/lib/python3.11/site-packages/django/db/__init__.py", 1, "<module>",
		  ORIGIN_PACKAGE, "django.db (import)", "django.db:1" },
		{ "/v/lib/python3.11/site-packages/a.py", 1, "make.<locals>.wrap.<locals>.inner",
		  ORIGIN_PACKAGE, "make.wrap.inner", "a:1" },
	};

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		check(&table[i], NULL);
}
END_TEST

START_TEST(test_name__own_code_from_its_common_folder)
{
	static const struct named view = { "/srv/shop/views/user.py", 12, "show", ORIGIN_APP,
					   "show", "views.user:12" };
	static const struct named alone = { "/srv/shop/app.py", 1, "main", ORIGIN_APP, "main",
					    "app:1" };
	static const struct named apart = { "/srv/shop/app.py", 1, "main", ORIGIN_APP, "main",
					    "srv.shop.app:1" };
	static const struct named template = { "/srv/shop/templates/a.html", 3, "root",
					       ORIGIN_APP, "root", "templates/a.html:3" };
	/* A folder called like an interpreter's is none where no lib is above. */
	static const struct named python = { "/srv/x/python3/app.py", 4, "f", ORIGIN_APP, "f",
					     "app:4" };

	check(&view, "/srv/shop/models.py");
	check(&alone, NULL);
	check(&alone, "/srv/shop/app.py");
	check(&apart, "/opt/x/other.py");
	check(&template, "/srv/shop/app.py");
	check(&python, NULL);
	/* Folders are compared whole: "shop" and "shopping" share only /srv. */
	check(&(struct named){ "/srv/shop/a.py", 1, "f", ORIGIN_APP, "f", "shop.a:1" },
	      "/srv/shopping/b.py");
}
END_TEST

START_TEST(test_name__builtins)
{
	static const struct named table[] = {
		{ "~", 0, "<built-in method builtins.len>", ORIGIN_BUILTIN, "len",
		  "built-in builtins" },
		{ "~", 0, "<method 'append' of 'list' objects>", ORIGIN_BUILTIN, "list.append",
		  "built-in" },
		{ "~", 0, "<built-in method __new__ of type object at 0x7f31aa>", ORIGIN_BUILTIN,
		  "type.__new__", "built-in" },
		{ "~", 0, "<built-in method read of _io.BytesIO object at 0x7f31aa>",
		  ORIGIN_BUILTIN, "_io.BytesIO.read", "built-in" },
		{ "~", 0, "<built-in method sleep>", ORIGIN_BUILTIN, "sleep", "built-in" },
		/* What fits no pattern stays as it is. */
		{ "~", 0, "<built-in method ", ORIGIN_BUILTIN, "<built-in method ", "built-in" },
		{ "~", 0, "<method 'x", ORIGIN_BUILTIN, "<method 'x", "built-in" },
		{ "~", 0, "", ORIGIN_BUILTIN, "(no name)", "built-in" },
	};

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		check(&table[i], NULL);
}
END_TEST

static void check_drawable(const char *s)
{
	size_t left = strlen(s);

	ck_assert_uint_gt(left, 0);
	ck_assert_uint_le(text_width(s), NAME_MAX_CHARS);
	while (left != 0) {
		uint32_t code;
		size_t len = text_utf8(s, left, &code);

		ck_assert_msg(len != 0, "not UTF-8: %s", s);
		ck_assert_uint_ge(code, 0x20);
		s += len;
		left -= len;
	}
}

START_TEST(test_name__hostile)
{
	static char long_name[100000];
	static const char *const names[] = {
		"\x1b[31mred", "a\xff\xfe\xc3(b", "\xe2\x80\xaetxt.exe", "tab\there\n", "", ".", "/",
		long_name,
	};

	/* Each character has two bytes: a cut in between would show. */
	for (size_t i = 0; i + 2 < sizeof long_name; i += 2)
		memcpy(long_name + i, "\xc3\xa9", 2);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
			struct function f = { names[k], names[i], names[i], 1 };
			struct graph_node node;
			struct arena arena = ARENA_INIT;

			ck_assert_int_eq(name_it(&node, &arena, &f, NULL), 0);
			check_drawable(node.name);
			check_drawable(node.place);
			arena_release(&arena);
		}
}
END_TEST

static int run(void *arg, struct error *err)
{
	const struct function *f = arg;
	struct graph_node node;
	struct arena arena = ARENA_INIT;
	int rc = name_it(&node, &arena, f, NULL);

	arena_release(&arena);
	return rc < 0 ? error_nomem(err) : 0;
}

START_TEST(test_name__out_of_memory)
{
	struct function own = { "/srv/a.py", "f", "C.f", 3 };
	struct function builtin = { "~", "x", "<built-in method builtins.len>", 0 };

	ck_assert_uint_gt(fail_each_allocation(run, &own), 2);
	ck_assert_uint_gt(fail_each_allocation(run, &builtin), 2);
}
END_TEST

UNIT_MAIN("graph/name", test_name__libraries_and_stdlib,
	  test_name__own_code_from_its_common_folder, test_name__builtins, test_name__hostile,
	  test_name__out_of_memory)
