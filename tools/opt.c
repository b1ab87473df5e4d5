#include "opt.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"

enum { OPTION_MAX = 32, WORDS_MAX = 64 };

static int unknown_option(const struct usage *usage, const char *word, size_t len,
			  struct error *err)
{
	const char *names[WORDS_MAX + 2];
	char typed[OPTION_MAX + 1];
	const char *meant = NULL;
	size_t n = 0;

	names[n++] = "help";
	for (const struct opt *o = usage->options; o && o->name && n < WORDS_MAX; o++)
		names[n++] = o->name;
	names[n] = NULL;
	if (len <= OPTION_MAX) {
		memcpy(typed, word, len);
		typed[len] = '\0';
		meant = nearest_word(typed, names);
	}
	if (meant != NULL)
		return error_set(err, ERR_NOT_FOUND, "unknown option --%.*s; did you mean --%s?",
				 (int)len, word, meant);
	return error_set(err, ERR_NOT_FOUND, "unknown option --%.*s", (int)len, word);
}

static int bad_choice(const struct opt *o, const char *value, struct error *err)
{
	const char *meant = nearest_word(value, o->choices);
	char all[160] = "";
	size_t used = 0;

	if (meant != NULL)
		return error_set(err, ERR_FORMAT, "--%s: unknown '%s'; did you mean '%s'?",
				 o->name, value, meant);
	for (const char *const *c = o->choices; *c != NULL && used < sizeof all; c++)
		used += (size_t)snprintf(all + used, sizeof all - used, "%s%s",
					 used ? ", " : "", *c);
	return error_set(err, ERR_FORMAT, "--%s: '%s' is none of %s", o->name, value, all);
}

/* The index of a choice. In a list its beginning will do, as pstats takes it. */
static int find_choice(const struct opt *o, const char *value, bool shortened, unsigned *at,
		       struct error *err)
{
	size_t len = strlen(value);
	unsigned nfound = 0;

	for (unsigned i = 0; o->choices[i] != NULL; i++) {
		if (strcmp(o->choices[i], value) == 0) {
			*at = i;
			return 0;
		}
	}
	for (unsigned i = 0; shortened && len != 0 && o->choices[i] != NULL; i++) {
		if (strncmp(o->choices[i], value, len) == 0) {
			*at = i;
			nfound++;
		}
	}
	return nfound == 1 ? 0 : bad_choice(o, value, err);
}

static int add_choices(struct opt_list *out, const struct opt *o, const char *value,
		       struct error *err)
{
	char word[OPTION_MAX + 1];

	for (;;) {
		size_t len = strcspn(value, ",");

		if (out->n == OPT_LIST_MAX)
			return error_set(err, ERR_FORMAT, "--%s: more than %d", o->name, OPT_LIST_MAX);
		snprintf(word, sizeof word, "%.*s", (int)len, value);
		if (find_choice(o, word, true, &out->at[out->n], err) < 0)
			return -1;
		out->n++;
		if (value[len] == '\0')
			return 0;
		value += len + 1;
	}
}

static int set_number(unsigned *out, const struct opt *o, const char *value, struct error *err)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(value, &end, 10);
	if (value[0] < '0' || value[0] > '9' || *end != '\0')
		return error_set(err, ERR_FORMAT, "--%s: '%s' is not a whole number", o->name,
				 value);
	if (errno == ERANGE || n > UINT_MAX)
		return error_set(err, ERR_FORMAT, "--%s: %s is too large", o->name, value);
	*out = (unsigned)n;
	return 0;
}

static int set_percent(double *out, const struct opt *o, const char *value, struct error *err)
{
	char *end;
	double percent = strtod(value, &end);

	if (end != value && end[0] == '%')
		end++;
	/* "not (0 <= x <= 100)" also refuses a NaN. */
	if (end == value || *end != '\0' || !(percent >= 0 && percent <= 100))
		return error_set(err, ERR_FORMAT, "--%s: '%s' is not a percentage from 0 to 100",
				 o->name, value);
	*out = percent;
	return 0;
}

