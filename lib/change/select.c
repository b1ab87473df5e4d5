#include "change/select.h"

static int64_t middle_of(int64_t a, int64_t b, int64_t c)
{
	if (a < b)
		return b < c ? b : a < c ? c : a;
	return a < c ? a : b < c ? c : b;
}

/* Parts v[low..high] so that v[low..j] <= pivot <= v[j + 1..high]; returns j, which is
 * less than high. The pivot is one of v[low..high], and its greatest only where there is
 * another such before the last. */
static size_t part(int64_t *v, size_t low, size_t high, int64_t pivot)
{
	size_t i = low, j = high;

	for (;;) {
		int64_t t;

		while (v[i] < pivot)
			i++;
		while (v[j] > pivot)
			j--;
		if (i >= j)
			return j;
		t = v[i];
		v[i++] = v[j];
		v[j--] = t;
	}
}

int64_t select_nth(int64_t *v, size_t n, size_t k)
{
	size_t low = 0, high = n - 1;

	while (low < high) {
		/* Of three, so that times in order are no bad case. */
		int64_t pivot = middle_of(v[low], v[low + (high - low) / 2], v[high]);
		size_t j = part(v, low, high, pivot);

		if (k <= j)
			high = j;
		else
			low = j + 1;
	}
	return v[k];
}

int64_t select_median(int64_t *v, size_t n)
{
	int64_t high = select_nth(v, n, n / 2), low;

	if (n % 2 != 0)
		return high;
	/* The other is the greatest of those before. */
	low = v[0];
	for (size_t i = 1; i < n / 2; i++)
		low = v[i] > low ? v[i] : low;
	/* Of hostile files the two may be any numbers. */
	return (low & high) + ((low ^ high) >> 1);
}
