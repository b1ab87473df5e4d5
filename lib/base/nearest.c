#include "base/nearest.h"

#include <string.h>

enum { WORD_MAX = 128 };

static int min3(int a, int b, int c)
{
	int least = a < b ? a : b;

	return least < c ? least : c;
}

/* Insertions, deletions, changes, and swaps of neighbours between two words. */
static int edit_distance(const char *a, const char *b)
{
	int rows[3][WORD_MAX + 1];
	int *before = rows[0], *last = rows[1], *now = rows[2], *swap;
	int na = (int)strlen(a), nb = (int)strlen(b);

	for (int j = 0; j <= nb; j++)
		last[j] = j;
	for (int i = 1; i <= na; i++) {
		now[0] = i;
		for (int j = 1; j <= nb; j++) {
			now[j] = min3(last[j] + 1, now[j - 1] + 1,
				      last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = now[j] < before[j - 2] + 1 ? now[j] : before[j - 2] + 1;
		}
		swap = before;
		before = last;
		last = now;
		now = swap;
	}
	return last[nb];
}

const char *nearest_word(const char *typed, const char *const *words)
{
	const char *best = NULL;
	size_t len = strlen(typed);
	int least = len < 6 ? 2 : 3; /* further off is another word */

	if (len > WORD_MAX)
		return NULL;
	for (; *words != NULL; words++) {
		int distance;

		if (strlen(*words) > WORD_MAX)
			continue;
		distance = edit_distance(typed, *words);
		/* The beginning of a word is that word: "--lim". */
		if (len >= 2 && strncmp(*words, typed, len) == 0)
			distance = 1;
		if (distance < least && distance < (int)len) {
			least = distance;
			best = *words;
		}
	}
	return best;
}
