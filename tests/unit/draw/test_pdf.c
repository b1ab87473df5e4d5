#include "draw/page/pdf.h"

#include "draw/page/find.h"
#include "failing.h"
#include "leaks.h"
#include "sample.h"
#include "unit.h"

static int draw(struct buf *out, const struct profile *p, struct error *err)
{
	struct picture_options o = PICTURE_OPTIONS_INIT;

	o.format = &picture_pdf;
	o.find_font = find_font;
	return picture_draw(out, p, NULL, &o, err);
}

static int run(void *arg, struct error *err)
{
	struct buf out = BUF_INIT;
	int rc = draw(&out, arg, err);

	buf_release(&out);
	return rc;
}

/* Of letters from several fonts. */
static struct profile *made(void)
{
	struct profile *p = sample_new();
	uint32_t top = sample_calls(p, 0, sample_function(p, "a.py", 1, "main", NULL), 1, 10);

	sample_calls(p, top, sample_function(p, "b.py", 1, "\xe4\xb8\xad\xc4\x80z", NULL), 2, 30);
	return p;
}

START_TEST(test_pdf__the_same_each_time)
{
	struct buf once = BUF_INIT, again = BUF_INIT;
	struct error err = ERROR_INIT;
	struct profile *p = made();

	ck_assert_msg(draw(&once, p, &err) == 0, "%s", err.text);
	ck_assert_int_eq(strncmp(buf_str(&once), "%PDF-", 5), 0);
	ck_assert_ptr_nonnull(memmem(once.data, once.len, "%%EOF", 5));
	ck_assert_int_eq(draw(&again, p, &err), 0);
	ck_assert_uint_eq(once.len, again.len);
	ck_assert_mem_eq(once.data, again.data, once.len);
	buf_release(&once);
	buf_release(&again);
	profile_free(p);
}
END_TEST

START_TEST(test_pdf__out_of_memory)
{
	struct profile *p = made();

	ck_assert_uint_gt(fail_each_allocation(run, p), 30);
	profile_free(p);
}
END_TEST

UNIT_MAIN("draw/pdf", test_pdf__the_same_each_time, test_pdf__out_of_memory)
