#include "git/tag.h"

#include <time.h>

#include "repo.h"

static struct arena arena;

static int look(const char *dir, int64_t at_ns, bool force, struct manifest_git *out,
		struct error *err)
{
	struct repository *r = repository_open(dir, err);
	int rc;

	ck_assert_msg(r != NULL, "%s", err->text);
	rc = repository_commit_at(r, base_s * second_ns + at_ns, force, out, &arena, err);
	repository_close(r);
	return rc;
}

static struct manifest_git found(int64_t at_s)
{
	struct error err = ERROR_INIT;
	struct manifest_git g;

	ck_assert_msg(look(at("repo"), at_s * second_ns, false, &g, &err) == 0, "%s", err.text);
	return g;
}

static void is(int64_t at_s, const char *subject, const char *branch)
{
	struct manifest_git g = found(at_s);

	ck_assert_str_eq(g.subject, subject);
	ck_assert_pstr_eq(g.branch, branch);
}

static void refused(int64_t at_s, const char *why)
{
	struct error err = ERROR_INIT;
	struct manifest_git g;

	ck_assert_int_eq(look(at("repo"), at_s * second_ns, false, &g, &err), -1);
	ck_assert_int_eq(err.code, ERR_REFUSED);
	ck_assert_msg(strstr(err.text, why) != NULL, "%s", err.text);
	ck_assert_ptr_nonnull(strstr(err.text, "--force"));
	ck_assert_ptr_null(g.commit);
}

static void end(void)
{
	arena_release(&arena);
	scratch_end();
}

START_TEST(test_tag__by_reflog)
{
	struct manifest_git g;

	begin();
	commit(10, "one");
	commit(20, "two");
	git(30, "git checkout -b topic");
	commit(40, "three");
	git(50, "git checkout main");
	is(11, "one", "main");
	is(19, "one", "main");
	is(25, "two", "main");
	is(35, "two", "topic");
	is(45, "three", "topic");
	is(1000, "two", "main");
	g = found(45);
	ck_assert_str_eq(g.commit, hash_of("topic"));
	/* 1,700,000,000 - 100 s is 2023-11-14 22:11:40 UTC, and 2:30 h on. */
	ck_assert_str_eq(g.author_date, "2023-11-15T00:41:40+02:30");
	ck_assert_ptr_nonnull(g.tagged_at);
	ck_assert_int_eq(g.dirty, -1);
	ck_assert_int_eq(found(1000).dirty, 0);
	refused(9, "reflog begins at 2023-11-14T");
	end();
}
END_TEST

START_TEST(test_tag__same_second)
{
	begin();
	commit(10, "one");
	commit(20, "two");
	commit(20, "three");
	commit(30, "four");
	refused(20, "in the second");
	refused(30, "in the second");
	is(21, "three", "main");
	/* Of the first commit there is no other it could have been. */
	is(10, "one", "main");
	/* And none where HEAD moved from branch to branch of one commit. */
	git(40, "git checkout -b topic");
	git(40, "git checkout main");
	is(40, "four", "main");
	end();
}
END_TEST

/* As if the reflog had been written at that nanosecond. */
static void set_log_ns(int64_t at_ns)
{
	struct timespec t = { base_s + at_ns / second_ns, at_ns % second_ns };
	struct timespec times[2] = { t, t };

	ck_assert_int_eq(utimensat(AT_FDCWD, at("repo/.git/logs/HEAD"), times, 0), 0);
}

START_TEST(test_tag__same_second_by_the_files_time)
{
	struct error err = ERROR_INIT;
	struct manifest_git g;

	begin();
	commit(10, "one");
	commit(20, "two");
	set_log_ns(20 * second_ns + 500000000);
	ck_assert_int_eq(look(at("repo"), 20 * second_ns + 499999999, false, &g, &err), 0);
	ck_assert_str_eq(g.subject, "one");
	ck_assert_int_eq(look(at("repo"), 20 * second_ns + 505000000, false, &g, &err), -1);
	ck_assert_int_eq(err.code, ERR_REFUSED);
	ck_assert_int_eq(look(at("repo"), 20 * second_ns + 520000000, false, &g, &err), 0);
	ck_assert_str_eq(g.subject, "two");
	ck_assert_int_eq(g.dirty, 0);
	/* Written by something else later: seconds are all there is. */
	set_log_ns(25 * second_ns);
	ck_assert_int_eq(look(at("repo"), 20 * second_ns + 520000000, false, &g, &err), -1);
	end();
}
END_TEST

