/* repo.h -- a repository for one test, made by git itself, in SCRATCH/repo. */
#ifndef CPROF_TESTS_GIT_REPO_H
#define CPROF_TESTS_GIT_REPO_H

#include "snapshot/scratch.h"

/* Times in these tests are seconds after this one: git is told them. */
static const int64_t base_s = 1700000000;
static const int64_t second_ns = 1000000000;

/* Runs a shell command in the repository with git's clock at `at_s`. */
static inline void git(int64_t at_s, const char *command)
{
	char line[2000];

	snprintf(line, sizeof line,
		 "cd '%s/repo' && exec >>../log 2>&1 && export GIT_CONFIG_GLOBAL=/dev/null "
		 "GIT_CONFIG_SYSTEM=/dev/null GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org "
		 "GIT_COMMITTER_NAME=C GIT_COMMITTER_EMAIL=c@example.org "
		 "GIT_AUTHOR_DATE='%lld +0230' GIT_COMMITTER_DATE='%lld +0000' && %s",
		 scratch, (long long)(base_s - 100), (long long)(base_s + at_s), command);
	ck_assert_msg(system(line) == 0, "%s\n%s", command, get_file(at("log")));
}

static inline void commit(int64_t at_s, const char *subject)
{
	char line[300];

	snprintf(line, sizeof line, "echo '%s' >file && git add file && git commit -m '%s'",
		 subject, subject);
	git(at_s, line);
}

static inline void begin(void)
{
	scratch_begin();
	ck_assert_int_eq(mkdir(at("repo"), 0700), 0);
	git(0, "git init -b main");
}

/* One of a few buffers in turn. */
static inline const char *hash_of(const char *revision)
{
	char line[200];
	static char hashes[8][64];
	static unsigned turn;
	char *hash = hashes[turn++ % 8];

	snprintf(line, sizeof line, "git rev-parse '%s' >../hash", revision);
	git(0, line);
	snprintf(hash, sizeof hashes[0], "%.40s", get_file(at("hash")));
	return hash;
}

#endif
