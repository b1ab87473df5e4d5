/* mem.h -- the one door to the heap, so that tests can make the n-th
 * allocation fail and see that nothing breaks. Thread-safe.
 */
#ifndef CPROF_BASE_MEM_H
#define CPROF_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

/* As malloc, calloc, realloc and free; the first three return NULL without
 * memory. mem_array multiplies with an overflow check. */
void *mem_alloc(size_t size);
void *mem_zalloc(size_t size);
void *mem_realloc(void *old, size_t size);
void *mem_array(void *old, size_t n, size_t size);
void mem_free(void *p);

/* Makes room for `need` items of `size` bytes in an array that grows by half:
 * returns the array, moved perhaps, with *cap updated; NULL without memory,
 * the old one then untouched. `*cap` is in items and starts at 0. */
void *mem_grow(void *array, size_t *cap, size_t need, size_t size);

/* The same of a size that is known: no more than that, where mem_grow leaves room. */
void *mem_reserve(void *array, size_t *cap, size_t n, size_t size);

/* For a command that has its process to itself: where mem_expect says that about so many
 * bytes are to be used up, those lie in huge pages, and what is freed is kept. Page by page
 * each first touch is a trap into the kernel, and those were a third of the time of reading
 * a profile. Without mem_own_process nothing happens. */
void mem_own_process(void);
void mem_expect(size_t bytes);

/* From now on what is large comes from what was freed, too, where it had pages of its own
 * that grow without being copied: for what begins when all has been read. */
void mem_reuse(void);

/* What is in these bytes is not needed any more, while the memory that they are a part of
 * stays: the system may take back its whole pages, and what they held is lost. */
void mem_forget(void *p, size_t size);

/* For tests: the n-th allocation from now fails (1 is the next), and all after
 * it too when `forever`. 0 turns it off. Returns how many allocations were
 * made since the last call. */
size_t mem_fail_at(size_t n, bool forever);

#endif
