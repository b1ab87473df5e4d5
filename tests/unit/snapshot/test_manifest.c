#include "snapshot/manifest.h"

#include <string.h>

#include "format/json.h"
#include "scratch.h"

static struct bytes bytes_of(const char *s)
{
	struct bytes b = { (const uint8_t *)s, strlen(s) };

	return b;
}

static void same_manifest(const struct manifest *a, const struct manifest *b)
{
	ck_assert_str_eq(a->method, b->method);
	ck_assert_str_eq(a->route, b->route);
	ck_assert_int_eq(a->route_is_template, b->route_is_template);
	ck_assert_str_eq(a->path, b->path);
	ck_assert_pstr_eq(a->status, b->status);
	ck_assert_pstr_eq(a->label, b->label);
	ck_assert_uint_eq(a->ordinal, b->ordinal);
	ck_assert_int_eq(a->start_ns, b->start_ns);
	ck_assert_int_eq(a->wall_ns, b->wall_ns);
	ck_assert_int_eq(a->cpu_ns, b->cpu_ns);
	ck_assert_uint_eq(a->bytes_sent, b->bytes_sent);
	ck_assert_int_eq(a->bytes_known, b->bytes_known);
	ck_assert_int_eq(a->pid, b->pid);
	ck_assert_uint_eq(a->thread, b->thread);
	ck_assert_uint_eq(a->served_before, b->served_before);
	ck_assert_str_eq(a->host, b->host);
	ck_assert_str_eq(a->python, b->python);
	ck_assert_str_eq(a->implementation, b->implementation);
	ck_assert_str_eq(a->cprof, b->cprof);
	ck_assert_str_eq(a->mode, b->mode);
	ck_assert_str_eq(a->engine, b->engine);
	ck_assert_uint_eq(a->events, b->events);
	ck_assert_uint_eq(a->lost, b->lost);
	ck_assert_uint_eq(a->folded, b->folded);
	ck_assert_int_eq(a->interrupted, b->interrupted);
	ck_assert_uint_eq(a->followed_lost, b->followed_lost);
	ck_assert_uint_eq(a->nfollowed, b->nfollowed);
	for (size_t i = 0; i < a->nfollowed; i++) {
		ck_assert_str_eq(a->followed[i].kind, b->followed[i].kind);
		ck_assert_int_eq(a->followed[i].wall_ns, b->followed[i].wall_ns);
		ck_assert_int_eq(a->followed[i].cpu_ns, b->followed[i].cpu_ns);
		ck_assert_uint_eq(a->followed[i].events, b->followed[i].events);
		ck_assert_int_eq(a->followed[i].cut, b->followed[i].cut);
	}
	ck_assert_str_eq(a->ended, b->ended);
	ck_assert_pstr_eq(a->exception, b->exception);
	ck_assert_pstr_eq(a->git.commit, b->git.commit);
	ck_assert_pstr_eq(a->git.branch, b->git.branch);
	ck_assert_int_eq(a->git.dirty, b->git.dirty);
	ck_assert_pstr_eq(a->git.author_date, b->git.author_date);
	ck_assert_pstr_eq(a->git.subject, b->git.subject);
	ck_assert_pstr_eq(a->git.tagged_at, b->git.tagged_at);
	ck_assert_pstr_eq(a->git.worktree, b->git.worktree);
}

static void round_trip(const struct manifest *m)
{
	struct buf once = BUF_INIT, twice = BUF_INIT;
	struct error err = ERROR_INIT;
	struct manifest back;

	ck_assert_int_eq(manifest_write(&once, m, &err), 0);
	ck_assert_msg(manifest_read(&back, buf_bytes(&once), &err) == 0, "%s", err.text);
	same_manifest(&back, m);
	/* Nothing is lost, doubled or moved when it is written again. */
	ck_assert_int_eq(manifest_write(&twice, &back, &err), 0);
	ck_assert_str_eq(buf_str(&twice), buf_str(&once));
	manifest_release(&back);
	buf_release(&once);
	buf_release(&twice);
}

