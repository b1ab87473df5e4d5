#include "snapshot/folder.h"

#include <errno.h>
#include <sys/wait.h>

#include "scratch.h"

static void make(const char *path)
{
	ck_assert_msg(mkdir(path, 0700) == 0, "%s", path);
}

START_TEST(test_folder__list)
{
	struct folder_list l;
	struct error err = ERROR_INIT;
	const struct folder_entry *e;

	scratch_begin();
	make(at("b"));
	put_file(at("c"), "12345");
	put_file(at(".a"), "");
	ck_assert_int_eq(symlink("/etc", at("link")), 0);
	set_mtime(at("c"), 1000);
	ck_assert_int_eq(folder_list_read(&l, scratch, &err), 0);
	ck_assert_uint_eq(l.n, 4);
	ck_assert_str_eq(l.entries[0].name, ".a");
	ck_assert_str_eq(l.entries[3].name, "link");
	e = folder_list_find(&l, "c");
	ck_assert(e->is_file && !e->is_folder);
	ck_assert_uint_eq(e->size, 5);
	ck_assert_int_eq(e->mtime_ns, 1000000000000);
	ck_assert(folder_list_find(&l, "b")->is_folder);
	e = folder_list_find(&l, "link");
	ck_assert(!e->is_file && !e->is_folder);
	ck_assert_ptr_null(folder_list_find(&l, "d"));
	folder_list_release(&l);
	ck_assert_int_eq(folder_list_read(&l, at("d"), &err), -1);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	ck_assert_int_eq(folder_list_read(&l, at("c"), &err), -1);
	scratch_end();
}
END_TEST

START_TEST(test_folder__list_out_of_memory)
{
	struct error err = ERROR_INIT;
	struct folder_list l;
	int rc = -1;

	scratch_begin();
	for (int i = 0; i < 20; i++)
		make(at("folder%d", i));
	for (size_t n = 1; rc < 0; n++) {
		mem_fail_at(n, true);
		rc = folder_list_read(&l, scratch, &err);
		mem_fail_at(0, false);
		ck_assert_int_eq(rc < 0 ? err.code : ERR_NOMEM, ERR_NOMEM);
	}
	folder_list_release(&l);
	scratch_end();
}
END_TEST

