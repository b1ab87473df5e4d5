#include "format/format.h"

#include "format/callgrind.h"
#include "format/callstack.h"
#include "format/pprof.h"
#include "format/pstats.h"

const struct format formats[] = {
	{ "pstats", "profile.prof", pstats_sniff, pstats_read, pstats_write },
	{ "callstack", "callstack.txt", NULL, NULL, callstack_write },
	{ "callgrind", "profile.kgrind", NULL, NULL, callgrind_write },
	{ "pprof", "profile.pb.gz", pprof_sniff, pprof_read, pprof_write },
	{ NULL, NULL, NULL, NULL, NULL }
};

struct profile *format_read(struct bytes in, struct error *err)
{
	if (in.len == 0) {
		error_set(err, ERR_FORMAT, "empty");
		return NULL;
	}
	for (const struct format *f = formats; f->name != NULL; f++)
		if (f->sniff != NULL && f->sniff(in))
			return f->read(in, err);
	error_set(err, ERR_FORMAT, "not a profile in a format that cprof reads");
	return NULL;
}
