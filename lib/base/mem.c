#include "base/mem.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
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

void *mem_alloc(size_t size)
{
	return must_fail() ? NULL : malloc(size ? size : 1);
}

void *mem_zalloc(size_t size)
{
	return must_fail() ? NULL : calloc(1, size ? size : 1);
}

void *mem_realloc(void *old, size_t size)
{
	return must_fail() ? NULL : realloc(old, size ? size : 1);
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
	void *grown;

	if (need <= *cap && array != NULL)
		return array;
	while (want < need) {
		if (want > SIZE_MAX - want / 2)
			return NULL;
		want += want / 2;
	}
	grown = mem_array(array, want, size);
	if (grown != NULL)
		*cap = want;
	return grown;
}

/* Of the one thread that reads options. */
static bool owns_process;
static size_t expected;

enum { PAGE = 4096, EXPECT_MAX = 32 << 20, MOVES_FROM = 4 << 20 };

void mem_own_process(void)
{
	owns_process = true;
}

#if defined(__GLIBC__) && defined(MADV_POPULATE_WRITE)
void mem_expect(size_t bytes)
{
	uintptr_t from, to;
	void *room;

	bytes = bytes < EXPECT_MAX ? bytes : EXPECT_MAX;
	if (!owns_process || bytes <= expected)
		return;
	expected = bytes;
	mallopt(M_TRIM_THRESHOLD, 2 * EXPECT_MAX);
	mallopt(M_MMAP_THRESHOLD, EXPECT_MAX);
	room = malloc(bytes);
	/* What is larger than that grows without being copied. */
	mallopt(M_MMAP_THRESHOLD, MOVES_FROM);
	if (room == NULL)
		return;
	from = ((uintptr_t)room + PAGE - 1) / PAGE * PAGE;
	to = ((uintptr_t)room + bytes) / PAGE * PAGE;
	if (to > from) {
		/* Both are wishes: a kernel that does not know them does as ever. */
		madvise((void *)from, to - from, MADV_HUGEPAGE);
		madvise((void *)from, to - from, MADV_POPULATE_WRITE);
	}
	free(room);
}
#else
void mem_expect(size_t bytes)
{
	expected = owns_process ? bytes : 0;
}
#endif

size_t mem_fail_at(size_t n, bool forever)
{
	atomic_store(&fail_at, n);
	atomic_store(&fail_forever, forever);
	atomic_store(&counting, true);
	return atomic_exchange(&counted, 0);
}