START_TEST(test_folder__make)
{
	struct error err = ERROR_INIT;
	struct stat st;
	bool made;

	scratch_begin();
	ck_assert_int_eq(folder_make(at("a/b//c/"), &made, &err), 0);
	ck_assert(made);
	ck_assert_int_eq(stat(at("a/b/c"), &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0700);
	ck_assert_int_eq(folder_make(at("a/b/c"), &made, &err), 0);
	ck_assert(!made);
	put_file(at("file"), "");
	ck_assert_int_eq(folder_make(at("file"), &made, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "no folder"));
	ck_assert_int_eq(folder_make(at("file/x"), &made, &err), -1);
	ck_assert_int_eq(folder_make("", &made, &err), -1);
	/* A link to a folder is what the user wants; one to nothing is not. */
	ck_assert_int_eq(symlink("a", at("link")), 0);
	ck_assert_int_eq(folder_make(at("link"), &made, &err), 0);
	ck_assert_int_eq(symlink("nowhere", at("broken")), 0);
	ck_assert_int_eq(folder_make(at("broken"), &made, &err), -1);
	scratch_end();
}
END_TEST

typedef int rename_function(const char *from, const char *to);

static void renames(rename_function *move)
{
	scratch_begin();
	make(at("from"));
	put_file(at("from/file"), "");
	/* Plain rename() replaces an empty folder and says nothing. */
	make(at("empty"));
	make(at("full"));
	put_file(at("full/mine"), "");
	put_file(at("file"), "");
	ck_assert_int_eq(symlink("nowhere", at("link")), 0);
	ck_assert_int_eq(move(at("from"), at("empty")), -1);
	ck_assert_int_eq(errno, EEXIST);
	ck_assert_int_eq(move(at("from"), at("full")), -1);
	ck_assert_int_eq(errno, EEXIST);
	ck_assert_int_eq(move(at("from"), at("file")), -1);
	ck_assert_int_eq(errno, EEXIST);
	ck_assert_int_eq(move(at("from"), at("link")), -1);
	ck_assert_int_eq(errno, EEXIST);
	ck_assert_int_eq(move(at("nothing"), at("to")), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(move(at("from"), at("to")), 0);
	ck_assert(is_there(at("to/file")));
	ck_assert(!is_there(at("from")));
	scratch_end();
}

START_TEST(test_folder__rename_replaces_nothing)
{
	renames(folder_rename);
}
END_TEST

START_TEST(test_folder__rename_checked_replaces_nothing)
{
	renames(folder_rename_checked);
}
END_TEST

START_TEST(test_folder__remove_stays_inside)
{
	scratch_begin();
	make(at("outside"));
	put_file(at("outside/file"), "");
	make(at("gone"));
	make(at("gone/in"));
	put_file(at("gone/in/file"), "");
	ck_assert_int_eq(symlink("../outside", at("gone/link")), 0);
	ck_assert_int_eq(symlink("../../outside", at("gone/in/link")), 0);
	ck_assert_int_eq(folder_remove(at("gone")), 0);
	ck_assert(!is_there(at("gone")));
	ck_assert(is_there(at("outside/file")));
	/* Of a link the link goes. */
	ck_assert_int_eq(symlink("outside", at("link")), 0);
	ck_assert_int_eq(folder_remove(at("link")), 0);
	ck_assert(is_there(at("outside/file")));
	ck_assert_int_eq(folder_remove(at("nothing")), 0);
	scratch_end();
}
END_TEST

START_TEST(test_folder__remove_gives_up_on_depth)
{
	char deep[400];

	scratch_begin();
	snprintf(deep, sizeof deep, "%s", at("d"));
	for (int i = 0; i < 30; i++) {
		make(deep);
		strcat(deep, "/d");
	}
	ck_assert_int_eq(folder_remove(at("d")), -1);
	/* Each round takes the levels from below the limit. */
	ck_assert_int_eq(folder_remove(at("d/d/d/d/d/d/d/d/d/d/d/d/d/d/d")), 0);
	ck_assert_int_eq(folder_remove(at("d")), 0);
	scratch_end();
}
END_TEST

START_TEST(test_folder__hide)
{
	struct error err = ERROR_INIT;
	char *hidden, *again;

	scratch_begin();
	make(at("run"));
	put_file(at("run/file"), "");
	hidden = folder_hide(scratch, "run", &err);
	ck_assert_ptr_nonnull(hidden);
	ck_assert(folder_is_hidden_of_ours(path_base(hidden)));
	ck_assert(!is_there(at("run")));
	ck_assert_int_eq(count_entries(hidden), 1);
	ck_assert_ptr_null(folder_hide(scratch, "run", &err));
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	make(at("run"));
	again = folder_hide(scratch, "run", &err);
	ck_assert_str_ne(again, hidden);
	mem_free(hidden);
	mem_free(again);
	ck_assert(!folder_is_hidden_of_ours(".git"));
	scratch_end();
}
END_TEST

START_TEST(test_folder__write_file)
{
	static const struct bytes content = { (const uint8_t *)"new", 3 };
	struct error err = ERROR_INIT;
	struct stat st;

	scratch_begin();
	put_file(at("other"), "other");
	ck_assert_int_eq(symlink("other", at("file")), 0);
	ck_assert_int_eq(folder_write_file(scratch, "file", content, &err), 0);
	ck_assert_str_eq(get_file(at("file")), "new");
	/* The link was replaced, not what it led to. */
	ck_assert_str_eq(get_file(at("other")), "other");
	ck_assert_int_eq(lstat(at("file"), &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	make(at("folder"));
	ck_assert_int_eq(folder_write_file(scratch, "folder", content, &err), -1);
	ck_assert_uint_eq(count_entries(scratch), 3);
	ck_assert_int_eq(folder_write_file(at("nowhere"), "file", content, &err), -1);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	scratch_end();
}
END_TEST

START_TEST(test_folder__new_file)
{
	struct error err = ERROR_INIT;
	struct stat st;
	char *path;
	int fd;

	scratch_begin();
	fd = folder_new_file(scratch, &path, &err);
	ck_assert_int_ge(fd, 0);
	ck_assert(folder_is_hidden_of_ours(strrchr(path, '/') + 1));
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	ck_assert_uint_eq(count_entries(scratch), 1);
	close(fd);
	mem_free(path);
	ck_assert_int_eq(folder_new_file(at("nowhere"), &path, &err), -1);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	ck_assert_ptr_null(path);
	scratch_end();
}
END_TEST

START_TEST(test_folder__read_file_follows_no_link)
{
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT;

	scratch_begin();
	put_file(at("file"), "text");
	ck_assert_int_eq(symlink("file", at("link")), 0);
	ck_assert_int_eq(mkfifo(at("fifo"), 0600), 0);
	ck_assert_int_eq(folder_read_file(&out, at("file"), 4, &err), 0);
	ck_assert_str_eq(buf_str(&out), "text");
	ck_assert_int_eq(folder_read_file(&out, at("link"), 4, &err), -1);
	ck_assert_int_eq(err.code, ERR_REFUSED);
	ck_assert_int_eq(folder_read_file(&out, at("fifo"), 4, &err), -1);
	ck_assert_int_eq(folder_read_file(&out, at("file"), 3, &err), -1);
	buf_release(&out);
	scratch_end();
}
END_TEST

START_TEST(test_folder__lock)
{
	struct error err = ERROR_INIT;
	int lock, pipes[2], status;
	pid_t child;
	char c;

	scratch_begin();
	lock = folder_lock(at(".lock"), &err);
	ck_assert_int_ge(lock, 0);
	ck_assert_int_eq(pipe(pipes), 0);
	/* The child inherits the lock's file, and does not keep the lock by it. */
	child = fork();
	if (child == 0) {
		close(pipes[1]);
		_exit(read(pipes[0], &c, 1) == 0 ? 0 : 1);
	}
	ck_assert_int_eq(folder_lock(at(".lock"), &err), -1);
	ck_assert_int_eq(err.code, ERR_IO);
	ck_assert_ptr_nonnull(strstr(err.text, "holds the lock"));
	folder_unlock(lock);
	lock = folder_lock(at(".lock"), &err);
	ck_assert_int_ge(lock, 0);
	folder_unlock(lock);
	close(pipes[1]);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(folder_lock(at("nowhere/.lock"), &err), -1);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	folder_unlock(-1);
	scratch_end();
}
END_TEST

UNIT_MAIN("snapshot/folder", test_folder__list, test_folder__list_out_of_memory,
	  test_folder__make, test_folder__rename_replaces_nothing,
	  test_folder__rename_checked_replaces_nothing, test_folder__remove_stays_inside,
	  test_folder__remove_gives_up_on_depth, test_folder__hide, test_folder__write_file,
	  test_folder__new_file, test_folder__read_file_follows_no_link, test_folder__lock)
