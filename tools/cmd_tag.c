#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "repo.h"
#include "snapshot/run.h"
#include "snapshot/write.h"
#include "subject.h"

struct tag_options {
	const char *dir, *repo;
	bool force;
	unsigned color, outcome; /* enum run_outcome */
};

enum { SAYS_NOTHING = -1 };

/* By enum run_outcome. */
static const char *const outcomes[] = { "unknown", "passed", "failed", NULL };

static const struct opt rows[] = {
	OPT_ROW_REPO(tag_options),
	{ 'f', "force", OPT_FLAG, offsetof(struct tag_options, force), NULL, NULL,
	  "where the commit cannot be known, take the current one" },
	{ 0, "outcome", OPT_CHOICE, offsetof(struct tag_options, outcome), "HOW", outcomes,
	  "also note in the run how its suite ended: passed, failed; or unknown. What a failed "
	  "one measured is no baseline ('cprof help gate')" },
	OPT_ROW_DIR(tag_options),
	OPT_ROW_COLOR(tag_options),
	{ 0, NULL, OPT_FLAG, 0, NULL, NULL, NULL }
};

const struct usage tag_usage = {
	"[WHAT]", 0, 1, "what", rows,
	"Writes into each snapshot that has none yet the commit HEAD was at when its\n"
	"request began, as the repository's reflog tells, with branch, author date,\n"
	"subject, and whether the work tree is dirty. WHAT is a run, a snapshot or an\n"
	"archive.\n"
	"\n"
	"Where the commit cannot be known (no reflog that far back, or HEAD moved in\n"
	"that very second) the snapshot is named and stays as it is, and the exit\n"
	"status is 2; --force stamps it with the current commit.\n",
	NULL,
	"  cprof tag                         everything untagged\n"
	"  cprof tag 2026-11-21_18:20:37     one run\n"
	"  cprof tag --repo ~/src/shop       snapshots of a server that runs elsewhere\n"
	"  cprof tag --force                 in CI, where a fresh clone has no reflog\n"
	"  cprof tag --outcome passed RUN    accept a run as a baseline after all\n"
};

struct tagger {
	const struct git_plugin *git;
	struct repository *repo;
	struct error no_repo; /* why repo is NULL */
	bool force;
	struct term term;
	struct progress progress;
	size_t done, total;
	bool failed;
};

/* Snapshots that follow each other and got the same commit: one line. */
struct stamped {
	struct buf commit;
	size_t n;
};

static int tag_snapshot(struct tagger *t, struct snapshot *s, struct buf *title,
			struct error *err)
{
	struct manifest m = s->manifest;
	struct arena arena = ARENA_INIT;
	struct buf content = BUF_INIT;
	int rc = -1;

	if (t->git->commit_at(t->repo, m.start_ns, t->force, &m.git, &arena, err) < 0)
		goto done;
	if (manifest_write(&content, &m, err) < 0)
		goto done;
	if (snapshot_replace_file(s->path, "snapshot.json", buf_bytes(&content), err) < 0)
		goto done;
	commit_title(title, &m.git);
	if (m.git.subject != NULL) {
		buf_adds(title, "  ");
		text_printable(title, m.git.subject);
	}
	rc = 0;
done:
	buf_release(&content);
	arena_release(&arena);
	return rc;
}

static void put_stamped(struct tagger *t, const struct run_info *run, struct stamped *stamped)
{
	struct buf out = BUF_INIT;

	if (stamped->n == 0)
		return;
	text_printable(&out, run->name);
	buf_adds(&out, "  ");
	plural(&out, stamped->n, "snapshot");
	buf_printf(&out, " %s ", t->term.signs->arrow);
	term_put(&t->term, &out, STYLE_GREEN, buf_str(&stamped->commit));
	buf_addc(&out, '\n');
	progress_end(&t->progress);
	out_write(&out);
	buf_release(&out);
	buf_clear(&stamped->commit);
	stamped->n = 0;
}

static void put_already(const struct run_info *run, size_t n)
{
	struct buf out = BUF_INIT;

	text_printable(&out, run->name);
	buf_adds(&out, "  ");
	plural(&out, n, "snapshot");
	buf_printf(&out, " already stamped\n");
	out_write(&out);
	buf_release(&out);
}

