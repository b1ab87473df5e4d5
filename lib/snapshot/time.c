/* time.c -- points in time as RFC 3339 text. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/localtime.h"
#include "snapshot/manifest.h"

enum { NS_PER_S = 1000000000 };

/* Days from 1970-01-01 to a date of the Gregorian calendar. */
static int64_t days_from_civil(int64_t year, int month, int day)
{
	/* A year that begins in March has its leap day last. */
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	       day_of_year - 719468;
}

void time_format(struct buf *out, int64_t unix_ns)
{
	int64_t seconds = unix_ns / NS_PER_S, ns = unix_ns % NS_PER_S;
	long offset = 0;
	struct tm tm;

	if (ns < 0) {
		ns += NS_PER_S;
		seconds--;
	}
	memset(&tm, 0, sizeof tm);
	if (localtime_get((time_t)seconds, &tm))
		/* RFC 3339 knows no seconds in a zone; some old ones had them. */
		offset = tm.tm_gmtoff / 60;
	buf_printf(out, "%04d-%02d-%02dT%02d:%02d:%02d.%09lld%c%02ld:%02ld", tm.tm_year + 1900,
		   tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (long long)ns,
		   offset < 0 ? '-' : '+', labs(offset) / 60, labs(offset) % 60);
}

/* Reads `n` digits; -1 when there are fewer or the number is out of range. */
static int take_number(const char **s, int n, int least, int most)
{
	int value = 0;

	for (int i = 0; i < n; i++, (*s)++) {
		if (**s < '0' || **s > '9')
			return -1;
		value = value * 10 + (**s - '0');
	}
	return value < least || value > most ? -1 : value;
}

static int take_char(const char **s, const char *allowed)
{
	if (**s == '\0' || strchr(allowed, **s) == NULL)
		return -1;
	(*s)++;
	return 0;
}

static int take_fraction(const char **s, int64_t *ns)
{
	int64_t unit = NS_PER_S / 10;

	*ns = 0;
	if (**s != '.')
		return 0;
	(*s)++;
	if (**s < '0' || **s > '9')
		return -1;
	for (; **s >= '0' && **s <= '9'; (*s)++, unit /= 10)
		*ns += (**s - '0') * unit;
	return 0;
}

static int take_zone(const char **s, int64_t *offset_s)
{
	int hours, minutes, sign = **s == '-' ? -1 : 1;

	*offset_s = 0;
	if (take_char(s, "Zz") == 0)
		return 0;
	if (take_char(s, "+-") < 0 || (hours = take_number(s, 2, 0, 23)) < 0 ||
	    take_char(s, ":") < 0 || (minutes = take_number(s, 2, 0, 59)) < 0)
		return -1;
	*offset_s = sign * (hours * 3600 + minutes * 60);
	return 0;
}

int time_parse(const char *s, int64_t *unix_ns)
{
	int year, month, day, hour, minute, second;
	int64_t ns, offset, seconds;

	if ((year = take_number(&s, 4, 1700, 2261)) < 0 || take_char(&s, "-") < 0 ||
	    (month = take_number(&s, 2, 1, 12)) < 0 || take_char(&s, "-") < 0 ||
	    (day = take_number(&s, 2, 1, 31)) < 0 || take_char(&s, "Tt ") < 0 ||
	    (hour = take_number(&s, 2, 0, 23)) < 0 || take_char(&s, ":") < 0 ||
	    (minute = take_number(&s, 2, 0, 59)) < 0 || take_char(&s, ":") < 0 ||
	    (second = take_number(&s, 2, 0, 60)) < 0)
		return -1;
	if (take_fraction(&s, &ns) < 0 || take_zone(&s, &offset) < 0 || *s != '\0')
		return -1;
	seconds = days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
	*unix_ns = (seconds - offset) * NS_PER_S + ns;
	return 0;
}
