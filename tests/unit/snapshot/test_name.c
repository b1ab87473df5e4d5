#include "snapshot/name.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "unit.h"

/* The name, borrowed until the next call. */
static const char *name_of(const char *method, const char *route, bool is_template, int64_t ms)
{
	static struct buf out;

	buf_clear(&out);
	snapshot_name(&out, method, route, is_template, ms);
	ck_assert(!out.failed);
	return buf_str(&out);
}

static const char *path_name(const char *path)
{
	return name_of("GET", path, false, 1);
}

START_TEST(test_name__documented)
{
	ck_assert_str_eq(name_of("GET", "/", false, 738), "GET.root.000738ms");
	ck_assert_str_eq(name_of("GET", "/user/{id}", true, 2123), "GET.user.{id}.002123ms");
	ck_assert_str_eq(name_of("GET", "/user/7", false, 2123), "GET.user.7.002123ms");
	ck_assert_str_eq(path_name("/a/../{id}"), "GET.a.%2E%2E.%7Bid%7D.000001ms");
	ck_assert_str_eq(name_of("GET", "{unmatched}", true, 1), "GET.{unmatched}.000001ms");
}
END_TEST

START_TEST(test_name__root)
{
	ck_assert_str_eq(path_name(""), "GET.root.000001ms");
	ck_assert_str_eq(name_of("GET", NULL, false, 1), "GET.root.000001ms");
	ck_assert_str_eq(name_of("GET", "/", true, 1), "GET.root.000001ms");
	ck_assert_str_eq(path_name("/root"), "GET.%72oot.000001ms");
	ck_assert_str_eq(name_of("GET", "/root", true, 1), "GET.%72oot.000001ms");
	ck_assert_str_eq(path_name("/root/x"), "GET.root.x.000001ms");
	ck_assert_str_eq(path_name("/rooted"), "GET.rooted.000001ms");
}
END_TEST

START_TEST(test_name__unmatched_is_nobody_elses)
{
	ck_assert_str_eq(path_name("/{unmatched}"), "GET.%7Bunmatched%7D.000001ms");
	ck_assert_str_eq(path_name("{unmatched}"), "GET.%7Bunmatched%7D.000001ms");
	ck_assert_str_eq(name_of("GET", "/{unmatched}", true, 1), "GET.{%75nmatched}.000001ms");
}
END_TEST

START_TEST(test_name__dots_and_slashes)
{
	ck_assert_str_eq(path_name("/a/b"), "GET.a.b.000001ms");
	ck_assert_str_eq(path_name("/a/"), "GET.a%2F.000001ms");
	ck_assert_str_eq(path_name("/a//b"), "GET.a.%2Fb.000001ms");
	ck_assert_str_eq(path_name("/a///b"), "GET.a.%2F.b.000001ms");
	ck_assert_str_eq(path_name("//a"), "GET.%2Fa.000001ms");
	ck_assert_str_eq(path_name("//"), "GET.%2F.000001ms");
	ck_assert_str_eq(path_name("/a./b"), "GET.a%2E.b.000001ms");
	ck_assert_str_eq(path_name("/a/.b"), "GET.a.%2Eb.000001ms");
	ck_assert_str_eq(path_name("/app.css"), "GET.app.css.000001ms");
	ck_assert_str_eq(path_name("/a...b"), "GET.a%2E%2E%2Eb.000001ms");
	ck_assert_str_eq(path_name("/.."), "GET.%2E%2E.000001ms");
	ck_assert_str_eq(path_name("/../../etc/passwd"), "GET.%2E%2E.%2E%2E.etc.passwd.000001ms");
	ck_assert_str_eq(path_name("/.git"), "GET.%2Egit.000001ms");
	ck_assert_str_eq(path_name("/a."), "GET.a%2E.000001ms");
}
END_TEST

