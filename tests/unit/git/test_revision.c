#include "git/revision.h"

#include "repo.h"

static struct arena arena;
static struct repository *repo;

static void open_repo(const char *dir)
{
	struct error err = ERROR_INIT;

	repo = repository_open(dir, &err);
	ck_assert_msg(repo != NULL, "%s", err.text);
}

static void end(void)
{
	repository_close(repo);
	arena_release(&arena);
	scratch_end();
}

/*     1 -- 2 -- 3        main
 *      `-- 4 -- 5        topic      */
static void two_branches(void)
{
	begin();
	commit(10, "one");
	git(15, "git checkout -b topic");
	commit(40, "four");
	commit(50, "five");
	git(55, "git checkout main");
	commit(20, "two");
	commit(30, "three");
	git(60, "git tag -m release v1.0");
}

static void is_commit(const char *name, const char *same)
{
	struct error err = ERROR_INIT;
	const char *hex = revision_commit(repo, name, &arena, &err);

	ck_assert_msg(hex != NULL, "%s", err.text);
	ck_assert_str_eq(hex, hash_of(same));
}

static void no_commit(const char *name, enum error_code code, const char *why)
{
	struct error err = ERROR_INIT;

	ck_assert_ptr_null(revision_commit(repo, name, &arena, &err));
	ck_assert_int_eq(err.code, code);
	ck_assert_msg(strstr(err.text, why) != NULL, "%s", err.text);
}

START_TEST(test_revision__names)
{
	char head[8];

	two_branches();
	open_repo(at("repo"));
	is_commit("main", "main");
	is_commit("HEAD", "main");
	is_commit("HEAD~2", "main~2");
	is_commit("topic^", "topic^");
	is_commit("v1.0", "main"); /* an annotated tag is not its commit */
	snprintf(head, sizeof head, "%.7s", hash_of("topic"));
	is_commit(head, "topic");
	no_commit("nowhere", ERR_NOT_FOUND, "nowhere: no such revision");
	no_commit("HEAD~9", ERR_NOT_FOUND, "no such revision");
	no_commit("HEAD:file", ERR_NOT_FOUND, "names no commit");
	no_commit("a b", ERR_NOT_FOUND, "a b");
	end();
}
END_TEST

START_TEST(test_revision__of_a_remote)
{
	two_branches();
	git(60, "git clone -q . ../clone");
	open_repo(at("clone"));
	is_commit("topic", "topic");
	no_commit("nowhere", ERR_NOT_FOUND, "no such revision");
	end();
}
END_TEST

START_TEST(test_revision__none_yet)
{
	begin();
	open_repo(at("repo"));
	no_commit("HEAD", ERR_NOT_FOUND, "no commit yet");
	no_commit("main", ERR_NOT_FOUND, "no commit yet");
	end();
}
END_TEST

static void range_is(const char *text, const char *from, const char *to)
{
	struct error err = ERROR_INIT;
	const char *a, *b;
	bool is_range;

	ck_assert_msg(revision_range(repo, text, &is_range, &a, &b, &arena, &err) == 0, "%s",
		      err.text);
	ck_assert(is_range);
	ck_assert_str_eq(a, hash_of(from));
	ck_assert_str_eq(b, hash_of(to));
}

static void no_range(const char *text)
{
	struct error err = ERROR_INIT;
	const char *a, *b;
	bool is_range = true;

	ck_assert_int_eq(revision_range(repo, text, &is_range, &a, &b, &arena, &err), 0);
	ck_assert_msg(!is_range, "%s", text);
}

START_TEST(test_revision__ranges)
{
	struct error err = ERROR_INIT;
	const char *a, *b;
	bool is_range;

	two_branches();
	open_repo(at("repo"));
	range_is("main..topic", "main", "topic");
	range_is("main...topic", "main~2", "topic");
	range_is("topic..", "topic", "main");
	range_is("..topic", "main", "topic");
	range_is("topic...", "main~2", "main");
	no_range("main");
	no_range("..");
	no_range("...");
	no_range("../shop/profiling");
	no_range("shop/../other");
	no_range("a..b..c");
	ck_assert_int_eq(revision_range(repo, "main..nowhere", &is_range, &a, &b, &arena, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "nowhere: no such revision"));
	end();
}
END_TEST

static const char *base_of(const char *a, const char *b, struct error *err)
{
	return revision_merge_base(repo, hash_of(a), hash_of(b), &arena, err);
}

