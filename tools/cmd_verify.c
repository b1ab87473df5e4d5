#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "format/line.h"
#include "profile/check.h"
#include "snapshot/verify.h"
#include "subject.h"

struct verify_options {
	struct subject_options from;
};

static const struct opt rows[] = {
	OPT_ROWS_SUBJECT(verify_options),
	{ 0, NULL, OPT_FLAG, 0, NULL, NULL, NULL }
};

const struct usage verify_usage = {
	"[X]", 0, 1, "what", rows,
	"Checks that all files of a snapshot agree with each other and with the time\n"
	"that elapsed: function by function the same calls and times in profile.prof,\n"
	"profile.kgrind and profile.pb.gz, callstack.txt what pstats prints, no more\n"
	"time in the profile than by the clock. X is a snapshot, a run, the requests of\n"
	"a route, an archive (the archive, without X), or a file, of which is checked\n"
	"whether its numbers can be true: no function with more primitive calls than\n"
	"calls, more time of its own than with all it calls, or fewer calls than its\n"
	"callers made.\n"
	"\n"
	"Prints a line for each disagreement, and a sum. Exits with 1 where something\n"
	"disagrees, with 2 where nothing does and a folder could not be opened.\n",
	NULL,
	"  cprof verify                        the whole archive\n"
	"  cprof verify GET.root.000738ms      one snapshot\n"
	"  cprof verify app.prof               one file\n"
};

struct tally {
	struct progress progress;
	size_t done, total, nbad;
};

/* Every line behind what it is of. */
static void put_lines(const char *path, const struct buf *lines)
{
	struct bytes left = buf_bytes(lines), line;
	struct buf out = BUF_INIT;

	while (line_next(&left, &line)) {
		text_printable(&out, path);
		buf_adds(&out, ": ");
		buf_add(&out, line.data, line.len);
		buf_addc(&out, '\n');
	}
	out_write(&out);
	buf_release(&out);
}

static int verify_one(struct tally *t, const struct snapshot *s)
{
	struct buf lines = BUF_INIT;
	struct error err = ERROR_INIT;
	int rc;

	progress_step(&t->progress, t->done++, t->total);
	rc = snapshot_verify(&lines, s, &err);
	if (rc < 0 || lines.len != 0)
		progress_end(&t->progress);
	if (rc < 0)
		complain("%s: %s", s->path, err.text);
	else
		put_lines(s->path, &lines);
	t->nbad += lines.len != 0;
	buf_release(&lines);
	return rc;
}

static int verify_file(struct tally *t, const struct subject *s)
{
	struct profile *p = subject_profile(s, "verify");
	struct buf lines = BUF_INIT;
	struct error err = ERROR_INIT;
	int rc = p == NULL ? -1 : profile_check(&lines, p, &err);

	if (rc < 0 && p != NULL)
		complain("%s: %s", file_called(s->path), err.text);
	put_lines(file_called(s->path), &lines);
	t->nbad += lines.len != 0;
	buf_release(&lines);
	profile_free(p);
	return rc;
}

static int verify(struct tally *t, const struct subject *s)
{
	int rc = 0;

	if (s->kind == PATH_FILE) {
		t->total = 1;
		return verify_file(t, s);
	}
	t->total = s->nsnapshots;
	if (t->total == 0)
		return complain("%s: there is no snapshot in it", s->path), -1;
	progress_begin(&t->progress, "verifying");
	for (size_t i = 0; i < s->nsnapshots && rc == 0; i++)
		rc = verify_one(t, s->snapshots[i]);
	progress_end(&t->progress);
	return rc;
}

static void put_sum(const struct tally *t, const struct subject *s)
{
	const char *what = s->kind == PATH_FILE ? "file" : "snapshot";
	struct buf out = BUF_INIT;

	if (t->nbad != 0)
		buf_printf(&out, "%zu of ", t->nbad);
	plural(&out, t->total, what);
	buf_adds(&out, t->nbad == 0 ? ": all agree\n"
		       : t->nbad == 1 ? " disagrees\n" : " disagree\n");
	out_write(&out);
	buf_release(&out);
}

int cmd_verify(int argc, char **argv)
{
	struct verify_options o = { .from = { .all = true } };
	struct tally t = { .done = 0 };
	struct subject s;
	int status, rc, n = command_options("verify", &o, argc, argv, &status);

	if (n < 0)
		return status;
	if (o.from.slowest)
		o.from.all = false;
	rc = subject_find(&s, &o.from, n == 1 ? argv[0] : NULL);
	if (rc == 0)
		rc = verify(&t, &s);
	status = EXIT_COULD_NOT;
	if (rc == 0) {
		put_sum(&t, &s);
		/* What could not be opened may be what disagrees. */
		status = t.nbad != 0 ? EXIT_JUDGED : s.left_out ? EXIT_COULD_NOT : EXIT_DONE;
	}
	subject_release(&s);
	return status;
}
