#include "git/rename.h"

#include "repo.h"

static struct arena arena;

/* The texts of the two commits' files; NULL: it is not there. */
struct file {
	const char *path, *before, *after;
};

static void put(const char *path, const char *text)
{
	if (text != NULL)
		put_file(at("repo/%s", path), text);
	else
		unlink(at("repo/%s", path));
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "a.py>b.py a.py:f>b.py:g", sorted. */
static const char *found(struct repository *r, const char *old, const char *new)
{
	static char text[2000];
	struct error err = ERROR_INIT;
	struct rename_map map;
	char *lines[20];
	size_t n = 0;

	ck_assert_msg(rename_find(r, old, new, &map, &arena, &err) == 0, "%s", err.text);
	ck_assert_uint_le(map.n, 20);
	for (size_t i = 0; i < map.n; i++) {
		const struct rename *m = &map.renames[i];

		lines[i] = arena_alloc(&arena, 300);
		if (m->old_name == NULL)
			snprintf(lines[i], 300, "%s>%s", m->old_file, m->new_file);
		else
			snprintf(lines[i], 300, "%s:%s>%s:%s", m->old_file, m->old_name,
				 m->new_file, m->new_name);
	}
	qsort(lines, map.n, sizeof *lines, by_text);
	text[0] = '\0';
	for (size_t i = 0; i < map.n; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", i ? " " : "", lines[i]);
	return text;
}

/* A commit of the files before, one of those after, and what was renamed. */
static void renames_are(const struct file *files, size_t nfiles, const char *expected)
{
	struct error err = ERROR_INIT;
	struct repository *r;

	begin();
	for (int after = 0; after < 2; after++) {
		for (size_t i = 0; i < nfiles; i++)
			put(files[i].path, after ? files[i].after : files[i].before);
		git(10 + after, "git add -A && git commit -q --allow-empty -m x");
	}
	r = repository_open(at("repo"), &err);
	ck_assert_msg(r != NULL, "%s", err.text);
	ck_assert_str_eq(found(r, hash_of("HEAD^"), hash_of("HEAD")), expected);
	ck_assert_str_eq(found(r, hash_of("HEAD"), hash_of("HEAD")), "");
	repository_close(r);
	arena_release(&arena);
	scratch_end();
}

#define RENAMES(expected, ...)                                                       \
	do {                                                                         \
		static const struct file files_[] = { __VA_ARGS__ };                 \
		renames_are(files_, sizeof files_ / sizeof files_[0], expected);     \
	} while (0)

#define SHOW(name)                                                                   \
	"def " name "(id):\n"                                                        \
	"    user = load(id)\n"                                                      \
	"    rows = db.execute('select * from orders where user = ?', (id,))\n"      \
	"    return render('user.html', user=user, rows=rows.fetchall())\n"

#define METHODS                                                                      \
	"    def total(self):\n"                                                     \
	"        return sum(line.price * line.count for line in self.lines)\n"       \
	"    @property\n"                                                            \
	"    def lines(self):\n"                                                     \
	"        return self._lines\n"                                               \
	"    def pay(self): pass\n"

START_TEST(test_rename__files)
{
	RENAMES("views.py>pages.py", { "views.py", SHOW("show") SHOW("list"), NULL },
		{ "pages.py", NULL, SHOW("show") SHOW("list") "\nx = 1\n" },
		{ "readme.txt", "one\ntwo\nthree\n", NULL },
		{ "README", NULL, "one\ntwo\nthree\n" });
}
END_TEST

START_TEST(test_rename__functions)
{
	/* In place. Another that was not there before is no partner. */
	RENAMES("app.py:show>app.py:show_user", { "app.py", "import x\n" SHOW("show"),
		"import x\n\n\ndef other():\n    return 1\n\n\n" SHOW("show_user") });
	/* Into another file, with a line more. */
	RENAMES("app.py:show>pages.py:show",
		{ "app.py", "def stays():\n    return 1\n" SHOW("show"),
		  "def stays():\n    return 1\n" },
		{ "pages.py", "x = 1\n", "x = 1\n" SHOW("show") "    log()\n" });
	/* Into a class, under another name: only a text of some length counts. */
	RENAMES("app.py:show>app.py:Pages.page",
		{ "app.py", SHOW("show") "def short():\n    return 1\n",
		  "class Pages:\n    def page(id):\n        user = load(id)\n"
		  "        rows = db.execute('select * from orders where user = ?', (id,))\n"
		  "        return render('user.html', user=user, rows=rows.fetchall())\n"
		  "    def other(self):\n        return 1\n" });
}
END_TEST

START_TEST(test_rename__classes)
{
	/* Its methods go with it: one entry. */
	RENAMES("app.py:Order>app.py:Purchase", { "app.py", "class Order:\n" METHODS,
						  "class Purchase:\n" METHODS });
	/* A renamed method inside of a renamed class. */
	RENAMES("app.py:Order.total>app.py:Purchase.amount app.py:Order>app.py:Purchase",
		{ "app.py", "class Order:\n" METHODS SHOW("    f"),
		  "class Purchase:\n"
		  "    def amount(self):\n"
		  "        return sum(line.price * line.count for line in self.lines)\n"
		  "    @property\n"
		  "    def lines(self):\n"
		  "        return self._lines\n"
		  "    def pay(self): pass\n" SHOW("    f") });
}
END_TEST

START_TEST(test_rename__in_doubt)
{
	/* Two that could be it. */
	RENAMES("", { "app.py", SHOW("show"), SHOW("one") SHOW("two") });
	RENAMES("", { "app.py", SHOW("one") SHOW("two"), SHOW("three") });
	/* The name decides between them. */
	RENAMES("app.py:one>new.py:one", { "app.py", SHOW("one") SHOW("two") "x = 1\ny = 2\n",
					   "x = 1\ny = 2\n" },
		{ "new.py", "z = 3\n", "z = 3\n" SHOW("one") });
	/* Too short to say anything. */
	RENAMES("", { "app.py", "def one():\n    return None\n", "def two():\n    return None\n" });
	/* The same name over another text. */
	RENAMES("", { "app.py", SHOW("show") "x = 1\n", "x = 1\n" },
		{ "new.py", "y = 1\n", "y = 1\ndef show(a):\n    for x in range(a):\n"
					"        print(x, end=', ')\n    print()\n" });
	/* One that stayed. */
	RENAMES("", { "app.py", SHOW("show"), SHOW("show") SHOW("copy") });
}
END_TEST

START_TEST(test_rename__no_such_commit)
{
	static const char *const none = "0123456789012345678901234567890123456789";
	struct error err = ERROR_INIT;
	struct repository *r;
	struct rename_map map;

	begin();
	commit(10, "one");
	commit(20, "two");
	git(30, "git clone -q --depth 1 file://$PWD ../shallow");
	r = repository_open(at("shallow"), &err);
	ck_assert_int_eq(rename_find(r, hash_of("HEAD^"), hash_of("HEAD"), &map, &arena, &err), -1);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "git fetch --unshallow"));
	repository_close(r);
	r = repository_open(at("repo"), &err);
	ck_assert_int_eq(rename_find(r, hash_of("HEAD"), none, &map, &arena, &err), -1);
	ck_assert_str_eq(err.text, "commit 0123456789 is not in the repository");
	ck_assert_int_eq(rename_find(r, "HEAD", none, &map, &arena, &err), -1);
	repository_close(r);
	scratch_end();
}
END_TEST

START_TEST(test_rename__out_of_memory)
{
	struct rename_map map;
	struct repository *r;
	const char *old, *new;
	int rc = -1;

	begin();
	put("app.py", SHOW("show"));
	git(10, "git add -A && git commit -q -m x");
	put("app.py", SHOW("page"));
	git(20, "git add -A && git commit -q -m x");
	r = repository_open(at("repo"), &(struct error)ERROR_INIT);
	old = hash_of("HEAD^");
	new = hash_of("HEAD");
	for (size_t n = 1; rc < 0; n++) {
		struct error err = ERROR_INIT;

		mem_fail_at(n, true);
		rc = rename_find(r, old, new, &map, &arena, &err);
		mem_fail_at(0, false);
		ck_assert_int_eq(rc < 0 ? err.code : ERR_NOMEM, ERR_NOMEM);
		ck_assert(rc < 0 || map.n == 1);
		arena_release(&arena);
	}
	repository_close(r);
	scratch_end();
}
END_TEST

UNIT_MAIN("git/rename", test_rename__files, test_rename__functions, test_rename__classes,
	  test_rename__in_doubt, test_rename__no_such_commit, test_rename__out_of_memory)
