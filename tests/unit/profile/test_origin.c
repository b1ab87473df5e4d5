#include "profile/origin.h"

#include <string.h>

#include "failing.h"
#include "unit.h"

START_TEST(test_origin__of_a_file)
{
	static const struct {
		const char *file;
		enum origin origin;
		const char *rest; /* NULL: the file itself */
	} table[] = {
		{ "/v/lib/python3.11/site-packages/flask/app.py", ORIGIN_PACKAGE, "flask/app.py" },
		{ "/usr/lib/python3/dist-packages/six.py", ORIGIN_PACKAGE, "six.py" },
		{ "/usr/local/lib/python3.11/dist-packages/a/b.py", ORIGIN_PACKAGE, "a/b.py" },
		{ "/opt/pyenv/versions/3.13.0/lib/python3.13/json/decoder.py", ORIGIN_STDLIB,
		  "json/decoder.py" },
		{ "/usr/lib/python3.11/os.py", ORIGIN_STDLIB, "os.py" },
		{ "/opt/lib64/python3.13t/re/_parser.py", ORIGIN_STDLIB, "re/_parser.py" },
		{ "/usr/lib/python312.zip/json/decoder.py", ORIGIN_STDLIB, "json/decoder.py" },
		{ "C:\\Python311\\Lib\\json\\decoder.py", ORIGIN_STDLIB, "json\\decoder.py" },
		{ "<frozen importlib._bootstrap>", ORIGIN_STDLIB, NULL },
		{ "<string>", ORIGIN_PACKAGE, NULL },
		{ "~", ORIGIN_BUILTIN, NULL },
		{ "/srv/shop/app.py", ORIGIN_APP, NULL },
		{ "/srv/mylib/python3/app.py", ORIGIN_APP, NULL },
		{ "/srv/shop/site-packages.py", ORIGIN_APP, NULL },
		{ "lib/python3.9/os.py", ORIGIN_STDLIB, "os.py" },
		{ "", ORIGIN_APP, NULL },
	};

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		const char *rest;

		ck_assert_msg(origin_of_file(table[i].file, &rest) == table[i].origin, "%s",
			      table[i].file);
		if (table[i].rest != NULL)
			ck_assert_str_eq(rest, table[i].rest);
		else
			ck_assert_ptr_eq(rest, table[i].file);
	}
}
END_TEST

START_TEST(test_origin__parts_of_a_c_function)
{
	static const struct {
		const char *text, *owner, *name;
		bool of_module;
	} table[] = {
		{ "<built-in method builtins.len>", "builtins", "len", true },
		{ "<built-in method _sqlite3.connect>", "_sqlite3", "connect", true },
		{ "<method 'execute' of 'sqlite3.Cursor' objects>", "sqlite3.Cursor", "execute",
		  false },
		{ "<built-in method __new__ of type object at 0x7f31aa>", "type", "__new__", false },
		{ "<built-in method read of _io.BytesIO object at 0x7f31aa>", "_io.BytesIO", "read",
		  false },
		{ "<built-in method sleep>", "", "sleep", false },
	};
	struct c_name c;

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		ck_assert(c_name_parse(&c, table[i].text));
		ck_assert_uint_eq(c.owner_len, strlen(table[i].owner));
		ck_assert_mem_eq(c.owner, table[i].owner, c.owner_len);
		ck_assert_uint_eq(c.name_len, strlen(table[i].name));
		ck_assert_mem_eq(c.name, table[i].name, c.name_len);
		ck_assert_int_eq(c.of_module, table[i].of_module);
	}
	ck_assert(!c_name_parse(&c, "<method 'x"));
	ck_assert(!c_name_parse(&c, "<method '' of 'x"));
	ck_assert(!c_name_parse(&c, "<built-in method "));
	ck_assert(!c_name_parse(&c, "len"));
}
END_TEST

START_TEST(test_origin__no_address_stays_in_a_name)
{
	struct arena arena = ARENA_INIT;
	const char *plain = "Order.lines";

	ck_assert_ptr_eq(name_without_addresses(&arena, plain), plain);
	ck_assert_str_eq(name_without_addresses(&arena, "<__new__ of type object at 0x7F31aa>"),
			 "<__new__ of type object at 0x>");
	ck_assert_str_eq(name_without_addresses(&arena, "a at 0x12 b at 0x at 0x9g"),
			 "a at 0x b at 0x at 0xg");
	arena_release(&arena);
}
END_TEST

UNIT_MAIN("profile/origin", test_origin__of_a_file, test_origin__parts_of_a_c_function,
	  test_origin__no_address_stays_in_a_name)
