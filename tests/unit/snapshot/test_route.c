#include <string.h>

#include "base/mem.h"
#include "snapshot/name.h"
#include "unit.h"

static void becomes(const char *rule, const char *want)
{
	struct buf out = BUF_INIT;

	route_normalise(&out, rule);
	ck_assert_msg(strcmp(buf_str(&out), want) == 0, "%s: %s, not %s", rule, buf_str(&out),
		      want);
	buf_release(&out);
}

START_TEST(test_route__flask)
{
	becomes("/", "/");
	becomes("/user/<id>", "/user/{id}");
	becomes("/user/<int:id>", "/user/{id}");
	becomes("/user/<int(min=1, max=9):id>/x", "/user/{id}/x");
	becomes("/<any(\"a:b\", 'c>d', e):which>/", "/{which}/");
	becomes("/<path:rest>", "/{rest}");
	becomes("/<slug:int>", "/{int}");
	becomes("/<mine:post>", "/{post}");
	becomes("/<a>-<int:b>.<c>", "/{a}-{b}.{c}");
	becomes("/static/<path:filename>", "/static/{filename}");
}
END_TEST

START_TEST(test_route__bottle)
{
	becomes("/user/<id:int>", "/user/{id}");
	becomes("/<name:re:[a-z]+>/x", "/{name}/x");
	becomes("/<name:re:a\\>b>/x", "/{name}/x");
	becomes("/<file:path>", "/{file}");
	becomes("/<x:mine:conf>", "/{x}");
	becomes("/user/:id/x", "/user/{id}/x");
	becomes("/user/:id#[0-9]+#/x", "/user/{id}/x");
	becomes("/v1/items:batchGet", "/v1/items:batchGet");
}
END_TEST

START_TEST(test_route__django)
{
	becomes("", "/");
	becomes("user/<int:id>/", "/user/{id}/");
	becomes("^$", "/");
	becomes("^user/(?P<id>[0-9]{4})/$", "/user/{id}/");
	becomes("api/^user/(?P<id>\\d+)/(?P<kind>a|(b|c))/?$", "/api/user/{id}/{kind}/");
	becomes("^user/([0-9]+)/(\\w+)$", "/user/{1}/{2}");
	becomes("^(?:page-(?P<n>[^)]+)/)?list\\.html\\Z", "/page-{n}/list.html");
	becomes("^a(?=b)(?!c)x$", "/ax");
	becomes("^x/(?P<n>[\\])]+)$", "/x/{n}");
	becomes("v<int:v>/^x/(?P<n>.*)$", "/v{v}/x/{n}");
}
END_TEST

START_TEST(test_route__pyramid_and_starlette)
{
	becomes("/user/{id}", "/user/{id}");
	becomes("/user/{id:\\d{4}}/x", "/user/{id}/x");
	becomes("user/{id:int}", "/user/{id}");
	becomes("/files/*rest", "/files/{rest}");
	becomes("/a*b", "/a*b");
}
END_TEST

START_TEST(test_route__unmatched_stays)
{
	becomes("{unmatched}", "{unmatched}");
	becomes("/<unmatched>", "/{unmatched}");
}
END_TEST

START_TEST(test_route__unclosed_is_text)
{
	becomes("/a<b", "/a<b");
	becomes("/a{b", "/a{b");
	becomes("^a(b", "/a(b");
	becomes("^a[b", "/a[b");
	becomes("^a\\", "/a\\");
	becomes("/<x:re:(>", "/<x:re:(>");
	becomes("/:", "/:");
	becomes("/<>", "/{}");
}
END_TEST

START_TEST(test_route__out_of_memory)
{
	for (size_t n = 1; n < 3; n++) {
		struct buf out = BUF_INIT;

		mem_fail_at(n, false);
		route_normalise(&out, "/user/<int:id>");
		mem_fail_at(0, false);
		ck_assert(out.failed);
		buf_release(&out);
	}
}
END_TEST

UNIT_MAIN("snapshot/route", test_route__flask, test_route__bottle, test_route__django,
	  test_route__pyramid_and_starlette, test_route__unmatched_stays,
	  test_route__unclosed_is_text, test_route__out_of_memory)
