#include "base/mem.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#include <sys/mman.h>
#endif

/* 0: never fail. The counter runs only while a test has armed it, so that a
 * web server's threads do not share a cache line for nothing. */
static atomic_size_t fail_at;
static atomic_size_t counted;
static atomic_bool fail_forever;
static atomic_bool counting;

static bool must_fail(void)
{
	size_t at, n;

	if (!atomic_load_explicit(&counting, memory_order_relaxed))
		return false;
	at = atomic_load(&fail_at);
	n = atomic_fetch_add(&counted, 1) + 1;
	return at != 0 && (n == at || (n > at && atomic_load(&fail_forever)));
}

/* Of the one thread that reads options. */
static bool owns_process;
static size_t expected;

/* Less than EXPECT_MIN has come in small pages before a huge one is cleared. */
enum {
	HUGE_PAGE = 2 << 20, MALLOC_WORD = 16,
	EXPECT_MIN = 512 << 10, EXPECT_MAX = 16 << 20, MOVES_FROM = 4 << 20
};

#if defined(__GLIBC__) && defined(MADV_HUGEPAGE)
/* Whole pages, those of the ends too: a mapping in parts could not be moved. Only a wish: a
 * kernel without huge pages does as ever. */
static void wish_huge(const void *p, size_t size)
{
	const uintptr_t page = 4096, at = (uintptr_t)p;
	uintptr_t from = at / page * page, to = (at + size + page - 1) / page * page;

	madvise((void *)from, to - from, MADV_HUGEPAGE);
}

static void *grant(void *p, size_t size)
{
	if (size >= MOVES_FROM && owns_process && p != NULL)
		wish_huge(p, malloc_usable_size(p));
	return p;
}
#else
static void *grant(void *p, size_t size)
{
	(void)size;
	return p;
}
#endif

void *mem_alloc(size_t size)
{
	return must_fail() ? NULL : grant(malloc(size ? size : 1), size);
}

void *mem_zalloc(size_t size)
{
	return must_fail() ? NULL : grant(calloc(1, size ? size : 1), size);
}

void *mem_realloc(void *old, size_t size)
{
	void *p = must_fail() ? NULL : realloc(old, size ? size : 1);

	/* What grows is larger than it need be. */
	return old == NULL ? grant(p, size) : p;
}

void *mem_array(void *old, size_t n, size_t size)
{
	if (size != 0 && n > SIZE_MAX / size)
		return NULL;
	return mem_realloc(old, n * size);
}

void mem_free(void *p)
{
	free(p);
}

void *mem_grow(void *array, size_t *cap, size_t need, size_t size)
{
	size_t want = *cap < 8 ? 8 : *cap;

	if (need <= *cap && array != NULL)
		return array;
	while (want < need) {
		if (want > SIZE_MAX - want / 2)
			return NULL;
		want += want / 2;
	}
	return mem_reserve(array, cap, want, size);
}

void *mem_reserve(void *array, size_t *cap, size_t n, size_t size)
{
	void *grown;

	if (n <= *cap && array != NULL)
		return array;
	grown = mem_array(array, n, size);
	if (grown != NULL)
		*cap = n;
	return grown;
}

void mem_own_process(void)
{
	owns_process = true;
}

#if defined(__GLIBC__) && defined(MADV_HUGEPAGE)
/* Takes what lies before the next huge page, and never touches it, so that what is asked
 * for later begins there. malloc's own word about that lies before it: a page that was
 * touched is a small one for ever. Such a word lay behind the room of the time before as
 * well, which was at most half of this. NULL when the heap does not grow at its end. */
static void *align_heap(size_t bytes)
{
	static char *taken; /* for good, and no leak */
	static char *touched;
	size_t size = bytes + HUGE_PAGE + (touched ? bytes / 2 + HUGE_PAGE : 0), before;
	char *room = malloc(size), *from = room < touched ? touched : room;
	bool grows;

	before = (size_t)(from - room) + HUGE_PAGE - (uintptr_t)from % HUGE_PAGE;
	touched = room + size;
	free(room);
	if (room == NULL)
		return NULL;
	taken = malloc(before - MALLOC_WORD);
	grows = taken == room;
	if (!grows)
		free(taken);
	return grows ? taken + before : NULL;
}

void mem_expect(size_t bytes)
{
	void *room;

	if (!owns_process || bytes < EXPECT_MIN || bytes < 2 * expected)
		return;
	expected = bytes;
	bytes = bytes < EXPECT_MAX ? (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE : EXPECT_MAX;
	mallopt(M_TRIM_THRESHOLD, 2 * EXPECT_MAX);
	mallopt(M_MMAP_THRESHOLD, 2 * EXPECT_MAX);
	room = align_heap(bytes);
	/* What is larger than that has pages of its own, and grows without being copied. */
	mallopt(M_MMAP_THRESHOLD, MOVES_FROM);
	if (room != NULL)
		wish_huge(room, bytes);
}

void mem_reuse(void)
{
	if (expected != 0)
		mallopt(M_MMAP_THRESHOLD, 2 * EXPECT_MAX);
}
#else
void mem_expect(size_t bytes)
{
	expected = owns_process ? bytes : 0;
}

void mem_reuse(void)
{
}
#endif

#ifdef MADV_DONTNEED
void mem_forget(void *p, size_t size)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t from = ((uintptr_t)p + page - 1) / page * page;
	uintptr_t to = ((uintptr_t)p + size) / page * page;

	if (to > from)
		madvise((void *)from, to - from, MADV_DONTNEED);
}
#else
void mem_forget(void *p, size_t size)
{
	(void)p;
	(void)size;
}
#endif

size_t mem_fail_at(size_t n, bool forever)
{
	atomic_store(&fail_at, n);
	atomic_store(&fail_forever, forever);
	atomic_store(&counting, true);
	return atomic_exchange(&counted, 0);
}