START_TEST(test_manifest__round_trip)
{
	struct manifest m = small_manifest();
	struct manifest_followed followed[] = { { "job", 2000000003, 1999999999, 52, false },
						{ "thread", 5, -1, 0, true } };

	round_trip(&m);
	m.followed = followed;
	m.nfollowed = 2;
	m.followed_lost = 9;
	round_trip(&m);
	m.status = NULL;
	m.cpu_ns = -1;
	m.bytes_known = false;
	m.bytes_sent = 0;
	m.interrupted = true;
	m.lost = 3;
	m.folded = 4;
	m.exception = "builtins.ValueError";
	m.path = "/\xC3\xA9\"\\\n";
	m.route_is_template = false;
	round_trip(&m);
	m.git = (struct manifest_git){ "0123456789abcdef0123456789abcdef01234567", "main", 1,
				       "2026-11-21T18:20:37+01:00", "Add it", "2026-11-21T19:00:00+01:00",
				       "/srv/shop" };
	round_trip(&m);
	m.git.branch = NULL;
	m.git.dirty = -1;
	round_trip(&m);
	m.label = "tests/test_\xC3\xA9.py::test_show[\"7\"\\\n]";
	round_trip(&m);
	m.ordinal = 3;
	round_trip(&m);
}
END_TEST

/* A nanosecond more or less stays one, for a request of nothing and of days. */
START_TEST(test_manifest__durations_are_exact)
{
	static const int64_t ns[] = { 0, 1, 999, 1000000001, 86400000000001, 8640000000000007 };

	for (size_t i = 0; i < sizeof ns / sizeof ns[0]; i++) {
		struct manifest m = small_manifest();

		m.wall_ns = m.cpu_ns = ns[i];
		round_trip(&m);
	}
}
END_TEST

START_TEST(test_manifest__unknown_members_survive)
{
	static const char text[] =
		"{\"schema\": 7, \"method\": \"GET\", \"route\": \"/\","
		" \"start\": \"2026-11-21T18:20:37Z\", \"spans\": [1, {\"a\": null}],"
		" \"git\": {\"commit\": \"0123456789abcdef0123456789abcdef01234567\","
		" \"remote\": \"origin\", \"dirty\": true}}";
	struct error err = ERROR_INIT;
	struct arena arena = ARENA_INIT;
	struct buf out = BUF_INIT;
	struct manifest m;
	const struct json *doc, *git;

	ck_assert_msg(manifest_read(&m, bytes_of(text), &err) == 0, "%s", err.text);
	ck_assert_int_eq(m.schema, 7);
	ck_assert_int_eq(m.git.dirty, 1);
	m.git.branch = "main";
	ck_assert_int_eq(manifest_write(&out, &m, &err), 0);
	doc = json_parse(&arena, buf_bytes(&out), &err);
	ck_assert_ptr_nonnull(doc);
	ck_assert_int_eq(json_int(doc, "schema", 0), 7);
	ck_assert_int_eq(json_get(doc, "spans")->first->integer, 1);
	ck_assert_int_eq(json_get(json_get(doc, "spans")->first->next, "a")->type, JSON_NULL);
	git = json_get(doc, "git");
	ck_assert_str_eq(json_str(git, "remote", ""), "origin");
	ck_assert_str_eq(json_str(git, "branch", ""), "main");
	ck_assert(json_bool(git, "dirty", false));
	manifest_release(&m);
	arena_release(&arena);
	buf_release(&out);
}
END_TEST

START_TEST(test_manifest__least)
{
	static const char text[] = "{\"schema\":1,\"method\":\"GET\",\"route\":\"/\","
				   "\"start\":\"1970-01-01T00:00:01Z\"}";
	struct error err = ERROR_INIT;
	struct manifest m;

	ck_assert_int_eq(manifest_read(&m, bytes_of(text), &err), 0);
	ck_assert_int_eq(m.start_ns, 1000000000);
	ck_assert_str_eq(m.path, "");
	ck_assert_str_eq(m.ended, "");
	ck_assert_ptr_null(m.status);
	ck_assert_ptr_null(m.label);
	ck_assert_uint_eq(m.ordinal, 0);
	ck_assert_ptr_null(m.git.commit);
	ck_assert_int_eq(m.git.dirty, -1);
	ck_assert_int_eq(m.cpu_ns, -1);
	ck_assert(!m.bytes_known);
	manifest_release(&m);
}
END_TEST

START_TEST(test_manifest__hostile_values)
{
	static const char text[] =
		"{\"schema\":1,\"method\":\"GET\",\"route\":\"/\",\"path\":[],"
		"\"start\":\"1970-01-01T00:00:01Z\",\"wall_seconds\":1e308,\"cpu_seconds\":-1e308,"
		"\"bytes_sent\":-4,\"pid\":99999999999,\"thread\":-1,\"events\":1.5,\"host\":null,"
		"\"git\":{\"commit\":\"--upload-pack=x\",\"branch\":7},"
		"\"label\":\"\",\"ordinal\":5}";
	struct error err = ERROR_INIT;
	struct manifest m;

	ck_assert_int_eq(manifest_read(&m, bytes_of(text), &err), 0);
	ck_assert_int_eq(m.wall_ns, 0);
	ck_assert_int_eq(m.cpu_ns, -1);
	ck_assert(!m.bytes_known);
	ck_assert_int_eq(m.pid, 0);
	ck_assert_uint_eq(m.thread, 0);
	ck_assert_uint_eq(m.events, 0);
	ck_assert_str_eq(m.host, "");
	ck_assert_str_eq(m.path, "");
	ck_assert_ptr_null(m.label);
	ck_assert_uint_eq(m.ordinal, 0);
	ck_assert_ptr_null(m.git.commit);
	manifest_release(&m);
}
END_TEST

