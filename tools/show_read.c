/* show_read.c -- the numbers that `cprof show` prints: those of a pstats file as they
 * are, the sum of several snapshots', or a profile, of which --focus may keep a part. */
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "format/format.h"
#include "format/pstats.h"
#include "profile/diff.h"
#include "profile/focus.h"
#include "show.h"
#include "snapshot/files.h"

/* Puts the paths that are asked for in the place of the whole. */
static int focus(struct show *show, struct profile **whole, struct error *err)
{
	const struct profile *p = *whole;
	bool *wanted = mem_array(NULL, p->nfunctions, sizeof *wanted);
	struct pattern pattern = PATTERN_INIT;
	struct profile *part = NULL;
	struct buf name = BUF_INIT;

	if (wanted == NULL)
		return error_nomem(err);
	if (pattern_compile(&pattern, show->options->focus, err) < 0) {
		error_prefix(err, "show: --focus: ");
		goto done;
	}
	for (uint32_t i = 0; i < p->nfunctions; i++) {
		buf_clear(&name);
		function_name(&name, &p->functions[i]);
		wanted[i] = pattern_found(&pattern, buf_str(&name));
	}
	part = profile_focus(p, wanted, err);
	if (part == NULL) {
		error_prefix(err, "show: --focus %s: ", show->options->focus);
		goto done;
	}
	show->unfocused = profile_node_cum(p, 0)[show->metric];
	show->profile = part;
	show->unit = part->metrics[show->metric].unit;
	profile_free(*whole);
	*whole = part;
done:
	pattern_release(&pattern);
	buf_release(&name);
	mem_free(wanted);
	return part ? 0 : -1;
}

static int use_profile(struct show *show, struct profile **p, struct error *err)
{
	if ((*p)->nmetrics == 0)
		return error_set(err, ERR_FORMAT, "%s: no values in this profile",
				 file_called(show->subject->path));
	say_left_out(show->subject->path, *p);
	if (show->options->tree && !profile_has_tree(*p))
		return error_set(err, ERR_REFUSED, "%s: this profile has no call tree, only "
				 "functions and who called them (a snapshot's profile.pb.gz has "
				 "one); leave out --tree", file_called(show->subject->path));
	show->profile = *p;
	show->metric = profile_time_metric(*p);
	show->unit = (*p)->metrics[show->metric].unit;
	show->is_time = strcmp(show->unit, "nanoseconds") == 0;
	show->sampled = (*p)->sampled;
	return show->options->focus ? focus(show, p, err) : 0;
}

static int add_snapshots(struct pstats_sum *sum, const struct subject *s, struct error *err)
{
	struct buf bytes = BUF_INIT;
	struct progress progress;
	int rc = 0;

	progress_begin(&progress, "reading");
	for (size_t i = 0; i < s->nsnapshots && rc == 0; i++) {
		buf_clear(&bytes);
		progress_step(&progress, i, s->nsnapshots);
		rc = snapshot_pstats(&bytes, s->snapshots[i]->path, err);
		if (rc == 0 && pstats_sum_add(sum, buf_bytes(&bytes), err) < 0)
			rc = error_prefix(err, "%s: ", s->snapshots[i]->path);
	}
	progress_end(&progress);
	buf_release(&bytes);
	return rc;
}

static int read_several(struct show *show, struct pstats_sum *sum, struct error *err)
{
	const struct subject *s = show->subject;

	if (show->options->tree || show->options->focus != NULL)
		return error_set(err, ERR_REFUSED, "show: %s is several requests, and their sum has "
				 "no call tree; leave out %s, or name one", s->what,
				 show->options->tree ? "--tree" : "--focus");
	if (s->nsnapshots == 0)
		return error_set(err, ERR_NOT_FOUND, "%s: there is no snapshot in it", s->path);
	show->sum = sum;
	return add_snapshots(sum, s, err);
}

/* A file's own numbers, if they are of calls, else the profile that it makes. */
static int read_file(struct show *show, struct pstats_sum *sum, struct profile **p,
		     struct error *err)
{
	bool paths = show->options->tree || show->options->focus != NULL;
	struct buf in = BUF_INIT;
	int rc = file_read(&in, show->subject->path, SNAPSHOT_FILE_MAX, err);

	if (rc < 0)
		goto done;
	if (!paths && in.len != 0 && pstats_sniff(buf_bytes(&in))) {
		rc = pstats_sum_add(sum, buf_bytes(&in), err);
		if (rc == 0 && !sum->kind.sampled)
			show->sum = sum;
	}
	if (rc == 0 && show->sum == NULL) {
		*p = format_read(buf_bytes(&in), err);
		rc = *p ? 0 : -1;
	}
	if (rc < 0)
		error_prefix(err, "%s: ", file_called(show->subject->path));
done:
	buf_release(&in);
	return rc;
}

int show_read(struct show *show, struct pstats_sum *sum, struct profile **p, struct error *err)
{
	const struct subject *s = show->subject;
	int rc;

	if (s->kind == PATH_SNAPSHOT) {
		*p = snapshot_profile(s->path, err);
		rc = *p ? 0 : -1;
	} else {
		rc = s->kind == PATH_FILE ? read_file(show, sum, p, err)
					  : read_several(show, sum, err);
	}
	show->unit = "nanoseconds";
	show->is_time = true;
	show->sampled = show->sum && show->sum->kind.sampled;
	return rc == 0 && *p != NULL ? use_profile(show, p, err) : rc;
}