static int set_value(const struct opt *o, void *values, const char *value, struct error *err)
{
	void *member = (char *)values + o->offset;

	switch (o->kind) {
	case OPT_FLAG:
		*(bool *)member = true;
		return 0;
	case OPT_TEXT:
		if (*value == '\0')
			return error_set(err, ERR_FORMAT, "--%s: %s is empty", o->name, o->arg);
		*(const char **)member = value;
		return 0;
	case OPT_NUMBER:
		return set_number(member, o, value, err);
	case OPT_PERCENT:
		return set_percent(member, o, value, err);
	case OPT_CHOICE:
		return find_choice(o, value, false, member, err);
	case OPT_LIST:
		return add_choices(member, o, value, err);
	}
	return 0;
}

struct parser {
	const struct usage *usage;
	void *values;
	int argc, at; /* argv[at] is looked at */
	char **argv;
};

/* The option's value: what stands behind '=' or the letter, else the next word. */
static int take_value(struct parser *p, const struct opt *o, const char *attached,
		      struct error *err)
{
	if (attached == NULL && o->kind != OPT_FLAG) {
		if (p->at + 1 >= p->argc)
			return error_set(err, ERR_FORMAT, "--%s needs %s", o->name, o->arg);
		attached = p->argv[++p->at];
	}
	return set_value(o, p->values, attached, err);
}

static int parse_long(struct parser *p, struct error *err)
{
	const char *word = p->argv[p->at] + 2;
	size_t len = strcspn(word, "=");
	const char *value = word[len] == '=' ? word + len + 1 : NULL;

	if (strcmp(word, "help") == 0)
		return OPT_HELP;
	for (const struct opt *o = p->usage->options; o && o->name; o++) {
		if (strlen(o->name) != len || strncmp(o->name, word, len) != 0)
			continue;
		if (o->kind == OPT_FLAG && value != NULL)
			return error_set(err, ERR_FORMAT, "--%s takes no value", o->name);
		return take_value(p, o, value, err);
	}
	return unknown_option(p->usage, word, len, err);
}

/* "-n30", "-n 30", and flags run together. */
static int parse_letters(struct parser *p, struct error *err)
{
	const char *letter = p->argv[p->at] + 1;

	for (; *letter != '\0'; letter++) {
		const struct opt *o = p->usage->options;

		if (*letter == 'h')
			return OPT_HELP;
		while (o && o->name && o->letter != *letter)
			o++;
		if (o == NULL || o->name == NULL)
			return error_set(err, ERR_NOT_FOUND, "unknown option -%.*s",
					 (*letter & 0x80) ? (int)strlen(letter) : 1, letter);
		if (o->kind != OPT_FLAG)
			return take_value(p, o, letter[1] ? letter + 1 : NULL, err);
		if (set_value(o, p->values, NULL, err) < 0)
			return -1;
	}
	return 0;
}

static int check_operands(const struct usage *usage, int n, char **argv, struct error *err)
{
	if (n < usage->min)
		return error_set(err, ERR_FORMAT, "expects %s", usage->operands);
	if (n > usage->max) {
		if (usage->max == 0)
			return error_set(err, ERR_FORMAT, "takes no '%s'", argv[usage->max]);
		return error_set(err, ERR_FORMAT, "'%s' is one too many: expects %s",
				 argv[usage->max], usage->operands);
	}
	return n;
}

int opt_parse(const struct usage *usage, void *values, int argc, char **argv,
	      struct error *err)
{
	struct parser p = { usage, values, argc, 1, argv };
	bool only_operands = false;
	int noperands = 0, rc;

	for (; p.at < argc; p.at++) {
		char *word = argv[p.at];

		if (only_operands || word[0] != '-' || word[1] == '\0') {
			argv[noperands++] = word;
			continue;
		}
		if (strcmp(word, "--") == 0) {
			only_operands = true;
			continue;
		}
		rc = word[1] == '-' ? parse_long(&p, err) : parse_letters(&p, err);
		if (rc < 0)
			return rc;
	}
	return check_operands(usage, noperands, argv, err);
}
