/* JSON and CSV, which are only written. */
#include <string.h>

#include "failing.h"
#include "format/csv.h"
#include "format/profile_json.h"
#include "sample.h"
#include "unit.h"

static const struct format_info info = { .command = "GET /" };

static struct profile *small(void)
{
	struct profile *p = sample_new();
	uint32_t node = sample_calls(p, 0, sample_function(p, "a,b.py", 3, "f", "A.f"), 2, 30);

	sample_calls(p, node, sample_function(p, "~", 0, "<a \"quoted\"\x1b name>", NULL), 9, 70);
	return p;
}

static void assert_written(const struct profile *p,
			   int (*write)(struct buf *, const struct profile *,
					const struct format_info *, struct error *),
			   const char *want)
{
	struct buf out = BUF_INIT;
	struct error err;

	ck_assert_int_eq(write(&out, p, &info, &err), 0);
	ck_assert_str_eq(buf_str(&out), want);
	buf_release(&out);
}

START_TEST(test_outputs__csv)
{
	struct profile *p = small();

	assert_written(p, csv_write,
		       "file,line,name,qualname,calls,primitive_calls,wall_self,wall_cum\n"
		       "\"a,b.py\",3,f,A.f,2,2,30,100\n"
		       "~,0,\"<a \"\"quoted\"\"\\x1b name>\",\"<a \"\"quoted\"\"\\x1b name>\",9,9,70,70\n");
	profile_free(p);
	p = sample_new();
	p->sampled = true;
	sample_calls(p, 0, sample_function(p, "a.py", 3, "f", NULL), 0, 30);
	assert_written(p, csv_write,
		       "file,line,name,qualname,calls,primitive_calls,wall_self,wall_cum\n"
		       "a.py,3,f,f,,,30,30\n");
	profile_free(p);
}
END_TEST

START_TEST(test_outputs__json)
{
	struct profile *p = small(), *flat;

	assert_written(p, profile_json_write,
		       "{\"schema\": 1, \"creator\": \"cprof 0.1.0\", \"command\": \"GET /\",\n"
		       "\"sampled\": false, \"lost\": 0, \"folded\": 0,\n"
		       "\"metrics\": [{\"name\": \"wall\", \"unit\": \"nanoseconds\"}],\n"
		       "\"functions\": [\n"
		       "{\"file\": \"a,b.py\", \"line\": 3, \"name\": \"f\", \"qualname\": \"A.f\", "
		       "\"calls\": 2, \"primitive_calls\": 2, \"self\": [30], \"cum\": [100]},\n"
		       "{\"file\": \"~\", \"line\": 0, \"name\": \"<a \\\"quoted\\\"\\u001b name>\", "
		       "\"qualname\": \"<a \\\"quoted\\\"\\u001b name>\", "
		       "\"calls\": 9, \"primitive_calls\": 9, \"self\": [70], \"cum\": [70]}],\n"
		       "\"arcs\": [\n"
		       "{\"caller\": 0, \"callee\": 1, \"calls\": 9, \"primitive_calls\": 9, "
		       "\"self\": [70], \"cum\": [70]}],\n"
		       "\"tree\": [\n"
		       "{\"parent\": null, \"function\": null, \"calls\": null, \"cum\": [100]},\n"
		       "{\"parent\": 0, \"function\": 0, \"calls\": 2, \"cum\": [100]},\n"
		       "{\"parent\": 1, \"function\": 1, \"calls\": 9, \"cum\": [70]}]}\n");
	flat = profile_new();
	flat->sampled = true;
	profile_add_metric(flat, "wall", "nanoseconds");
	profile_function(flat, "a.py", 1, "f", NULL);
	ck_assert_int_eq(table_resize(&flat->table, 1), 0);
	assert_written(flat, profile_json_write,
		       "{\"schema\": 1, \"creator\": \"cprof 0.1.0\", \"command\": \"GET /\",\n"
		       "\"sampled\": true, \"lost\": 0, \"folded\": 0,\n"
		       "\"metrics\": [{\"name\": \"wall\", \"unit\": \"nanoseconds\"}],\n"
		       "\"functions\": [\n"
		       "{\"file\": \"a.py\", \"line\": 1, \"name\": \"f\", \"qualname\": \"f\", "
		       "\"calls\": null, \"primitive_calls\": null, \"self\": [0], \"cum\": [0]}],\n"
		       "\"arcs\": [],\n\"tree\": null}\n");
	profile_free(flat);
	profile_free(p);
}
END_TEST

static int write_both(void *arg, struct error *err)
{
	struct buf out = BUF_INIT;
	int rc = csv_write(&out, arg, &info, err);

	if (rc == 0)
		rc = profile_json_write(&out, arg, &info, err);
	buf_release(&out);
	return rc;
}

START_TEST(test_outputs__without_memory)
{
	struct profile *p = sample_random(4, 30, 100);

	ck_assert_uint_gt(fail_each_allocation(write_both, p), 15);
	profile_free(p);
}
END_TEST

UNIT_MAIN("format/outputs",
	  test_outputs__csv,
	  test_outputs__json,
	  test_outputs__without_memory)
