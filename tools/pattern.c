#include "pattern.h"

#include <locale.h>
#include <string.h>

#include "base/mem.h"
#include "term.h"

struct translator {
	const char *at;
	struct buf out;
	bool can_repeat; /* there is something that a quantifier would be about */
	bool ignore_case;
	unsigned depth; /* of groups */
	const char *wrong; /* or NULL */
};

static void put(struct translator *t, const char *posix)
{
	buf_adds(&t->out, posix);
	t->can_repeat = true;
}

static void put_char(struct translator *t, char c)
{
	if (strchr("\\^$.[]|()*+?{}", c) != NULL)
		buf_addc(&t->out, '\\');
	buf_addc(&t->out, c);
	t->can_repeat = true;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The character that stands behind a backslash at t->at, or 0: it is a class or
 * nothing. Takes it. */
static char escaped_char(struct translator *t)
{
	static const char from[] = "ntrfva", to[] = "\n\t\r\f\v\a";
	const char *known = strchr(from, *t->at);

	if (*t->at == 'x' && hex(t->at[1]) >= 0 && hex(t->at[2]) >= 0) {
		char c = (char)(hex(t->at[1]) << 4 | hex(t->at[2]));

		t->at += 3;
		return c;
	}
	if (*t->at != '\0' && known != NULL) {
		t->at++;
		return to[known - from];
	}
	/* Letters and digits mean something, or may one day. */
	if ((*t->at >= '0' && *t->at <= '9') || (*t->at >= 'a' && *t->at <= 'z') ||
	    (*t->at >= 'A' && *t->at <= 'Z'))
		return '\0';
	return *t->at ? *t->at++ : '\0';
}

static void take_escape(struct translator *t)
{
	static const struct {
		char letter;
		const char *posix;
		bool repeats;
	} classes[] = {
		{ 'd', "[0-9]", true }, { 'D', "[^0-9]", true }, { 'w', "\\w", true },
		{ 'W', "\\W", true }, { 's', "[[:space:]]", true }, { 'S', "[^[:space:]]", true },
		{ 'b', "\\b", false }, { 'B', "\\B", false }, { 'A', "^", false },
		{ 'Z', "$", false }, { 'z', "$", false }
	};
	char c = escaped_char(t);

	if (c != '\0') {
		put_char(t, c);
		return;
	}
	for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
		if (classes[i].letter == *t->at) {
			t->at++;
			put(t, classes[i].posix);
			t->can_repeat = classes[i].repeats;
			return;
		}
	}
	t->wrong = *t->at >= '1' && *t->at <= '9' ? "references back are not understood here"
		 : *t->at ? "bad escape" : "bad escape at the end";
}

/* "{2}", "{2,}", "{,3}", "{2,3}" at `s`: its length, else 0: a brace is a brace. */
static size_t count_length(const char *s)
{
	size_t first = strspn(s + 1, "0123456789"), len = 1 + first;

	if (s[len] == ',')
		len += 1 + strspn(s + len + 1, "0123456789");
	return s[len] == '}' && len > 1 ? len + 1 : 0;
}

static void take_quantifier(struct translator *t)
{
	size_t len = *t->at == '{' ? count_length(t->at) : 1;

	if (len == 0) {
		put_char(t, *t->at++);
		return;
	}
	if (!t->can_repeat) {
		t->wrong = "nothing to repeat";
		return;
	}
	if (t->at[0] == '{' && t->at[1] == ',')
		buf_adds(&t->out, "{0");
	else
		buf_addc(&t->out, *t->at);
	buf_add(&t->out, t->at + 1, len - 1);
	t->at += len;
	/* Whether it takes as little as it can changes nothing about being found. */
	if (*t->at == '?')
		t->at++;
	else if (*t->at == '+')
		t->wrong = "possessive quantifiers are not understood here";
	t->can_repeat = false;
}

/* What is in brackets, in the order that POSIX wants: "]" first, "^" and "-" last. */
struct set {
	struct buf plain;
	bool bracket, open, caret, minus;
};

static void set_add(struct set *s, char c)
{
	s->bracket |= c == ']';
	s->open |= c == '[';
	s->caret |= c == '^';
	s->minus |= c == '-';
	if (strchr("][^-", c) == NULL)
		buf_addc(&s->plain, c);
}

/* One character of a set; false where it was a class, or wrong. */
static bool set_char(struct translator *t, struct set *s, char *c)
{
	if (*t->at != '\\') {
		*c = *t->at++;
		return true;
	}
	t->at++;
	if (*t->at == 'b') {
		t->at++;
		*c = '\b';
		return true;
	}
	*c = escaped_char(t);
	if (*c != '\0')
		return true;
	if (*t->at == 'd')
		buf_adds(&s->plain, "0-9");
	else if (*t->at == 'w')
		buf_adds(&s->plain, "[:alnum:]_");
	else if (*t->at == 's')
		buf_adds(&s->plain, "[:space:]");
	else
		t->wrong = *t->at ? "such an escape is not understood in brackets" : "unterminated set";
	t->at += *t->at != '\0';
	return false;
}

static void set_item(struct translator *t, struct set *s)
{
	char first, last;

	if (!set_char(t, s, &first))
		return;
	if (t->at[0] != '-' || t->at[1] == ']' || t->at[1] == '\0') {
		set_add(s, first);
		return;
	}
	t->at++;
	if (!set_char(t, s, &last)) {
		t->wrong = t->wrong ? t->wrong : "bad range in brackets";
	} else if ((unsigned char)last < (unsigned char)first) {
		t->wrong = "bad range in brackets";
	} else if (first == ']' || first == '[' || first == '^' || last == '-' || last == '[') {
		for (int c = (unsigned char)first; c <= (unsigned char)last; c++)
			set_add(s, (char)c);
	} else {
		buf_addc(&s->plain, first);
		buf_addc(&s->plain, '-');
		buf_addc(&s->plain, last);
	}
}

