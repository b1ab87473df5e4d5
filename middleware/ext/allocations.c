#include "allocations.h"

#include "compat.h"

#include <stdbool.h>

__thread int64_t allocations_count;
__thread int64_t allocations_bytes;

static const PyMemAllocatorDomain domains[] = { PYMEM_DOMAIN_MEM, PYMEM_DOMAIN_OBJ };

enum { NDOMAINS = sizeof domains / sizeof domains[0] };

static PyMemAllocatorEx originals[NDOMAINS];
static unsigned nwatching;

static inline void count(size_t size)
{
	allocations_count++;
	allocations_bytes += (int64_t)size;
}

static void *counted_malloc(void *ctx, size_t size)
{
	const PyMemAllocatorEx *original = ctx;

	count(size);
	return original->malloc(original->ctx, size);
}

static void *counted_calloc(void *ctx, size_t n, size_t size)
{
	const PyMemAllocatorEx *original = ctx;

	count(n * size);
	return original->calloc(original->ctx, n, size);
}

static void *counted_realloc(void *ctx, void *p, size_t size)
{
	const PyMemAllocatorEx *original = ctx;

	count(size);
	return original->realloc(original->ctx, p, size);
}

static void plain_free(void *ctx, void *p)
{
	const PyMemAllocatorEx *original = ctx;

	original->free(original->ctx, p);
}

static bool is_installed(PyMemAllocatorDomain domain)
{
	PyMemAllocatorEx now;

	PyMem_GetAllocator(domain, &now);
	return now.malloc == counted_malloc;
}

void allocations_watch(void)
{
	if (nwatching++ != 0)
		return;
	for (int i = 0; i < NDOMAINS; i++) {
		PyMemAllocatorEx counted = { &originals[i], counted_malloc, counted_calloc,
					     counted_realloc, plain_free };

		/* Left from before, below someone else's: it still counts. */
		if (originals[i].malloc != NULL)
			continue;
		PyMem_GetAllocator(domains[i], &originals[i]);
		PyMem_SetAllocator(domains[i], &counted);
	}
}

void allocations_unwatch(void)
{
	if (nwatching == 0 || --nwatching != 0)
		return;
	/* If tracemalloc came after us it goes on calling ours, which stay. */
	for (int i = 0; i < NDOMAINS; i++) {
		if (!is_installed(domains[i]))
			continue;
		PyMem_SetAllocator(domains[i], &originals[i]);
		originals[i].malloc = NULL;
	}
}
