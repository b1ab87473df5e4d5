#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/version.h"
#include "format/format.h"
#include "format/pstats.h"
#include "profile/derive.h"
#include "snapshot/files.h"
#include "snapshot/name.h"
#include "subject.h"

struct import_options {
	struct subject_options from;
	const char *output;
};

static const struct opt rows[] = {
	{ 'o', "output", OPT_TEXT, offsetof(struct import_options, output), "SNAPSHOT", NULL,
	  "the folder to make; of a run that is there or ends in '/', one in it" },
	OPT_ROW_SUBJECT_DIR(import_options),
	{ 0, NULL, OPT_FLAG, 0, NULL, NULL, NULL }
};

const struct usage import_usage = {
	"X", 1, 1, "what", rows,
	"Makes a snapshot of a profile from elsewhere: a file in any format that cprof\n"
	"reads (pstats, callgrind, pprof, collapsed stacks, speedscope), or - for\n"
	"standard input. From then on it is shown, drawn and compared like any other,\n"
	"and 'cprof ls' lists it where its folder is called METHOD.route.NNNNNNms and is\n"
	"in a run.\n"
	"\n"
	"The snapshot has those files that the profile is enough for: profile.pb.gz\n"
	"where there are stacks, profile.prof and callstack.txt where there are times,\n"
	"always profile.kgrind. Prints its path.\n",
	NULL,
	"  cprof import app.prof -o profiling/before/GET.root.000738ms\n"
	"  cprof import app.speedscope.json -o profiling/before/\n"
	"                             named so: RUN.app.speedscope.json.000012ms\n"
	"  py-spy record -f raw -o spied.txt -- python app.py\n"
	"  cprof import spied.txt -o spied\n"
};

/* How long it took, as far as it says: its own root, else what adds up. */
static int64_t wall_of(const struct profile *p, struct error *err)
{
	int metric = pstats_time_metric(p);
	struct table t;
	int64_t wall;

	if (metric < 0)
		return 0;
	if (profile_has_tree(p))
		return profile_node_cum(p, 0)[metric];
	if (derive_table(&t, p, NULL, 0, err) < 0)
		return -1;
	wall = profile_total(p, &t, (uint32_t)metric);
	table_release(&t);
	return wall < 0 ? 0 : wall;
}

static int64_t time_of(const char *path)
{
	struct stat st;
	time_t t = stat(path, &st) == 0 ? st.st_mtime : time(NULL);

	return (int64_t)t * 1000000000;
}

/* Texts are in m->arena. */
static int fill_manifest(struct manifest *m, const struct profile *p, const char *path,
			 const char *format, struct error *err)
{
	const char *base = strcmp(path, "-") == 0 ? "stdin" : path_base(path);
	struct buf route = BUF_INIT;

	memset(m, 0, sizeof *m);
	buf_addc(&route, '/');
	text_printable(&route, base);
	m->schema = MANIFEST_SCHEMA;
	m->method = "RUN";
	m->route = m->path = arena_strdup(&m->arena, buf_str(&route));
	m->start_ns = time_of(path);
	m->wall_ns = wall_of(p, err);
	m->cpu_ns = -1;
	m->host = m->python = m->implementation = m->ended = "";
	m->cprof = CPROF_VERSION;
	m->mode = "imported";
	m->engine = format;
	m->lost = p->nlost;
	m->folded = p->nfolded;
	m->git.dirty = -1;
	buf_release(&route);
	if (m->route == NULL)
		return error_nomem(err);
	return m->wall_ns < 0 ? -1 : 0;
}

static bool is_run(const char *path)
{
	struct error err;
	enum path_kind kind;
	char *found = NULL;
	bool is = path[strlen(path) - 1] == '/' ||
		  (archive_find(NULL, path, &kind, &found, &err) == 0 && kind == PATH_RUN);

	mem_free(found);
	return is;
}

/* The folder to make, and where its name says so, which request this is. */
static char *choose_folder(const char *output, struct manifest *m)
{
	char *folder = path_join(output, "");
	size_t len = folder ? strlen(folder) : 0, method, at, route;
	struct buf name = BUF_INIT;
	int64_t ms;

	if (folder != NULL && is_run(output)) {
		mem_free(folder);
		snapshot_name(&name, m->method, m->route, false, (m->wall_ns + 500000) / 1000000);
		folder = name.failed ? NULL : path_join(output, buf_str(&name));
		buf_release(&name);
		return folder;
	}
	while (len > 1 && folder[len - 1] == '/')
		folder[--len] = '\0';
	if (folder != NULL &&
	    snapshot_name_parse(path_base(folder), &method, &at, &route, &ms))
		m->wall_ns = m->wall_ns != 0 ? m->wall_ns : ms * 1000000;
	return folder;
}

static int import(const struct subject *s, const struct profile *p, const char *format,
		  const char *output)
{
	struct buf line = BUF_INIT;
	struct error err = ERROR_INIT;
	struct manifest m;
	char *folder = NULL;
	int rc = fill_manifest(&m, p, s->path, format, &err);

	if (rc == 0) {
		folder = choose_folder(output, &m);
		rc = folder == NULL ? error_nomem(&err) : snapshot_import(folder, p, &m, &err);
	}
	if (rc < 0) {
		/* What is wrong with the profile, not with the folder. */
		complain("%s%s%s", err.code == ERR_FORMAT ? s->path : "",
			 err.code == ERR_FORMAT ? ": " : "", err.text);
	} else {
		text_printable(&line, folder);
		buf_addc(&line, '\n');
		out_write(&line);
	}
	buf_release(&line);
	manifest_release(&m);
	mem_free(folder);
	return rc;
}

/* Read here, for the name of the format goes into the manifest. */
static struct profile *read_file(const char *path, const char **format)
{
	struct error err = ERROR_INIT;
	const struct format *f;
	struct buf in = BUF_INIT;
	struct profile *p = NULL;

	if (file_read(&in, path, SNAPSHOT_FILE_MAX, &err) < 0) {
		complain("%s", err.text);
	} else {
		p = format_read(buf_bytes(&in), &err);
		f = format_of(buf_bytes(&in));
		*format = f ? f->name : "";
		if (p == NULL)
			complain("%s: %s", file_called(path), err.text);
		else
			say_left_out(path, p);
	}
	buf_release(&in);
	return p;
}

int cmd_import(int argc, char **argv)
{
	struct import_options o = { .output = NULL };
	const char *format = "";
	struct subject s;
	struct profile *p = NULL;
	int status, rc, n = command_options("import", &o, argc, argv, &status);

	if (n < 0)
		return status;
	if (o.output == NULL)
		return complain("import: say which folder to make: --output SNAPSHOT");
	rc = subject_find(&s, &o.from, argv[0]);
	if (rc == 0 && s.kind != PATH_FILE)
		rc = -1, complain("import: %s is %s already", argv[0], path_kind_name(s.kind));
	if (rc == 0) {
		p = read_file(s.path, &format);
		rc = p == NULL ? -1 : import(&s, p, format, o.output);
	}
	profile_free(p);
	subject_release(&s);
	return rc < 0 ? EXIT_COULD_NOT : EXIT_DONE;
}