START_TEST(test_tag__force)
{
	struct error err = ERROR_INIT;
	struct manifest_git g;

	begin();
	commit(10, "one");
	commit(20, "two");
	ck_assert_int_eq(look(at("repo"), 0, true, &g, &err), 0);
	ck_assert_str_eq(g.subject, "two");
	ck_assert_str_eq(g.branch, "main");
	ck_assert_int_eq(g.dirty, 0);
	/* What can be known is not forced away. */
	ck_assert_int_eq(look(at("repo"), 15 * second_ns, true, &g, &err), 0);
	ck_assert_str_eq(g.subject, "one");
	end();
}
END_TEST

START_TEST(test_tag__dirty)
{
	begin();
	commit(10, "one");
	put_file(at("repo/untracked"), "");
	ck_assert_int_eq(found(100).dirty, 0);
	put_file(at("repo/file"), "changed");
	ck_assert_int_eq(found(100).dirty, 1);
	git(20, "git add file");
	ck_assert_int_eq(found(100).dirty, 1);
	git(20, "git reset -q --hard");
	ck_assert_int_eq(found(100).dirty, 0);
	unlink(at("repo/file"));
	ck_assert_int_eq(found(100).dirty, 1);
	end();
}
END_TEST

START_TEST(test_tag__detached)
{
	begin();
	commit(10, "one");
	commit(20, "two");
	git(30, "git checkout --detach HEAD^");
	is(35, "one", NULL);
	git(40, "git checkout main");
	is(35, "one", NULL);
	is(25, "two", "main");
	end();
}
END_TEST

START_TEST(test_tag__rebase_and_rename)
{
	begin();
	commit(10, "one");
	git(20, "git checkout -b topic");
	git(30, "echo x >other && git add other && git commit -m three");
	git(40, "git checkout main");
	commit(50, "two");
	git(60, "git checkout topic");
	git(70, "git rebase main");
	is(65, "three", "topic");
	is(80, "three", "topic");
	git(90, "git branch -m topic better");
	is(65, "three", "topic");
	is(80, "three", "topic");
	is(100, "three", "better");
	end();
}
END_TEST

/* Stopped in the middle, a rebase is on no branch. */
START_TEST(test_tag__inside_a_rebase)
{
	begin();
	commit(10, "one");
	git(20, "git checkout -b topic");
	commit(30, "three");
	git(40, "git checkout main");
	commit(50, "two");
	git(60, "git checkout topic");
	git(70, "! git rebase main");
	is(75, "two", NULL);
	git(80, "echo both >file && git add file && git -c core.editor=true rebase --continue");
	is(75, "two", NULL);
	is(65, "three", "topic");
	is(90, "three", "topic");
	end();
}
END_TEST

START_TEST(test_tag__no_commit)
{
	struct error err = ERROR_INIT;
	struct manifest_git g;

	begin();
	for (int force = 0; force < 2; force++) {
		ck_assert_int_eq(look(at("repo"), 0, force, &g, &err), -1);
		ck_assert_int_eq(err.code, ERR_NOT_FOUND);
		ck_assert_ptr_nonnull(strstr(err.text, "no commit yet"));
	}
	end();
}
END_TEST

START_TEST(test_tag__no_reflog)
{
	struct error err = ERROR_INIT;
	struct manifest_git g;

	begin();
	git(0, "git config core.logAllRefUpdates false");
	commit(10, "one");
	refused(20, "no reflog");
	ck_assert(!is_there(at("repo/.git/logs/HEAD")));
	ck_assert_int_eq(look(at("repo"), 0, true, &g, &err), 0);
	ck_assert_str_eq(g.subject, "one");
	end();
}
END_TEST

/* HEAD's branch was moved without HEAD's reflog being told. */
START_TEST(test_tag__reflog_leads_elsewhere)
{
	begin();
	commit(10, "one");
	commit(20, "two");
	git(30, "git rev-parse HEAD^ >../old && cp ../old .git/refs/heads/main");
	refused(25, "does not lead to where HEAD is");
	end();
}
END_TEST

START_TEST(test_tag__commit_is_gone)
{
	begin();
	commit(10, "one");
	commit(20, "two");
	git(30, "rm .git/objects/$(git rev-parse HEAD | sed 's|^..|&/|') && "
		"git update-ref -m reset HEAD $(cut -d' ' -f2 .git/logs/HEAD | head -n 1)");
	refused(25, "no longer in the repository");
	is(35, "one", "main");
	end();
}
END_TEST

