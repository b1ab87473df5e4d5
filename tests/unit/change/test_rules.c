/* The rules of documents, which stand here as JSON: the n-th key has column n, the n-th
 * value column 100 + n, all in line 1. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "change/rules.h"
#include "failing.h"
#include "format/json.h"

static struct config *convert(struct arena *arena, const struct json *j, unsigned *n)
{
	static const enum config_kind kinds[] = {
		[JSON_NULL] = CONFIG_TIME, [JSON_BOOL] = CONFIG_BOOL,
		[JSON_STRING] = CONFIG_TEXT, [JSON_ARRAY] = CONFIG_ARRAY,
		[JSON_OBJECT] = CONFIG_TABLE,
	};
	struct config *c = arena_zalloc(arena, sizeof *c), **next = &c->first;

	c->kind = j->type == JSON_NUMBER ? j->is_int ? CONFIG_INTEGER : CONFIG_FLOAT
					 : kinds[j->type];
	c->key = j->key;
	c->line = c->value_line = 1;
	c->column = (*n)++;
	c->value_column = c->column + 100;
	c->text = j->string;
	c->integer = j->integer;
	c->number = j->number;
	c->boolean = j->boolean;
	for (const struct json *i = j->first; i != NULL; i = i->next) {
		*next = convert(arena, i, n);
		next = &(*next)->next;
	}
	return c;
}

static struct config *document(struct arena *arena, const char *text)
{
	struct error err = ERROR_INIT;
	unsigned n = 0;
	const struct json *j = json_parse(arena, (struct bytes){ (const uint8_t *)text,
								 strlen(text) }, &err);

	ck_assert_msg(j != NULL, "%s", err.text);
	return convert(arena, j, &n);
}

static void check_says(const struct rules *r, const char *expected)
{
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < r->n; i++) {
		rule_text(&text, &r->rules[i]);
		buf_addc(&text, '\n');
	}
	ck_assert_str_eq(buf_str(&text), expected);
	buf_release(&text);
}

static void check_read(const char *text, const char *expected)
{
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	struct rules r;

	ck_assert_msg(rules_read(&r, document(&arena, text), "c.toml", &err) == 0, "%s: %s", text,
		      err.text);
	check_says(&r, expected);
	rules_release(&r);
	arena_release(&arena);
}

static void check_refused(const char *text, const char *expected)
{
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	struct rules r;

	ck_assert_msg(rules_read(&r, document(&arena, text), "c.toml", &err) < 0, "%s", text);
	ck_assert_int_eq(err.code, ERR_FORMAT);
	ck_assert_str_eq(err.text, expected);
	rules_release(&r);
	arena_release(&arena);
}

START_TEST(test_rules__defaults)
{
	static const char expected[] = "SQL statements: no more\n"
				       "total calls: at most 10 % more\n"
				       "wall: at most 5 % more, from 200 us on\n"
				       "cpu: at most 5 % more, from 200 us on\n";
	struct error err = ERROR_INIT;
	struct rules r;

	ck_assert_int_eq(rules_default(&r, &err), 0);
	check_says(&r, expected);
	ck_assert(r.rules[0].of->warm && !r.rules[1].of->warm);
	ck_assert_ptr_null(r.file);
	rules_release(&r);
	/* A file that only says which baseline changes no rule. */
	check_read("{\"baseline\": \"main\"}", expected);
}
END_TEST

START_TEST(test_rules__every_key)
{
	check_read("{\"rule\": [{\"sql\": 3, \"total_calls\": \"+10%\", \"allocs\": \"+5\","
		   " \"alloc_bytes\": \"8 MB\", \"new_callees\": \"deny\","
		   " \"calls\": {\"requests.*\": 0, \"app.views:show\": \"+1.5%\"},"
		   " \"wall\": \"10%\", \"cpu\": {\"worse\": \"+20%\", \"floor\": \"1ms\"}}]}",
		   "SQL statements: at most 3\n"
		   "total calls: at most 10 % more\n"
		   "allocs: at most 5 more\n"
		   "alloc_bytes: at most 8.00 MB\n"
		   "no new callees from the application\n"
		   "calls of requests.*: at most 0\n"
		   "calls of app.views:show: at most 1.5 % more\n"
		   "wall: at most 10 % more, from 200 us on\n"
		   "cpu: at most 20 % more, from 1.00 ms on\n");
	check_read("{\"rule\": [{\"new_callees\": {\"deny\": [\"requests\", \"urllib3\", \"x\"],"
		   " \"from\": \"app.*\"}}]}", "no new callees in requests, urllib3 and x from app.*\n");
	check_read("{\"rule\": [{\"new_callees\": {\"from\": \"app.*\"}}]}",
		   "no new callees from app.*\n");
}
END_TEST