START_TEST(test_name__shell_and_bytes)
{
	ck_assert_str_eq(path_name("/-rf"), "GET.%2Drf.000001ms");
	ck_assert_str_eq(path_name("/~root"), "GET.%7Eroot.000001ms");
	ck_assert_str_eq(path_name("/~"), "GET.%7E.000001ms");
	ck_assert_str_eq(path_name("/a-b~c_d"), "GET.a-b~c_d.000001ms");
	ck_assert_str_eq(path_name("/a b;$(x)`y`*?"),
			 "GET.a%20b%3B%24%28x%29%60y%60%2A%3F.000001ms");
	ck_assert_str_eq(path_name("/%2e"), "GET.%252e.000001ms");
	ck_assert_str_eq(path_name("/\xC3\xA9"), "GET.%C3%A9.000001ms");
	ck_assert_str_eq(path_name("/\xFF\x01\n"), "GET.%FF%01%0A.000001ms");
	ck_assert_str_eq(name_of("GET", "/{a,b}/{1..3}", true, 1),
			 "GET.{a%2Cb}.{1%2E%2E3}.000001ms");
	ck_assert_str_eq(path_name("*"), "GET.%2A.000001ms");
}
END_TEST

START_TEST(test_name__method_is_any_token)
{
	ck_assert_str_eq(name_of("-rf", "/", false, 1), "%2Drf.root.000001ms");
	ck_assert_str_eq(name_of("~root", "/", false, 1), "%7Eroot.root.000001ms");
	ck_assert_str_eq(name_of("M-SEARCH", "/", false, 1), "M-SEARCH.root.000001ms");
	ck_assert_str_eq(name_of("A.B", "/", false, 1), "A%2EB.root.000001ms");
	ck_assert_str_eq(name_of("..", "/", false, 1), "%2E%2E.root.000001ms");
	ck_assert_str_eq(name_of("get", "/", false, 1), "get.root.000001ms");
	ck_assert_str_eq(name_of("", "/", false, 1), "_.root.000001ms");
	ck_assert_str_eq(name_of("a/b", "/", false, 1), "a%2Fb.root.000001ms");
}
END_TEST

START_TEST(test_name__time_grows)
{
	ck_assert_str_eq(name_of("GET", "/", false, 0), "GET.root.000000ms");
	ck_assert_str_eq(name_of("GET", "/", false, -5), "GET.root.000000ms");
	ck_assert_str_eq(name_of("GET", "/", false, 999999), "GET.root.999999ms");
	ck_assert_str_eq(name_of("GET", "/", false, 1000000), "GET.root.1000000ms");
}
END_TEST

/* "GET." and ".000001ms" leave the route 200 - 4 - 9 = 187 bytes. */
START_TEST(test_name__cut_at_200_bytes)
{
	char path[1001], first[400];

	memset(path, 'x', 1000);
	path[0] = '/';
	path[188] = '\0';
	ck_assert_uint_eq(strlen(path_name(path)), 200);
	ck_assert_ptr_null(strchr(path_name(path), '~'));
	path[188] = 'x';
	path[1000] = '\0';
	snprintf(first, sizeof first, "%s", path_name(path));
	ck_assert_uint_eq(strlen(first), 200);
	ck_assert_int_eq(first[200 - 9 - 17], '~');
	ck_assert_str_eq(first + 200 - 9, ".000001ms");
	ck_assert(snapshot_is_name(first));
	/* What differs behind the cut differs in the hash. */
	path[999] = 'y';
	ck_assert_str_ne(path_name(path), first);
}
END_TEST

START_TEST(test_name__cut_not_inside_an_escape)
{
	for (size_t shift = 0; shift < 3; shift++) {
		char path[400];
		const char *name, *mark;

		memset(path, 'x', shift + 1);
		path[0] = '/';
		memset(path + 1 + shift, ' ', 300);
		path[1 + shift + 300] = '\0';
		name = path_name(path);
		ck_assert_uint_le(strlen(name), 200);
		mark = strrchr(name, '~');
		ck_assert_ptr_nonnull(mark);
		ck_assert_int_eq(memcmp(mark - 3, "%20", 3), 0);
	}
}
END_TEST

START_TEST(test_name__long_method_is_cut)
{
	char method[3000], path[3000];
	const char *name;
	size_t method_len, at, len;

	memset(method, '.', sizeof method - 1);
	memset(path, '/', sizeof path - 1);
	method[sizeof method - 1] = path[sizeof path - 1] = '\0';
	name = name_of(method, path, false, INT64_MAX);
	ck_assert_uint_le(strlen(name), 200);
	/* INT64_MAX ms has 19 digits: longer than a time that is read back. */
	ck_assert(!snapshot_name_parse(name, &method_len, &at, &len, NULL));
	name = name_of(method, path, false, 999999999999999999);
	ck_assert(snapshot_name_parse(name, &method_len, &at, &len, NULL));
	ck_assert_uint_le(method_len, 64);
	ck_assert_int_eq(name[method_len - 17], '~');
}
END_TEST