/* Neither is written without the other's sense, and what is neither is not kept. */
START_TEST(test_manifest__label)
{
	static const char head[] = "{\"schema\":1,\"method\":\"GET\",\"route\":\"/\","
				   "\"start\":\"1970-01-01T00:00:01Z\",";
	static const struct {
		const char *rest, *label;
		uint64_t ordinal;
	} cases[] = {
		{ "\"label\":\"t\",\"ordinal\":2}", "t", 2 },
		{ "\"label\":\"t\",\"ordinal\":null}", "t", 0 },
		{ "\"label\":\"t\",\"ordinal\":-2}", "t", 0 },
		{ "\"label\":\"t\"}", "t", 0 },
		{ "\"label\":null,\"ordinal\":2}", NULL, 0 },
		{ "\"label\":[\"t\"],\"ordinal\":\"2\"}", NULL, 0 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct error err = ERROR_INIT;
		struct buf text = BUF_INIT;
		struct manifest m;

		buf_printf(&text, "%s%s", head, cases[i].rest);
		ck_assert_int_eq(manifest_read(&m, buf_bytes(&text), &err), 0);
		ck_assert_pstr_eq(m.label, cases[i].label);
		ck_assert_uint_eq(m.ordinal, cases[i].ordinal);
		buf_clear(&text);
		ck_assert_int_eq(manifest_write(&text, &m, &err), 0);
		ck_assert_int_eq(strstr(buf_str(&text), "\"label\"") != NULL,
				 cases[i].label != NULL);
		ck_assert_int_eq(strstr(buf_str(&text), "\"ordinal\"") != NULL,
				 cases[i].label != NULL);
		manifest_release(&m);
		buf_release(&text);
	}
}
END_TEST

START_TEST(test_manifest__refuses)
{
	static const char *const wrong[] = {
		"", "[]", "{}", "nonsense", "{\"schema\":\"1\"}", "{\"schema\":0}",
		"{\"schema\":1,\"route\":\"/\",\"start\":\"1970-01-01T00:00:01Z\"}",
		"{\"schema\":1,\"method\":\"GET\",\"start\":\"1970-01-01T00:00:01Z\"}",
		"{\"schema\":1,\"method\":\"GET\",\"route\":\"/\"}",
		"{\"schema\":1,\"method\":\"GET\",\"route\":\"/\",\"start\":\"x\"}",
	};

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct error err = ERROR_INIT;
		struct manifest m;

		ck_assert_msg(manifest_read(&m, bytes_of(wrong[i]), &err) < 0, "%s", wrong[i]);
		ck_assert_int_eq(err.code, ERR_FORMAT);
		ck_assert_str_ne(err.text, "");
	}
}
END_TEST

START_TEST(test_manifest__out_of_memory)
{
	struct manifest m = small_manifest(), back;
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT;
	int rc = -1;

	for (size_t n = 1; rc < 0; n++) {
		buf_release(&out);
		mem_fail_at(n, true);
		rc = manifest_write(&out, &m, &err);
		mem_fail_at(0, false);
		ck_assert_int_eq(rc < 0 ? err.code : ERR_NOMEM, ERR_NOMEM);
		ck_assert_uint_lt(n, 1000);
	}
	rc = -1;
	for (size_t n = 1; rc < 0; n++) {
		mem_fail_at(n, true);
		rc = manifest_read(&back, buf_bytes(&out), &err);
		mem_fail_at(0, false);
		ck_assert_int_eq(rc < 0 ? err.code : ERR_NOMEM, ERR_NOMEM);
		ck_assert_uint_lt(n, 1000);
	}
	manifest_release(&back);
	buf_release(&out);
}
END_TEST

UNIT_MAIN("snapshot/manifest", test_manifest__round_trip, test_manifest__durations_are_exact,
	  test_manifest__unknown_members_survive, test_manifest__least,
	  test_manifest__hostile_values, test_manifest__label, test_manifest__refuses, test_manifest__out_of_memory)
