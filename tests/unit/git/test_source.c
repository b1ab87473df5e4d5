#include "git/source.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "unit.h"

static struct arena arena;

static struct source scan(const char *text)
{
	struct bytes bytes = { (const uint8_t *)text, strlen(text) };
	struct error err = ERROR_INIT;
	struct source s;

	ck_assert_msg(source_scan(&s, bytes, &arena, &err) == 0, "%s", err.text);
	return s;
}

/* "name/lines ..." in the order of the file. */
static const char *names(const char *text)
{
	static char out[2000];
	struct source s = scan(text);
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < s.n; i++)
		n += (size_t)snprintf(out + n, sizeof out - n, "%s%s/%zu", i ? " " : "",
				      s.v[i].name, s.v[i].nlines);
	arena_release(&arena);
	return out;
}

START_TEST(test_source__nesting)
{
	ck_assert_str_eq(names("import os\n"
			       "def one():\n"
			       "    pass\n"
			       "\n"
			       "class Order(Base):\n"
			       "    total = 0\n"
			       "    @property\n"
			       "    def lines(self):\n"
			       "        def inner(x): return x\n"
			       "        # no line of it\n"
			       "        return [inner(x) for x in self]\n"
			       "    async def later(self):\n"
			       "        class Local: pass\n"
			       "    if DEBUG:\n"
			       "        def shown(self):\n"
			       "            ...\n"
			       "def two(): pass\n"),
			 "one/2 Order/11 Order.lines/3 Order.lines.<locals>.inner/1 Order.later/2 "
			 "Order.later.<locals>.Local/1 Order.shown/2 two/1");
}
END_TEST

START_TEST(test_source__what_looks_like_one)
{
	ck_assert_str_eq(names("text = '''\n"
			       "def no():\n"
			       "    '''\n"
			       "def yes(a='def no(', b=\"\\\"'''\",\n"
			       "def_=1,\n"
			       "        c=[\n"
			       "]) -> 'x':\n"
			       "    \"\"\"Text.\n"
			       "def no():\n"
			       "\"\"\"\n"
			       "    x = 1 + \\\n"
			       "class_\n"
			       "    # def no():\n"
			       "# def no():\n"
			       "    return x\n"
			       "define = 1\n"
			       "classes = 2\n"
			       "cdef class Fast:\n"
			       "\tcdef int x\n"
			       "\tdef __init__(self):\n"
			       "\t\tself.x = 1\n"
			       "  \tdef same_indent(self): pass\n"),
			 "yes/10 Fast/5 Fast.__init__/2 Fast.same_indent/1");
	ck_assert_str_eq(names(""), "");
	ck_assert_str_eq(names("def\nclass\nasync\ndef \ndef (\n)))\n\"\"\"\ndef no(): pass"), "");
}
END_TEST

START_TEST(test_source__own_name_and_place_do_not_matter)
{
	struct source s = scan("def fact(n):\r\n"
			       "    return n * fact(n - 1) if n else 1  \r\n"
			       "class A:\n"
			       "\tdef product(n):\n"
			       "\n"
			       "\t\treturn n * product(n - 1) if n else 1\n"
			       "def fact2(n):\n"
			       "    return n * fact(n - 1) if n else 1\n");

	ck_assert_uint_eq(s.n, 4);
	ck_assert_uint_eq(s.v[0].exact, s.v[2].exact);
	ck_assert_uint_ne(s.v[0].exact, s.v[3].exact);
	ck_assert_double_eq(definition_similarity(&s.v[0], &s.v[2]), 1);
	ck_assert_uint_eq(s.v[0].body, strlen("return n * fact(n - 1) if n else 1"));
	arena_release(&arena);
}
END_TEST

START_TEST(test_source__similarity)
{
	struct source s = scan("def a():\n    one()\n    two()\n    two()\n    three()\n"
			       "def b():\n    two()\n    one()\n    four()\n    four()\n"
			       "def c(): pass\n");

	/* The def line (8) and one() and one two() (5 + 5) of 8 + 4 * 5 + 2, and of 8 + 4 * 5 + 2. */
	ck_assert_double_eq_tol(definition_similarity(&s.v[0], &s.v[1]),
				(8 + 5 + 5) * 2 / 60.0, 0.01);
	ck_assert_double_eq(definition_similarity(&s.v[0], &s.v[2]), 0);
	arena_release(&arena);
}
END_TEST

START_TEST(test_source__out_of_memory)
{
	static const char text[] = "class A:\n  def b(self):\n    return 1\n";
	struct bytes bytes = { (const uint8_t *)text, strlen(text) };
	struct source s;
	int rc = -1;

	for (size_t n = 1; rc < 0; n++) {
		struct error err = ERROR_INIT;

		mem_fail_at(n, true);
		rc = source_scan(&s, bytes, &arena, &err);
		mem_fail_at(0, false);
		ck_assert_int_eq(rc < 0 ? err.code : ERR_NOMEM, ERR_NOMEM);
		arena_release(&arena);
	}
}
END_TEST

UNIT_MAIN("git/source", test_source__nesting, test_source__what_looks_like_one,
	  test_source__own_name_and_place_do_not_matter, test_source__similarity,
	  test_source__out_of_memory)