static void tag_run(struct tagger *t, const struct run_info *run)
{
	struct stamped stamped = { BUF_INIT, 0 };
	struct buf title = BUF_INIT;
	size_t already = 0;

	for (size_t i = 0; i < run->nsnapshots; i++) {
		struct snapshot *s = &run->snapshots[i];
		struct error err = s->problem;

		progress_step(&t->progress, t->done++, t->total);
		if (s->has_manifest && s->manifest.git.commit != NULL) {
			already++;
			continue;
		}
		buf_clear(&title);
		if (!s->has_manifest || tag_snapshot(t, s, &title, &err) < 0) {
			progress_end(&t->progress);
			/* A bad snapshot.json names itself. */
			if (s->has_manifest)
				complain("%s: %s", s->path, err.text);
			else
				complain("%s", err.text);
			t->failed = true;
			continue;
		}
		if (stamped.n != 0 && strcmp(buf_str(&title), buf_str(&stamped.commit)) != 0)
			put_stamped(t, run, &stamped);
		if (stamped.n++ == 0)
			buf_adds(&stamped.commit, buf_str(&title));
	}
	put_stamped(t, run, &stamped);
	if (already == run->nsnapshots && already != 0)
		put_already(run, already);
	buf_release(&stamped.commit);
	buf_release(&title);
}

static int tag_runs(struct tagger *t, const struct run_info *runs, size_t nruns,
		    struct error *err)
{
	if (t->repo == NULL)
		return error_set(err, ERR_NOT_FOUND, "%s", t->no_repo.text);
	for (size_t i = 0; i < nruns; i++)
		t->total += runs[i].nsnapshots;
	for (size_t i = 0; i < nruns; i++)
		tag_run(t, &runs[i]);
	return 0;
}

static int tag_archive(struct tagger *t, const char *path, struct error *err)
{
	struct archive a;
	int rc;

	if (archive_read(&a, path, err) < 0)
		return -1;
	t->failed = complain_closed_in(&a);
	rc = tag_runs(t, a.runs, a.nruns, err);
	archive_release(&a);
	return rc;
}

static int tag_one_run(struct tagger *t, const char *path, struct error *err)
{
	struct run_info run;
	int rc;

	if (run_read(&run, path, err) < 0)
		return -1;
	t->failed = complain_closed(&run.closed);
	rc = tag_runs(t, &run, 1, err);
	run_info_release(&run);
	return rc;
}

static int tag_one_snapshot(struct tagger *t, const char *path, struct error *err)
{
	struct run_info run = { 0 };
	struct snapshot s;
	int rc;

	if (snapshot_read(&s, path, err) < 0)
		return -1;
	run.name = s.name;
	run.snapshots = &s;
	run.nsnapshots = 1;
	rc = tag_runs(t, &run, 1, err);
	snapshot_release(&s);
	return rc;
}

static int note_outcome(const struct tag_options *o, const char *path, enum path_kind kind,
			struct error *err)
{
	if (kind != PATH_RUN)
		return error_set(err, ERR_REFUSED, "tag: --outcome is of a run, and %s is %s", path,
				 path_kind_name(kind));
	/* By itself what failed stays failed: a person's word is the last. */
	if (run_set_outcome(path, RUN_UNKNOWN, err) < 0)
		return -1;
	return run_set_outcome(path, (enum run_outcome)o->outcome, err);
}

static int tag(struct tagger *t, const struct tag_options *o, const char *path,
	       enum path_kind kind, struct error *err)
{
	static const char *const up[] = { [PATH_ARCHIVE] = "..", [PATH_RUN] = "../..",
					  [PATH_SNAPSHOT] = "../../.." };

	if (kind == PATH_FILE)
		return error_set(err, ERR_REFUSED,
				 "tag: %s is a file; only snapshots can hold a commit", path);
	/* That there is nothing to tag is said before that there is no repository. */
	t->git = plugin_git(&t->no_repo);
	if (t->git != NULL)
		t->repo = repo_open(t->git, o->repo, path, up[kind], &t->no_repo);
	if (kind == PATH_ARCHIVE)
		return tag_archive(t, path, err);
	if (kind == PATH_RUN)
		return tag_one_run(t, path, err);
	return tag_one_snapshot(t, path, err);
}

int cmd_tag(int argc, char **argv)
{
	struct tag_options o = { .outcome = (unsigned)SAYS_NOTHING };
	struct tagger t = { 0 };
	struct error err = ERROR_INIT;
	enum path_kind kind = PATH_ARCHIVE;
	char *found = NULL;
	int status, n = command_options("tag", &o, argc, argv, &status);

	if (n < 0)
		return status;
	if (n == 1) {
		found = find_what(o.dir, argv[0], &kind);
		if (found == NULL)
			return EXIT_COULD_NOT;
	}
	if (o.outcome != (unsigned)SAYS_NOTHING &&
	    note_outcome(&o, found ? found : archive_folder(o.dir), kind, &err) < 0) {
		mem_free(found);
		return complain("%s", err.text);
	}
	t.force = o.force;
	term_init(&t.term, o.color);
	progress_begin(&t.progress, "tagging");
	status = EXIT_DONE;
	if (tag(&t, &o, found ? found : archive_folder(o.dir), kind, &err) < 0) {
		progress_end(&t.progress);
		status = complain("%s", err.text);
	}
	progress_end(&t.progress);
	if (t.failed)
		status = EXIT_COULD_NOT;
	if (t.repo != NULL)
		t.git->close(t.repo);
	mem_free(found);
	return status;
}