static void take_set(struct translator *t)
{
	struct set s = { BUF_INIT, false, false, false, false };
	bool negated = *++t->at == '^';

	t->at += negated;
	do
		set_item(t, &s);
	while (t->wrong == NULL && *t->at != ']' && *t->at != '\0');
	if (t->wrong == NULL && *t->at != ']')
		t->wrong = "unterminated set";
	if (t->wrong == NULL) {
		t->at++;
		if (s.caret && !negated && !s.bracket && !s.open && !s.minus && s.plain.len == 0) {
			put(t, "\\^");
		} else {
			put(t, negated ? "[^" : "[");
			buf_adds(&t->out, s.bracket ? "]" : "");
			buf_adds(&t->out, buf_str(&s.plain));
			/* Not first, where it would negate. */
			buf_adds(&t->out, s.open ? "[" : "");
			buf_adds(&t->out, s.caret && (s.bracket || s.open || s.plain.len) ? "^" : "");
			buf_adds(&t->out, s.minus ? "-" : "");
			buf_adds(&t->out, s.caret && !(s.bracket || s.open || s.plain.len) ? "^" : "");
			buf_addc(&t->out, ']');
		}
	}
	t->out.failed |= s.plain.failed;
	buf_release(&s.plain);
}

/* "(?i)" and the like, at the beginning alone. */
static void take_flags(struct translator *t)
{
	size_t len = strspn(t->at + 2, "aiLmsux");

	if (t->out.len != 0 || memchr(t->at + 2, 'x', len) != NULL)
		t->wrong = "such flags are not understood here";
	t->ignore_case |= memchr(t->at + 2, 'i', len) != NULL;
	t->at += len + 3;
}

static void take_group(struct translator *t)
{
	const char *s = t->at;

	if (s[1] != '?') {
		t->at++;
	} else if (s[2] == ':') {
		t->at += 3;
	} else if (s[2] == 'P' && s[3] == '<' && strchr(s, '>') != NULL) {
		t->at = strchr(s, '>') + 1;
	} else if (s[2] == '#' && strchr(s, ')') != NULL) {
		t->at = strchr(s, ')') + 1;
		return;
	} else if (strspn(s + 2, "aiLmsux") != 0 && s[2 + strspn(s + 2, "aiLmsux")] == ')') {
		take_flags(t);
		return;
	} else {
		t->wrong = "a group of this kind is not understood here";
		return;
	}
	buf_addc(&t->out, '(');
	t->depth++;
	t->can_repeat = false;
}

static void translate(struct translator *t)
{
	while (t->wrong == NULL && *t->at != '\0') {
		switch (*t->at) {
		case '\\':
			t->at++;
			take_escape(t);
			break;
		case '[':
			take_set(t);
			break;
		case '(':
			take_group(t);
			break;
		case '*':
		case '+':
		case '?':
		case '{':
			take_quantifier(t);
			break;
		case '^':
		case '$':
		case '|':
			buf_addc(&t->out, *t->at++);
			t->can_repeat = false;
			break;
		case ')':
			if (t->depth-- == 0)
				t->wrong = "unbalanced parenthesis";
			/* fall through */
		case '.':
			buf_addc(&t->out, *t->at++);
			t->can_repeat = true;
			break;
		default:
			put_char(t, *t->at++);
		}
	}
}

static int compile(struct pattern *out, const char *text, struct error *err)
{
	struct translator t = { .at = text, .out = BUF_INIT };
	char why[120];
	int rc = -1;

	/* So that "." is a character, not a byte of one. Only here: it takes its time. Names
	 * are UTF-8, and other locales would load what a static program cannot. */
	if (term_says_utf8())
		setlocale(LC_CTYPE, "");
	translate(&t);
	if (t.wrong != NULL) {
		error_set(err, ERR_FORMAT, "pattern '%s': %s", text, t.wrong);
	} else if (t.out.failed) {
		error_nomem(err);
	} else {
		rc = regcomp(&out->regex, buf_str(&t.out),
			     REG_EXTENDED | REG_NOSUB | (t.ignore_case ? REG_ICASE : 0));
		out->compiled = rc == 0;
		if (rc != 0) {
			regerror(rc, &out->regex, why, sizeof why);
			rc = error_set(err, ERR_FORMAT, "pattern '%s': %s", text, why);
		}
	}
	buf_release(&t.out);
	return rc;
}

int pattern_compile(struct pattern *out, const char *text, struct error *err)
{
	size_t size = strlen(text) + 1;

	*out = (struct pattern)PATTERN_INIT;
	if (text[strcspn(text, "\\^$.[|()*+?{")] != '\0')
		return compile(out, text, err);
	out->literal = mem_alloc(size);
	if (out->literal == NULL)
		return error_nomem(err);
	memcpy(out->literal, text, size);
	return 0;
}

bool pattern_found(const struct pattern *p, const char *text)
{
	if (p->literal != NULL)
		return strstr(text, p->literal) != NULL;
	return regexec(&p->regex, text, 0, NULL, 0) == 0;
}

void pattern_release(struct pattern *p)
{
	mem_free(p->literal);
	if (p->compiled)
		regfree(&p->regex);
	*p = (struct pattern)PATTERN_INIT;
}