/* `sqlite3.Cursor.execute = 4` without quotes is a table of tables to TOML. */
START_TEST(test_rules__dotted_names_need_no_quotes)
{
	check_read("{\"rule\": [{\"calls\": {\"sqlite3\": {\"Cursor\": {\"execute\": 4,"
		   " \"fetchone\": \"+0\"}}, \"len\": 1}}]}",
		   "calls of sqlite3.Cursor.execute: at most 4\n"
		   "calls of sqlite3.Cursor.fetchone: no more\n"
		   "calls of len: at most 1\n");
}
END_TEST

START_TEST(test_rules__unknown_keys)
{
	check_refused("{\"rule\": [{\"cals\": 3}]}",
		      "c.toml:1:3: no such key 'cals'; did you mean 'calls'?");
	check_refused("{\"rules\": []}", "c.toml:1:1: no such key 'rules'; did you mean 'rule'?");
	check_refused("{\"zzz\": 1}", "c.toml:1:1: no such key 'zzz'; there are: baseline, rule");
	check_refused("{\"sql\": 1}",
		      "c.toml:1:1: 'sql' belongs to a rule: write [[rule]] on a line above it");
	check_refused("{\"rule\": [{\"wall\": {\"worse\": \"5%\", \"flor\": \"1ms\"}}]}",
		      "c.toml:1:5: no such key 'flor'; did you mean 'floor'?");
	check_refused("{\"rule\": [{\"new_callees\": {\"form\": \"a\"}}]}",
		      "c.toml:1:4: no such key 'form'; did you mean 'from'?");
}
END_TEST

START_TEST(test_rules__wrong_values)
{
	static const char *const limits[] = { "true", "-1", "1.5", "\"\"", "\"+\"", "\"+-3\"",
					      "\"ten\"", "\"+10%%\"", "\"3 MB\"", "\"1e3\"", "null",
					      "\".5\"", "\"1.2.3\"", "[1]" };
	char text[200];

	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
		snprintf(text, sizeof text, "{\"rule\": [{\"sql\": %s}]}", limits[i]);
		check_refused(text, "c.toml:1:103: 'sql' is a number (3), or how many more than "
				    "the baseline's (\"+3\", \"+10%\")");
	}
	check_refused("{\"rule\": [{\"alloc_bytes\": \"8 parsecs\"}]}",
		      "c.toml:1:103: 'alloc_bytes' is a size (\"8 MB\"), or how much more than the "
		      "baseline's (\"+100 kB\", \"+10%\")");
	check_refused("{\"rule\": [{\"wall\": \"+3\"}]}",
		      "c.toml:1:103: 'wall' is a percentage, \"10%\"");
	check_refused("{\"rule\": [{\"wall\": {\"floor\": \"1ms\"}}]}",
		      "c.toml:1:103: 'wall' is how much worse it may get: \"10%\", or "
		      "{ worse = \"10%\", floor = \"1 ms\" }");
	check_refused("{\"rule\": [{\"wall\": 3}]}",
		      "c.toml:1:103: 'wall' is how much worse it may get: \"10%\", or "
		      "{ worse = \"10%\", floor = \"1 ms\" }");
	check_refused("{\"rule\": [{\"cpu\": {\"worse\": \"5%\", \"floor\": \"5\"}}]}",
		      "c.toml:1:105: 'floor' is a time, \"1 ms\" (ns, us, ms, s)");
	check_refused("{\"rule\": [{\"warm\": \"yes\", \"sql\": 1}]}",
		      "c.toml:1:103: 'warm' is true or false");
	check_refused("{\"rule\": [{\"calls\": 3}]}",
		      "c.toml:1:103: 'calls' is a table of functions, { \"app.views:show\" = 3 }; of "
		      "all there is 'total_calls'");
	check_refused("{\"rule\": [{\"new_callees\": \"allow\"}]}",
		      "c.toml:1:103: 'new_callees' is \"deny\", or { deny = \"requests\", "
		      "from = \"app.views\" }");
	check_refused("{\"rule\": [{\"route\": \"GET /\"}]}",
		      "c.toml:1:102: a rule that judges nothing; give it one of calls, total_calls, "
		      "sql, new_callees, allocs, alloc_bytes, wall, cpu");
	check_refused("{\"rule\": {\"sql\": 1}}", "c.toml:1:101: rules stand under [[rule]] each");
	check_refused("{\"rule\": [3]}", "c.toml:1:101: rules stand under [[rule]] each");
	check_refused("{\"baseline\": 3}", "c.toml:1:101: 'baseline' is a text, in quotes");
}
END_TEST