START_TEST(test_tag__bare)
{
	struct error err = ERROR_INIT;
	struct manifest_git g;

	begin();
	commit(10, "one");
	git(0, "git clone --bare . ../bare.git");
	ck_assert_int_eq(look(at("bare.git"), 20 * second_ns, false, &g, &err), -1);
	ck_assert_int_eq(err.code, ERR_REFUSED);
	ck_assert_int_eq(look(at("bare.git"), 20 * second_ns, true, &g, &err), 0);
	ck_assert_str_eq(g.subject, "one");
	ck_assert_int_eq(g.dirty, -1);
	end();
}
END_TEST

START_TEST(test_tag__worktree_and_shallow_clone)
{
	struct error err = ERROR_INIT;
	struct manifest_git g;

	begin();
	commit(10, "one");
	commit(20, "two");
	git(30, "git worktree add ../tree HEAD^");
	ck_assert_int_eq(look(at("tree"), 40 * second_ns, false, &g, &err), 0);
	ck_assert_str_eq(g.subject, "one");
	ck_assert_ptr_null(g.branch);
	/* The main tree's HEAD has a reflog of its own. */
	is(40, "two", "main");
	git(50, "git clone --depth 1 file://$PWD ../shallow");
	ck_assert_msg(look(at("shallow"), 60 * second_ns, false, &g, &err) == 0, "%s", err.text);
	ck_assert_str_eq(g.subject, "two");
	ck_assert_str_eq(g.branch, "main");
	ck_assert_int_eq(look(at("shallow"), 40 * second_ns, false, &g, &err), -1);
	ck_assert_int_eq(err.code, ERR_REFUSED);
	end();
}
END_TEST

START_TEST(test_tag__discovers_upwards)
{
	struct error err = ERROR_INIT;
	struct manifest_git g;

	begin();
	commit(10, "one");
	git(0, "mkdir -p a/b");
	ck_assert_int_eq(look(at("repo/a/b"), 20 * second_ns, false, &g, &err), 0);
	ck_assert_str_eq(g.subject, "one");
	end();
}
END_TEST

START_TEST(test_tag__no_repository)
{
	struct error err = ERROR_INIT;

	scratch_begin();
	ck_assert_ptr_null(repository_open(scratch, &err));
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "not in a git repository; name one with --repo"));
	ck_assert_ptr_null(repository_open(at("nowhere"), &err));
	ck_assert_ptr_nonnull(strstr(err.text, "no such folder"));
	repository_close(NULL);
	scratch_end();
}
END_TEST

/* Only root can make a folder another user's. */
START_TEST(test_tag__repository_of_another_user)
{
	struct error err = ERROR_INIT;

	if (geteuid() != 0)
		return;
	begin();
	commit(10, "one");
	ck_assert_int_eq(setenv("HOME", scratch, 1), 0);
	ck_assert_int_eq(unsetenv("XDG_CONFIG_HOME"), 0);
	ck_assert_int_eq(chown(at("repo"), 12345, 12345), 0);
	ck_assert_int_eq(chown(at("repo/.git"), 12345, 12345), 0);
	ck_assert_ptr_null(repository_open(at("repo"), &err));
	ck_assert_int_eq(err.code, ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(err.text, "safe.directory"));
	end();
}
END_TEST

START_TEST(test_tag__out_of_memory)
{
	struct manifest_git g;
	int rc = -1;

	begin();
	commit(10, "one");
	for (size_t n = 1; rc < 0; n++) {
		struct error err = ERROR_INIT;
		struct repository *r;

		mem_fail_at(n, true);
		r = repository_open(at("repo"), &err);
		if (r != NULL)
			rc = repository_commit_at(r, (base_s + 20) * second_ns, false, &g, &arena,
						  &err);
		mem_fail_at(0, false);
		repository_close(r);
		ck_assert_int_eq(rc < 0 ? err.code : ERR_NOMEM, ERR_NOMEM);
		arena_release(&arena);
	}
	end();
}
END_TEST

UNIT_MAIN("git/tag", test_tag__by_reflog, test_tag__same_second,
	  test_tag__same_second_by_the_files_time, test_tag__force, test_tag__dirty,
	  test_tag__detached, test_tag__rebase_and_rename, test_tag__inside_a_rebase,
	  test_tag__no_commit, test_tag__no_reflog, test_tag__reflog_leads_elsewhere,
	  test_tag__commit_is_gone, test_tag__bare, test_tag__worktree_and_shallow_clone,
	  test_tag__discovers_upwards, test_tag__no_repository,
	  test_tag__repository_of_another_user, test_tag__out_of_memory)
