#include "change/identity.h"

#include <string.h>

#include "failing.h"
#include "unit.h"

static void check_file(const char *file, const char *root, enum origin origin, const char *wanted)
{
	struct arena arena = ARENA_INIT;
	enum origin found = ORIGIN_BUILTIN;
	const char *is = identity_file(&arena, file, root, &found);

	ck_assert_ptr_nonnull(is);
	ck_assert_str_eq(is, wanted);
	ck_assert_msg(found == origin, "%s: origin %d", file, (int)found);
	arena_release(&arena);
}

START_TEST(test_identity__own_files_are_relative_to_the_work_tree)
{
	check_file("/srv/shop/app/views.py", "/srv/shop", ORIGIN_APP, "app/views.py");
	check_file("/srv/shop/app/views.py", "/srv/shop/", ORIGIN_APP, "app/views.py");
	check_file("/srv/shopping/views.py", "/srv/shop", ORIGIN_APP, "/srv/shopping/views.py");
	check_file("/srv/shop/app/views.py", NULL, ORIGIN_APP, "/srv/shop/app/views.py");
	check_file("/srv/shop/app/views.py", "", ORIGIN_APP, "/srv/shop/app/views.py");
	check_file("/app.py", "/", ORIGIN_APP, "app.py");
	check_file("app/views.py", "/srv/shop", ORIGIN_APP, "app/views.py");
}
END_TEST

START_TEST(test_identity__roundabout_paths_are_straightened)
{
	check_file("/srv/shop/tests/../app/./views.py", "/srv/shop", ORIGIN_APP, "app/views.py");
	check_file("/srv//shop/views.py", "/srv/shop", ORIGIN_APP, "views.py");
	check_file("./views.py", NULL, ORIGIN_APP, "views.py");
	check_file("../views.py", NULL, ORIGIN_APP, "../views.py");
	check_file("../../a/../views.py", NULL, ORIGIN_APP, "../../views.py");
	check_file("/../../views.py", NULL, ORIGIN_APP, "/views.py");
	check_file("a/../../views.py", NULL, ORIGIN_APP, "../views.py");
	check_file("/v/bin/../lib/python3.12/json/decoder.py", NULL, ORIGIN_STDLIB,
		   "json/decoder.py");
}
END_TEST

START_TEST(test_identity__packages_and_library_lie_anywhere)
{
	check_file("/srv/shop/.venv/lib/python3.12/site-packages/flask/app.py", "/srv/shop",
		   ORIGIN_PACKAGE, "flask/app.py");
	check_file("/srv/shop/python/lib/python3.12/os.py", "/srv/shop", ORIGIN_STDLIB, "os.py");
	check_file("/usr/lib/python3/dist-packages/shop/app/views.py",
		   "/usr/lib/python3/dist-packages/shop", ORIGIN_APP, "app/views.py");
	check_file("/usr/lib/python3.11/os.py", "/", ORIGIN_STDLIB, "os.py");
	check_file("<frozen importlib._bootstrap>", "/srv", ORIGIN_STDLIB,
		   "<frozen importlib._bootstrap>");
	check_file("<string>", "/srv", ORIGIN_PACKAGE, "<string>");
	check_file("~", "/srv", ORIGIN_BUILTIN, "~");
}
END_TEST

static void check_dotted(enum origin origin, const char *file, const char *name,
			 const char *wanted)
{
	struct identity id = { origin, file, name, 0 };
	struct buf out = BUF_INIT;

	identity_dotted(&out, &id);
	ck_assert_str_eq(buf_str(&out), wanted);
	buf_release(&out);
}

START_TEST(test_identity__dotted)
{
	check_dotted(ORIGIN_APP, "app/views.py", "show", "app.views:show");
	check_dotted(ORIGIN_APP, "src/app/__init__.py", "make.<locals>.wrap", "app:make.wrap");
	check_dotted(ORIGIN_PACKAGE, "src/app.py", "f", "src.app:f");
	check_dotted(ORIGIN_APP, "/srv/shop/app.py", "f", "srv.shop.app:f");
	check_dotted(ORIGIN_APP, "templates/a.html", "root", "templates/a.html:root");
	check_dotted(ORIGIN_STDLIB, "<frozen importlib._bootstrap>", "_find", "importlib._bootstrap:_find");
	check_dotted(ORIGIN_BUILTIN, "~", "<built-in method builtins.len>", "builtins.len");
	check_dotted(ORIGIN_BUILTIN, "~", "<method 'execute' of 'sqlite3.Cursor' objects>",
		     "sqlite3.Cursor.execute");
	check_dotted(ORIGIN_BUILTIN, "~", "<built-in method __new__ of type object at 0x>",
		     "type.__new__");
	check_dotted(ORIGIN_BUILTIN, "~", "<executor job>", "<executor job>");
}
END_TEST

/* Up to NULL. */
static void check_patterns(const struct identity *id, bool meant, const char *const *patterns)
{
	for (; *patterns != NULL; patterns++)
		ck_assert_msg(identity_matches(id, *patterns) == meant, "%s", *patterns);
}