START_TEST(test_revision__merge_base)
{
	struct error err = ERROR_INIT;

	two_branches();
	open_repo(at("repo"));
	ck_assert_str_eq(base_of("main", "topic", &err), hash_of("main~2"));
	ck_assert_str_eq(base_of("main", "main~1", &err), hash_of("main~1"));
	ck_assert_str_eq(base_of("main~1", "main", &err), hash_of("main~1"));
	ck_assert_str_eq(base_of("main", "main", &err), hash_of("main"));
	/* The clock of four's author was wrong: it is older than its parent. */
	git(70, "git checkout -q -b late topic~1");
	commit(5, "six");
	ck_assert_str_eq(base_of("late", "topic", &err), hash_of("topic~1"));
	git(80, "git merge -q -s ours main");
	ck_assert_str_eq(base_of("late", "main", &err), hash_of("main"));
	git(90, "git checkout -q --orphan other");
	commit(90, "alone");
	ck_assert_ptr_null(base_of("other", "main", &err));
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "no commit in common"));
	ck_assert_ptr_null(strstr(err.text, "shallow"));
	end();
}
END_TEST

struct seen {
	char subjects[200];
	size_t stop_after, n;
	int64_t last_s;
};

static bool see(void *arg, const char *commit, const char *subject, int64_t time_s)
{
	struct seen *s = arg;

	ck_assert_int_eq(strlen(commit), 40);
	strcat(s->subjects, subject);
	strcat(s->subjects, " ");
	s->last_s = time_s;
	return ++s->n != s->stop_after;
}

static void walk_is(const char *from, size_t limit, size_t stop_after, const char *subjects,
		    bool shallow)
{
	struct seen seen = { .stop_after = stop_after };
	struct error err = ERROR_INIT;
	bool border = !shallow;

	ck_assert_msg(revision_walk(repo, hash_of(from), limit, see, &seen, &border, &err) == 0,
		      "%s", err.text);
	ck_assert_str_eq(seen.subjects, subjects);
	ck_assert(border == shallow);
}

START_TEST(test_revision__walk)
{
	struct error err = ERROR_INIT;
	struct seen seen = { .n = 0 };

	two_branches();
	git(70, "git merge -q -m merge -s ours topic");
	open_repo(at("repo"));
	walk_is("main", 0, 0, "merge five four three two one ", false);
	walk_is("main", 3, 0, "merge five four ", false);
	walk_is("main", 0, 2, "merge five ", false);
	ck_assert_int_eq(revision_walk(repo, hash_of("topic~2"), 0, see, &seen, NULL, &err), 0);
	ck_assert_int_eq(seen.last_s, base_s + 10);
	ck_assert_int_eq(revision_walk(repo, "0123456789012345678901234567890123456789", 0, see,
				       &seen, NULL, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "0123456789 is not in the repository"));
	ck_assert_int_eq(revision_walk(repo, "main", 0, see, &seen, NULL, &err), -1);
	end();
}
END_TEST

START_TEST(test_revision__shallow_clone)
{
	struct error err = ERROR_INIT;

	two_branches();
	git(60, "git clone -q --no-single-branch --depth 2 file://$PWD ../shallow");
	open_repo(at("shallow"));
	walk_is("main", 0, 0, "three two ", true);
	walk_is("main", 1, 0, "three ", false);
	ck_assert_ptr_null(base_of("main", "topic", &err));
	ck_assert_ptr_nonnull(strstr(err.text, "git fetch --unshallow"));
	/* What lies within its border is known. */
	ck_assert_str_eq(base_of("main", "main~1", &err), hash_of("main~1"));
	no_commit("HEAD~2", ERR_NOT_FOUND, "git fetch --unshallow");
	end();
}
END_TEST

START_TEST(test_revision__out_of_memory)
{
	const char *base = NULL, *from, *to;
	bool is_range;

	two_branches();
	open_repo(at("repo"));
	from = hash_of("main");
	to = hash_of("topic");
	for (size_t n = 1; base == NULL; n++) {
		struct error err = ERROR_INIT;
		const char *a, *b;

		mem_fail_at(n, true);
		if (revision_range(repo, "main...topic", &is_range, &a, &b, &arena, &err) == 0)
			base = revision_merge_base(repo, from, to, &arena, &err);
		mem_fail_at(0, false);
		ck_assert_int_eq(base ? ERR_NOMEM : err.code, ERR_NOMEM);
		arena_release(&arena);
	}
	end();
}
END_TEST

UNIT_MAIN("git/revision", test_revision__names, test_revision__of_a_remote,
	  test_revision__none_yet, test_revision__ranges, test_revision__merge_base,
	  test_revision__walk, test_revision__shallow_clone, test_revision__out_of_memory)
