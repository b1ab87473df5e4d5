#include "format/pprof_raw.h"

#include "base/mem.h"
#include "format/pprof_fields.h"
#include "format/proto.h"

/* Rows of a file of any size may take so much. */
enum { SIZE_MIN = 20 << 20 };

int pprof_bad(struct error *err, size_t offset, const char *what)
{
	return error_set(err, ERR_FORMAT, "not a pprof file: byte %zu: %s", offset, what);
}

int pprof_push(uint64_t **array, size_t *n, size_t *cap, uint64_t value, struct error *err)
{
	uint64_t *grown = mem_grow(*array, cap, *n + 1, sizeof *grown);

	if (grown == NULL)
		return error_nomem(err);
	*array = grown;
	grown[(*n)++] = value;
	return 0;
}

static uint32_t narrow(uint64_t n)
{
	return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

static int scan_text(struct pprof_raw *r, const struct proto *in, const struct proto_field *f)
{
	struct pprof_text *grown = mem_grow(r->texts, &r->texts_cap, r->ntexts + 1, sizeof *grown);

	if (grown == NULL)
		return error_nomem(in->err);
	r->texts = grown;
	grown[r->ntexts++] = (struct pprof_text){ (uint32_t)f->offset, (uint32_t)f->bytes.len, NULL };
	return 0;
}

static int scan_type(struct pprof_raw *r, struct proto in)
{
	struct pprof_type *t = &r->types[r->ntypes];
	struct proto_field f;
	int rc;

	if (r->ntypes == PPROF_MAX_TYPES)
		return pprof_bad(in.err, in.offset, "more kinds of values than cprof can hold");
	*t = (struct pprof_type){ .scale = 1 };
	while ((rc = proto_next(&in, &f)) > 0) {
		if (f.number == VALUE_TYPE_TYPE)
			t->type = f.value;
		else if (f.number == VALUE_TYPE_UNIT)
			t->unit = f.value;
	}
	r->ntypes++;
	return rc;
}

static int scan_function(struct pprof_raw *r, struct proto in)
{
	struct pprof_function *grown = mem_grow(r->functions, &r->functions_cap, r->nfunctions + 1,
					      sizeof *grown);
	struct pprof_function *to;
	struct proto_field f;
	int rc;

	if (grown == NULL)
		return error_nomem(in.err);
	r->functions = grown;
	to = &grown[r->nfunctions++];
	*to = (struct pprof_function){ .offset = (uint32_t)in.offset };
	while ((rc = proto_next(&in, &f)) > 0) {
		switch (f.number) {
		case FUNCTION_ID:
			to->id = f.value;
			break;
		case FUNCTION_NAME:
			to->name = narrow(f.value);
			break;
		case FUNCTION_SYSTEM_NAME:
			to->system_name = narrow(f.value);
			break;
		case FUNCTION_FILENAME:
			to->file = narrow(f.value);
			break;
		case FUNCTION_START_LINE:
			to->line = narrow(f.value);
			break;
		}
	}
	return rc;
}

static int scan_line(struct pprof_raw *r, struct proto in)
{
	struct proto_field f;
	uint64_t function = 0;
	int rc;

	while ((rc = proto_next(&in, &f)) > 0)
		if (f.number == LINE_FUNCTION_ID)
			function = f.value;
	return rc < 0 ? rc : pprof_push(&r->lines, &r->nlines, &r->lines_cap, function, in.err);
}

static int scan_location(struct pprof_raw *r, struct proto in)
{
	struct pprof_location *grown = mem_grow(r->locations, &r->locations_cap, r->nlocations + 1,
					      sizeof *grown);
	struct pprof_location *to;
	struct proto_field f;
	int rc;

	if (grown == NULL)
		return error_nomem(in.err);
	r->locations = grown;
	to = &grown[r->nlocations++];
	*to = (struct pprof_location){ .offset = (uint32_t)in.offset,
				       .first_line = (uint32_t)r->nlines };
	while ((rc = proto_next(&in, &f)) > 0) {
		if (f.number == LOCATION_ID)
			to->id = f.value;
		else if (f.number == LOCATION_ADDRESS)
			to->address = f.value;
		else if (f.number == LOCATION_LINE && f.is_bytes &&
			 scan_line(r, proto_inside(&in, &f)) < 0)
			return -1;
	}
	to->nlines = (uint32_t)r->nlines - to->first_line;
	return rc;
}

static int scan_comments(struct pprof_raw *r, const struct proto *in, const struct proto_field *f)
{
	struct proto_numbers n;
	uint64_t value;
	int rc;

	proto_numbers_begin(&n, in, f);
	while ((rc = proto_numbers_next(&n, &value)) > 0)
		if (pprof_push(&r->comments, &r->ncomments, &r->comments_cap, value, in->err) < 0)
			return -1;
	return rc;
}

static int scan_field(struct pprof_raw *r, const struct proto *in, const struct proto_field *f)
{
	if (f->number == PROFILE_COMMENT)
		return scan_comments(r, in, f);
	if (f->number == PROFILE_DEFAULT_SAMPLE_TYPE)
		r->default_type = f->value;
	if (f->number == PROFILE_SAMPLE_TYPE || f->number == PROFILE_SAMPLE ||
	    f->number == PROFILE_LOCATION || f->number == PROFILE_FUNCTION ||
	    f->number == PROFILE_STRING_TABLE) {
		if (!f->is_bytes)
			return pprof_bad(in->err, f->offset, "a number where a message should be");
	}
	switch (f->number) {
	case PROFILE_SAMPLE_TYPE:
		return scan_type(r, proto_inside(in, f));
	case PROFILE_LOCATION:
		return scan_location(r, proto_inside(in, f));
	case PROFILE_FUNCTION:
		return scan_function(r, proto_inside(in, f));
	case PROFILE_STRING_TABLE:
		return scan_text(r, in, f);
	default:
		return 0;
	}
}

size_t pprof_raw_size(const struct pprof_raw *r)
{
	return r->ntexts * sizeof *r->texts + r->nfunctions * sizeof *r->functions +
	       r->nlocations * sizeof *r->locations + r->nlines * sizeof *r->lines +
	       r->ncomments * sizeof *r->comments;
}

int pprof_scan(struct pprof_raw *r, struct bytes bytes, struct error *err)
{
	struct proto in = proto_whole(bytes, err);
	struct proto_field f;
	int rc;

	for (size_t at = 0; (rc = proto_next(&in, &f)) > 0; at = in.at) {
		if (scan_field(r, &in, &f) < 0)
			return -1;
		if (f.number == PROFILE_SAMPLE) {
			r->samples = r->samples_end == 0 ? at : r->samples;
			r->samples_end = in.at;
			continue;
		}
		if (pprof_raw_size(r) > SIZE_MIN + bytes.len / 2)
			return pprof_bad(err, f.offset, PROFILE_TOO_LARGE);
	}
	if (rc < 0)
		return -1;
	if (r->ntypes == 0 || r->ntexts == 0 || r->texts[0].len != 0)
		return pprof_bad(in.err, 0, r->ntypes ? "its text 0 is not empty" : "no kinds of values");
	return 0;
}

void pprof_raw_release(struct pprof_raw *r)
{
	mem_free(r->texts);
	mem_free(r->functions);
	mem_free(r->locations);
	mem_free(r->lines);
	mem_free(r->comments);
}