START_TEST(test_name__appends)
{
	struct buf out = BUF_INIT;

	buf_adds(&out, "run/");
	snapshot_name(&out, "GET", "/", false, 1);
	ck_assert_str_eq(buf_str(&out), "run/GET.root.000001ms");
	buf_release(&out);
}
END_TEST

START_TEST(test_name__out_of_memory)
{
	/* Method, route, time and the name itself take one each. */
	for (size_t n = 1; n <= 4; n++) {
		struct buf out = BUF_INIT;

		mem_fail_at(n, false);
		snapshot_name(&out, "GET", "/a", false, 1);
		mem_fail_at(0, false);
		ck_assert(out.failed);
		buf_release(&out);
	}
}
END_TEST

static void parses(const char *name, const char *method, const char *route, int64_t ms)
{
	size_t method_len, at, len;
	int64_t got;

	ck_assert_msg(snapshot_name_parse(name, &method_len, &at, &len, &got), "%s", name);
	ck_assert_uint_eq(method_len, strlen(method));
	ck_assert_int_eq(strncmp(name, method, method_len), 0);
	ck_assert_uint_eq(len, strlen(route));
	ck_assert_int_eq(strncmp(name + at, route, len), 0);
	ck_assert_int_eq(got, ms);
}

START_TEST(test_name__parse)
{
	parses("GET.root.000738ms", "GET", "root", 738);
	parses("GET.root.000738ms.2", "GET", "root", 738);
	parses("GET.root.000738ms.1200", "GET", "root", 738);
	parses("GET.user.{id}.1002123ms", "GET", "user.{id}", 1002123);
	/* A route that looks like a time itself. */
	parses("GET.x.000001ms.000738ms", "GET", "x.000001ms", 738);
	parses("GET.x.000001ms.2.000738ms.3", "GET", "x.000001ms.2", 738);
	parses("%2Drf.%7Broot.000001ms", "%2Drf", "%7Broot", 1);
}
END_TEST

START_TEST(test_name__parse_refuses)
{
	static const char *const names[] = {
		"", ".", "..", "GET", "GET.root", "GET.000738ms", ".GET.root.000738ms",
		"GET..000738ms", "GET.root.00738ms", "GET.root.000738", "GET.root.000738ms.",
		"GET.root.000738ms.02", "GET.root.000738ms.x", "GET.root.000738msx",
		"GET.ro/ot.000738ms", "GET.ro ot.000738ms", "GET.\x1b[2J.000738ms",
		"GET.root.0000000000000000738ms", "2026-11-21_18:20:37", "GET.root.-00738ms",
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		ck_assert_msg(!snapshot_is_name(names[i]), "%s", names[i]);
}
END_TEST

START_TEST(test_name__any_bytes_make_a_name)
{
	/* Every byte alone, at the beginning, in the middle and at the end. */
	for (int c = 1; c < 256; c++) {
		char path[8], method[4];
		const char *name;

		snprintf(path, sizeof path, "/%cx%cy%c", c, c, c);
		snprintf(method, sizeof method, "%c", c);
		for (int is_template = 0; is_template < 2; is_template++) {
			name = name_of(method, path, is_template, 1);
			ck_assert_msg(snapshot_is_name(name), "%s", name);
			ck_assert_ptr_null(strstr(name, ".."));
			ck_assert_int_ne(name[0], '.');
			ck_assert_int_ne(name[0], '-');
			ck_assert_int_ne(name[0], '~');
		}
	}
}
END_TEST

UNIT_MAIN("snapshot/name", test_name__documented, test_name__root,
	  test_name__unmatched_is_nobody_elses, test_name__dots_and_slashes,
	  test_name__shell_and_bytes, test_name__method_is_any_token, test_name__time_grows,
	  test_name__cut_at_200_bytes, test_name__cut_not_inside_an_escape,
	  test_name__long_method_is_cut, test_name__appends, test_name__out_of_memory,
	  test_name__parse, test_name__parse_refuses, test_name__any_bytes_make_a_name)
