#include "base/mem.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

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

size_t mem_fail_at(size_t n, bool forever)
{
	atomic_store(&fail_at, n);
	atomic_store(&fail_forever, forever);
	atomic_store(&counting, true);
	return atomic_exchange(&counted, 0);
}
