/* rules_read.c -- the rules of cprof.toml, and those that hold without one. */
#include <stdarg.h>
#include <string.h>

#include "base/mem.h"
#include "base/nearest.h"
#include "change/rules.h"

struct reader {
	struct rules *out;
	const char *file;
	struct error *err;
};

/* What the keys of one [[rule]] are read into. */
struct rule_table {
	const struct config *node;
	struct selector *of;
	const char *name;
};

struct key {
	const char *name;
	/* Keys that tell which requests are read before those that judge them. */
	bool judges;
	int (*read)(struct reader *r, struct rule_table *t, const struct config *node);
};

static int wrong_at(struct reader *r, unsigned line, unsigned column, const char *fmt, va_list ap)
{
	struct buf text = BUF_INIT;

	buf_vprintf(&text, fmt, ap);
	if (text.failed)
		error_nomem(r->err);
	else
		error_set(r->err, ERR_FORMAT, "%s:%u:%u: %s", r->file, line, column,
			  buf_str(&text));
	buf_release(&text);
	return -1;
}

static int wrong_key(struct reader *r, const struct config *node, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static int wrong_key(struct reader *r, const struct config *node, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	wrong_at(r, node->line, node->column, fmt, ap);
	va_end(ap);
	return -1;
}

static int wrong_value(struct reader *r, const struct config *node, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static int wrong_value(struct reader *r, const struct config *node, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	wrong_at(r, node->value_line, node->value_column, fmt, ap);
	va_end(ap);
	return -1;
}

static int unknown_key(struct reader *r, const struct config *node, const char *const *names)
{
	const char *meant = nearest_word(node->key, names);
	struct buf all = BUF_INIT;

	if (meant != NULL)
		return wrong_key(r, node, "no such key '%s'; did you mean '%s'?", node->key, meant);
	for (size_t i = 0; names[i] != NULL; i++)
		buf_printf(&all, "%s%s", i == 0 ? "" : ", ", names[i]);
	wrong_key(r, node, "no such key '%s'; there are: %s", node->key, buf_str(&all));
	buf_release(&all);
	return -1;
}

static const char *keep(struct reader *r, const char *text)
{
	const char *kept = arena_strdup(&r->out->arena, text);

	if (kept == NULL)
		error_nomem(r->err);
	return kept;
}

static int read_text(struct reader *r, const char **out, const struct config *node)
{
	if (node->kind != CONFIG_TEXT || *node->text == '\0')
		return wrong_value(r, node, "'%s' is a text, in quotes", node->key);
	*out = keep(r, node->text);
	return *out ? 0 : -1;
}

/* A text or a list of them. */
static int read_texts(struct reader *r, struct patterns *out, const struct config *node)
{
	const struct config *item = node->kind == CONFIG_ARRAY ? node->first : node;
	size_t n = 0;

	for (const struct config *i = item; i != NULL && (n++, node->kind == CONFIG_ARRAY);)
		i = i->next;
	out->n = 0;
	out->v = arena_alloc(&r->out->arena, (n ? n : 1) * sizeof *out->v);
	if (out->v == NULL)
		return error_nomem(r->err);
	for (; out->n < n; item = item->next) {
		if (item->kind != CONFIG_TEXT || *item->text == '\0')
			return wrong_value(r, item, "'%s' is a text, in quotes, or a list of such",
					   node->key);
		out->v[out->n] = keep(r, item->text);
		if (out->v[out->n++] == NULL)
			return -1;
	}
	if (n == 0)
		return wrong_value(r, node, "'%s' is an empty list", node->key);
	return 0;
}

/* "app.[a-" would match nothing, ever. */
static bool is_pattern(const char *text)
{
	const char *open = strchr(text, '[');

	return open == NULL || strchr(open + 1, ']') != NULL;
}

static int check_patterns(struct reader *r, const struct patterns *p, const struct config *node)
{
	for (size_t i = 0; i < p->n; i++)
		if (!is_pattern(p->v[i]))
			return wrong_value(r, node, "pattern '%s': '[' without ']'", p->v[i]);
	return 0;
}

/* --- which requests */

static int read_name(struct reader *r, struct rule_table *t, const struct config *node)
{
	return read_text(r, &t->name, node);
}

static int read_route(struct reader *r, struct rule_table *t, const struct config *node)
{
	struct patterns p;

	if (read_texts(r, &p, node) < 0)
		return -1;
	t->of->routes = arena_alloc(&r->out->arena, p.n * sizeof *t->of->routes);
	if (t->of->routes == NULL)
		return error_nomem(r->err);
	for (size_t i = 0; i < p.n; i++) {
		const char *text = strcmp(p.v[i], "*") == 0 ? "* *" : p.v[i];

		if (!pick_is_pattern(text))
			return wrong_value(r, node, "'%s' is no request; they look like "
					   "\"GET /user/{id}\", \"/user/*\", \"* *\"", text);
		if (pick_pattern_init(&t->of->routes[i], text, r->err) < 0)
			return -1;
		t->of->nroutes++;
	}
	return 0;
}

static int read_label(struct reader *r, struct rule_table *t, const struct config *node)
{
	return read_texts(r, &t->of->labels, node);
}

static int read_warm(struct reader *r, struct rule_table *t, const struct config *node)
{
	if (node->kind != CONFIG_BOOL)
		return wrong_value(r, node, "'warm' is true or false");
	t->of->warm = node->boolean;
	return 0;
}

/* --- what of them */

static struct rule *add(struct reader *r, enum rule_kind kind, const struct rule_table *t)
{
	struct rules *out = r->out;
	struct rule *grown = mem_grow(out->rules, &out->cap, out->n + 1, sizeof *grown);

	if (grown == NULL) {
		error_nomem(r->err);
		return NULL;
	}
	out->rules = grown;
	out->rules[out->n] = (struct rule){ .kind = kind, .of = t->of, .name = t->name,
					    .line = t->node ? t->node->line : 0 };
	return &out->rules[out->n++];
}

static int read_limit(struct reader *r, struct limit *out, const struct config *node, bool bytes)
{
	if (node->kind == CONFIG_INTEGER && node->integer >= 0) {
		*out = (struct limit){ LIMIT_MOST, (double)node->integer };
		return 0;
	}
	if (node->kind == CONFIG_TEXT && limit_parse(out, node->text, bytes))
		return 0;
	return wrong_value(r, node, bytes ? "'%s' is a size (\"8 MB\"), or how much more than "
			   "the baseline's (\"+100 kB\", \"+10%%\")"
			   : "'%s' is a number (3), or how many more than the baseline's "
			   "(\"+3\", \"+10%%\")", node->key);
}

static int read_limited(struct reader *r, struct rule_table *t, const struct config *node,
			enum rule_kind kind, const char *metric)
{
	struct rule *rule = add(r, kind, t);
	bool bytes = metric != NULL && strcmp(metric, "alloc_bytes") == 0;

	if (rule == NULL)
		return -1;
	rule->metric = metric;
	return read_limit(r, &rule->limit, node, bytes);
}

static int read_total_calls(struct reader *r, struct rule_table *t, const struct config *node)
{
	return read_limited(r, t, node, RULE_TOTAL_CALLS, NULL);
}

static int read_sql(struct reader *r, struct rule_table *t, const struct config *node)
{
	return read_limited(r, t, node, RULE_SQL, NULL);
}

static int read_allocs(struct reader *r, struct rule_table *t, const struct config *node)
{
	return read_limited(r, t, node, RULE_METRIC, "allocs");
}

static int read_alloc_bytes(struct reader *r, struct rule_table *t, const struct config *node)
{
	return read_limited(r, t, node, RULE_METRIC, "alloc_bytes");
}

static int add_calls(struct reader *r, const struct rule_table *t, const struct config *node,
		     const char *pattern)
{
	struct rule *rule = add(r, RULE_CALLS, t);
	const char **v = arena_alloc(&r->out->arena, sizeof *v);

	if (rule == NULL || v == NULL)
		return error_nomem(r->err);
	v[0] = keep(r, pattern);
	rule->functions = (struct patterns){ v, 1 };
	if (v[0] == NULL)
		return -1;
	if (!is_pattern(pattern))
		return wrong_key(r, node, "pattern '%s': '[' without ']'", pattern);
	return read_limit(r, &rule->limit, node, false);
}

/* A dot in a key without quotes makes a table of it, `app.views.show = 3`: what was
 * meant is the name as it was typed. */
static int read_calls_below(struct reader *r, struct rule_table *t, const struct config *node,
			    struct buf *path)
{
	for (const struct config *c = node->first; c != NULL; c = c->next) {
		size_t len = path->len;
		int rc;

		if (len != 0)
			buf_addc(path, '.');
		buf_adds(path, c->key);
		if (path->failed)
			return error_nomem(r->err);
		rc = c->kind == CONFIG_TABLE && c->first != NULL
			     ? read_calls_below(r, t, c, path)
			     : add_calls(r, t, c, buf_str(path));
		if (rc < 0)
			return -1;
		path->len = len;
	}
	return 0;
}

static int read_calls(struct reader *r, struct rule_table *t, const struct config *node)
{
	struct buf path = BUF_INIT;
	int rc;

	if (node->kind != CONFIG_TABLE || node->first == NULL)
		return wrong_value(r, node, "'calls' is a table of functions, "
				   "{ \"app.views:show\" = 3 }; of all there is 'total_calls'");
	rc = read_calls_below(r, t, node, &path);
	buf_release(&path);
	return rc;
}

static int read_worse(struct reader *r, struct rule *rule, const struct config *node)
{
	if (node->kind != CONFIG_TEXT || !limit_parse(&rule->limit, node->text, false) ||
	    rule->limit.kind != LIMIT_PERCENT)
		return wrong_value(r, node, "'%s' is a percentage, \"10%%\"", node->key);
	return 0;
}

static int read_floor(struct reader *r, struct rule *rule, const struct config *node)
{
	if (node->kind != CONFIG_TEXT || !limit_time(node->text, &rule->floor_ns))
		return wrong_value(r, node, "'floor' is a time, \"1 ms\" (ns, us, ms, s)");
	return 0;
}

static int read_time(struct reader *r, struct rule_table *t, const struct config *node,
		     const char *metric)
{
	static const char *const names[] = { "worse", "floor", NULL };
	struct rule *rule = add(r, RULE_TIME, t);
	bool worse = false;

	if (rule == NULL)
		return -1;
	rule->metric = metric;
	rule->floor_ns = RULES_FLOOR_NS;
	if (node->kind == CONFIG_TEXT)
		return read_worse(r, rule, node);
	for (const struct config *c = node->first; node->kind == CONFIG_TABLE && c != NULL; c = c->next) {
		int rc = strcmp(c->key, "worse") == 0 ? read_worse(r, rule, c)
			 : strcmp(c->key, "floor") == 0 ? read_floor(r, rule, c)
							: unknown_key(r, c, names);

		if (rc < 0)
			return -1;
		worse |= strcmp(c->key, "worse") == 0;
	}
	if (!worse)
		return wrong_value(r, node, "'%s' is how much worse it may get: \"10%%\", or "
				   "{ worse = \"10%%\", floor = \"1 ms\" }", node->key);
	return 0;
}

static int read_wall(struct reader *r, struct rule_table *t, const struct config *node)
{
	return read_time(r, t, node, "wall");
}

static int read_cpu(struct reader *r, struct rule_table *t, const struct config *node)
{
	return read_time(r, t, node, "cpu");
}

static int read_new_callees(struct reader *r, struct rule_table *t, const struct config *node)
{
	static const char *const names[] = { "deny", "from", NULL };
	struct rule *rule = add(r, RULE_NEW_CALLEES, t);

	if (rule == NULL)
		return -1;
	if (node->kind == CONFIG_TEXT && strcmp(node->text, "deny") == 0)
		return 0;
	if (node->kind != CONFIG_TABLE || node->first == NULL)
		return wrong_value(r, node, "'new_callees' is \"deny\", or "
				   "{ deny = \"requests\", from = \"app.views\" }");
	for (const struct config *c = node->first; c != NULL; c = c->next) {
		struct patterns *to = strcmp(c->key, "deny") == 0 ? &rule->functions
				      : strcmp(c->key, "from") == 0 ? &rule->from : NULL;

		if (to == NULL)
			return unknown_key(r, c, names);
		if (read_texts(r, to, c) < 0 || check_patterns(r, to, c) < 0)
			return -1;
	}
	return 0;
}

static const struct key rule_keys[] = {
	{ "name", false, read_name },
	{ "route", false, read_route },
	{ "label", false, read_label },
	{ "warm", false, read_warm },
	{ "calls", true, read_calls },
	{ "total_calls", true, read_total_calls },
	{ "sql", true, read_sql },
	{ "new_callees", true, read_new_callees },
	{ "allocs", true, read_allocs },
	{ "alloc_bytes", true, read_alloc_bytes },
	{ "wall", true, read_wall },
	{ "cpu", true, read_cpu },
};

enum { NKEYS = sizeof rule_keys / sizeof rule_keys[0] };

static const struct key *find_key(const char *name)
{
	for (size_t i = 0; i < NKEYS; i++)
		if (strcmp(rule_keys[i].name, name) == 0)
			return &rule_keys[i];
	return NULL;
}

static int unknown_rule_key(struct reader *r, const struct config *node)
{
	const char *names[NKEYS + 1] = { NULL };

	for (size_t i = 0; i < NKEYS; i++)
		names[i] = rule_keys[i].name;
	return unknown_key(r, node, names);
}

static struct selector *add_selector(struct reader *r)
{
	struct selector *s = arena_zalloc(&r->out->arena, sizeof *s);

	if (s == NULL) {
		error_nomem(r->err);
		return NULL;
	}
	s->next = r->out->selectors;
	r->out->selectors = s;
	return s;
}

static int read_keys(struct reader *r, struct rule_table *t, bool judging)
{
	for (const struct config *c = t->node->first; c != NULL; c = c->next) {
		const struct key *key = find_key(c->key);

		if (key == NULL)
			return unknown_rule_key(r, c);
		if (key->judges == judging && key->read(r, t, c) < 0)
			return -1;
	}
	return 0;
}

static int read_rule(struct reader *r, const struct config *node)
{
	struct rule_table t = { node, add_selector(r), NULL };
	size_t n = r->out->n;

	if (t.of == NULL || read_keys(r, &t, false) < 0 || read_keys(r, &t, true) < 0)
		return -1;
	if (r->out->n == n)
		return wrong_value(r, node, "a rule that judges nothing; give it one of calls, "
				   "total_calls, sql, new_callees, allocs, alloc_bytes, wall, cpu");
	return 0;
}

static int read_rules(struct reader *r, const struct config *node)
{
	bool list = node->kind == CONFIG_ARRAY;

	for (const struct config *c = node->first; list && c != NULL; c = c->next) {
		list = c->kind == CONFIG_TABLE;
		if (list && read_rule(r, c) < 0)
			return -1;
	}
	if (!list)
		return wrong_value(r, node, "rules stand under [[rule]] each");
	return 0;
}

static int add_defaults(struct reader *r)
{
	static const char *const times[] = { "wall", "cpu" };
	struct rule_table all = { .of = add_selector(r) }, warm = { .of = add_selector(r) };
	struct rule *rule;

	if (all.of == NULL || warm.of == NULL || (rule = add(r, RULE_SQL, &warm)) == NULL)
		return -1;
	warm.of->warm = true;
	rule->limit = (struct limit){ LIMIT_MORE, 0 };
	if ((rule = add(r, RULE_TOTAL_CALLS, &all)) == NULL)
		return -1;
	rule->limit = (struct limit){ LIMIT_PERCENT, 10 };
	for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
		if ((rule = add(r, RULE_TIME, &all)) == NULL)
			return -1;
		rule->metric = times[i];
		rule->limit = (struct limit){ LIMIT_PERCENT, 5 };
		rule->floor_ns = RULES_FLOOR_NS;
	}
	return 0;
}

int rules_default(struct rules *out, struct error *err)
{
	struct reader r = { out, NULL, err };

	*out = (struct rules){ .arena = ARENA_INIT };
	return add_defaults(&r);
}

static int read_document(struct reader *r, const struct config *document)
{
	static const char *const names[] = { "baseline", "rule", NULL };

	for (const struct config *c = document->first; c != NULL; c = c->next) {
		int rc = strcmp(c->key, "baseline") == 0 ? read_text(r, &r->out->baseline, c)
			 : strcmp(c->key, "rule") == 0 ? read_rules(r, c)
						       : -2;

		if (rc == -2) /* a rule's key without its [[rule]] is meant to be one's */
			return find_key(c->key) != NULL
				       ? wrong_key(r, c, "'%s' belongs to a rule: write [[rule]] "
						   "on a line above it", c->key)
				       : unknown_key(r, c, names);
		if (rc < 0)
			return -1;
	}
	return r->out->n == 0 ? add_defaults(r) : 0;
}

int rules_read(struct rules *out, const struct config *document, const char *file,
	       struct error *err)
{
	struct reader r = { out, file, err };

	*out = (struct rules){ .arena = ARENA_INIT };
	out->file = keep(&r, file);
	return out->file ? read_document(&r, document) : -1;
}