START_TEST(test_rules__bad_patterns)
{
	check_refused("{\"rule\": [{\"route\": \"user\", \"sql\": 1}]}",
		      "c.toml:1:103: 'user' is no request; they look like \"GET /user/{id}\", "
		      "\"/user/*\", \"* *\"");
	check_refused("{\"rule\": [{\"route\": [], \"sql\": 1}]}",
		      "c.toml:1:103: 'route' is an empty list");
	check_refused("{\"rule\": [{\"label\": [\"a\", 3], \"sql\": 1}]}",
		      "c.toml:1:105: 'label' is a text, in quotes, or a list of such");
	check_refused("{\"rule\": [{\"calls\": {\"app.[a\": 3}}]}",
		      "c.toml:1:4: pattern 'app.[a': '[' without ']'");
	check_refused("{\"rule\": [{\"new_callees\": {\"deny\": \"[\"}}]}",
		      "c.toml:1:104: pattern '[': '[' without ']'");
}
END_TEST

START_TEST(test_rules__which_requests)
{
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	struct rules r;
	struct summary_group user = { .method = "GET", .route = "/user/{id}" };
	struct summary_group test = { .method = "POST", .route = "/cart",
				      .label = "tests/t.py::test_buy[1]" };

	ck_assert_int_eq(rules_read(&r, document(&arena,
		"{\"rule\": ["
		"{\"sql\": 1},"
		"{\"sql\": 1, \"route\": [\"GET /user/<int:id>\", \"/nothing\"]},"
		"{\"sql\": 1, \"route\": \"*\", \"label\": \"tests/t.py::*\"},"
		"{\"sql\": 1, \"label\": \"tests/t.py::test_buy[1]\"}]}"), "c.toml", &err), 0);
	ck_assert(rule_is_about(&r.rules[0], &user) && rule_is_about(&r.rules[0], &test));
	ck_assert(rule_is_about(&r.rules[1], &user) && !rule_is_about(&r.rules[1], &test));
	ck_assert(!rule_is_about(&r.rules[2], &user) && rule_is_about(&r.rules[2], &test));
	ck_assert(!rule_is_about(&r.rules[3], &user) && rule_is_about(&r.rules[3], &test));
	rules_release(&r);
	arena_release(&arena);
}
END_TEST

static void check_limit(const char *text, double before, double most)
{
	struct limit l;

	ck_assert(limit_parse(&l, text, true));
	ck_assert_msg(!limit_is_exceeded(&l, before, most), "%s", text);
	ck_assert_msg(limit_is_exceeded(&l, before, most + 1), "%s", text);
}

START_TEST(test_rules__limits)
{
	check_limit("3", 100, 3);
	check_limit("2 kB", 0, 2000);
	check_limit("1 KiB", 0, 1024);
	check_limit("+3", 100, 103);
	check_limit("+10%", 100, 110);
	check_limit("10 %", 30, 33);
	check_limit("+0", 7, 7);
	check_limit("+10%", 0, 0);
}
END_TEST

static int read_one(void *arg, struct error *err)
{
	struct rules r;
	int rc = rules_read(&r, arg, "c.toml", err);

	rules_release(&r);
	return rc;
}

START_TEST(test_rules__out_of_memory)
{
	struct arena arena = ARENA_INIT;

	fail_each_allocation(read_one, document(&arena,
		"{\"baseline\": \"main\", \"rule\": [{\"route\": [\"GET /<int:id>\"],"
		" \"calls\": {\"a\": {\"b\": 1}}, \"new_callees\": {\"deny\": [\"x\", \"y\"]}}]}"));
	arena_release(&arena);
}
END_TEST

UNIT_MAIN("change/rules",
	  test_rules__defaults,
	  test_rules__every_key,
	  test_rules__dotted_names_need_no_quotes,
	  test_rules__unknown_keys,
	  test_rules__wrong_values,
	  test_rules__bad_patterns,
	  test_rules__which_requests,
	  test_rules__limits,
	  test_rules__out_of_memory)