START_TEST(test_identity__patterns)
{
	static const struct identity show = { ORIGIN_APP, "app/views.py", "show", 0 };
	static const struct identity inner = { ORIGIN_APP, "app/views.py", "show.<locals>.key", 0 };
	static const struct identity execute = {
		ORIGIN_BUILTIN, "~", "<method 'execute' of 'sqlite3.Cursor' objects>", 0
	};
	static const struct identity strand = { ORIGIN_BUILTIN, "~", "<executor job>", 0 };
	static const char *const show_is[] = { "app.views:show", "app.views.show", "app.views", "app",
					       "app.*", "*:show", "app.view[r-t].sho?", NULL };
	static const char *const show_is_not[] = { "views", "ap", "app.views.sho", "", NULL };
	static const char *const inner_is[] = { "app.views:show.key", "app.views", NULL };
	static const char *const execute_is[] = { "sqlite3.Cursor.execute", "sqlite3.Cursor",
						  "sqlite3", "*.execute*", NULL };
	static const char *const execute_is_not[] = { "sqlite3.Connection", "execute", NULL };

	check_patterns(&show, true, show_is);
	check_patterns(&show, false, show_is_not);
	/* A function is itself, and not what is defined in it. */
	check_patterns(&inner, true, inner_is);
	ck_assert(!identity_matches(&inner, "app.views:show"));
	check_patterns(&execute, true, execute_is);
	check_patterns(&execute, false, execute_is_not);
	ck_assert(identity_matches(&strand, "<executor job>"));
}
END_TEST

START_TEST(test_identity__statements)
{
	static const struct identity yes[] = {
		{ ORIGIN_BUILTIN, "~", "<method 'execute' of 'sqlite3.Cursor' objects>", 0 },
		{ ORIGIN_BUILTIN, "~", "<method 'executescript' of 'sqlite3.Connection' objects>", 0 },
		{ ORIGIN_BUILTIN, "~", "<method 'callproc' of 'psycopg2.extensions.cursor' objects>", 0 },
		{ ORIGIN_PACKAGE, "psycopg/cursor.py", "Cursor.execute", 0 },
		{ ORIGIN_PACKAGE, "pymysql/cursors.py", "SSCursor._query", 0 },
		{ ORIGIN_PACKAGE, "MySQLdb/cursors.py", "_query", 0 },
	};
	static const struct identity no[] = {
		{ ORIGIN_BUILTIN, "~", "<method 'fetchone' of 'sqlite3.Cursor' objects>", 0 },
		{ ORIGIN_BUILTIN, "~", "<built-in method _sqlite3.connect>", 0 },
		{ ORIGIN_BUILTIN, "~", "<method 'execute' of 'Cursor' objects>", 0 },
		{ ORIGIN_BUILTIN, "~", "execute", 0 },
		{ ORIGIN_PACKAGE, "pymysql/cursors.py", "Cursor.execute", 0 },
		{ ORIGIN_PACKAGE, "psycopg2/extras.py", "DictCursor.execute", 0 },
		{ ORIGIN_PACKAGE, "django/db/backends/utils.py", "CursorWrapper.execute", 0 },
		{ ORIGIN_PACKAGE, "django/db/backends/sqlite3/base.py", "SQLiteCursorWrapper.execute", 0 },
		{ ORIGIN_PACKAGE, "sqlalchemy/engine/default.py", "DefaultDialect.do_execute", 0 },
		{ ORIGIN_APP, "psycopg/cursor.py", "Cursor.execute", 0 },
	};

	for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
		ck_assert_msg(identity_is_sql(&yes[i]), "%s", yes[i].name);
	for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
		ck_assert_msg(!identity_is_sql(&no[i]), "%s", no[i].name);
}
END_TEST

START_TEST(test_identity__order)
{
	static const struct identity a = { ORIGIN_APP, "a.py", "f", 0 };
	static const struct identity second = { ORIGIN_APP, "a.py", "f", 1 };
	static const struct identity b = { ORIGIN_PACKAGE, "b.py", "a", 0 };
	static const struct identity moved = { ORIGIN_PACKAGE, "a.py", "f", 0 };

	ck_assert_int_lt(identity_compare(&a, &second), 0);
	ck_assert_int_lt(identity_compare(&second, &b), 0);
	ck_assert_int_gt(identity_compare(&b, &a), 0);
	ck_assert_int_eq(identity_compare(&a, &moved), 0);
}
END_TEST

static int make(void *arg, struct error *err)
{
	struct arena arena = ARENA_INIT;
	enum origin origin;
	const char *file = identity_file(&arena, "/srv/x/../app.py", "/srv", &origin);
	const char *name = identity_name(&arena, "<x at 0x12>");
	int rc = 0;

	(void)arg;
	if (file == NULL || name == NULL)
		rc = error_nomem(err);
	else
		ck_assert_str_eq(file, "app.py");
	arena_release(&arena);
	return rc;
}

START_TEST(test_identity__without_memory)
{
	ck_assert_uint_gt(fail_each_allocation(make, NULL), 0);
}
END_TEST

UNIT_MAIN("change/identity", test_identity__own_files_are_relative_to_the_work_tree,
	  test_identity__roundabout_paths_are_straightened,
	  test_identity__packages_and_library_lie_anywhere, test_identity__dotted,
	  test_identity__patterns, test_identity__statements, test_identity__order,
	  test_identity__without_memory)
