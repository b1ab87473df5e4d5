#include "snapshot/pick.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "snapshot/name.h"

/* "METHOD ROUTE": the method has neither space nor slash. */
static const char *route_of(const char *what)
{
	size_t method = strcspn(what, " /");

	return method != 0 && what[method] == ' ' ? what + method + 1 : NULL;
}

bool pick_is_pattern(const char *what)
{
	const char *route = route_of(what);

	if (route == NULL)
		return *what == '/';
	return *route == '/' || *route == '*' || *route == '{';
}

static char *copy(const char *s, size_t len)
{
	char *text = mem_alloc(len + 1);

	if (text == NULL)
		return NULL;
	memcpy(text, s, len);
	text[len] = '\0';
	return text;
}

int pick_pattern_init(struct pick_pattern *out, const char *what, struct error *err)
{
	const char *route = route_of(what);
	struct buf common = BUF_INIT;

	*out = (struct pick_pattern){ NULL, NULL, NULL };
	if (route != NULL) {
		out->method = copy(what, (size_t)(route - what) - 1);
		if (out->method == NULL)
			return error_nomem(err);
	} else {
		route = what;
	}
	out->route = copy(route, strlen(route));
	if (strchr(route, '<') != NULL) {
		route_normalise(&common, route);
		out->normalised = common.failed ? NULL : copy(buf_str(&common), common.len);
		buf_release(&common);
	}
	if (out->route != NULL && (out->normalised != NULL || strchr(route, '<') == NULL))
		return 0;
	pick_pattern_release(out);
	return error_nomem(err);
}

void pick_pattern_release(struct pick_pattern *p)
{
	mem_free(p->method);
	mem_free(p->route);
	mem_free(p->normalised);
	*p = (struct pick_pattern){ NULL, NULL, NULL };
}

/* A route may hold what a shell takes for a wildcard: as it stands it matches too. */
static bool matches(const char *pattern, const char *text)
{
	return text != NULL &&
	       (strcmp(pattern, text) == 0 || fnmatch(pattern, text, FNM_NOESCAPE) == 0);
}

bool pick_matches_route(const struct pick_pattern *p, const char *method, const char *route)
{
	if (p->method != NULL && !matches(p->method, method))
		return false;
	return (p->normalised != NULL && matches(p->normalised, route)) ||
	       matches(p->route, route);
}

bool pick_matches(const struct pick_pattern *p, const struct snapshot *s)
{
	const struct manifest *m = &s->manifest;

	return pick_matches_route(p, m->method, m->route) ||
	       ((p->method == NULL || matches(p->method, m->method)) &&
		matches(p->route, m->path));
}

static int by_wall(const void *a, const void *b)
{
	const struct snapshot *x = *(const struct snapshot *const *)a;
	const struct snapshot *y = *(const struct snapshot *const *)b;

	if (x->manifest.wall_ns != y->manifest.wall_ns)
		return x->manifest.wall_ns < y->manifest.wall_ns ? -1 : 1;
	if (x->manifest.start_ns != y->manifest.start_ns)
		return x->manifest.start_ns < y->manifest.start_ns ? -1 : 1;
	return strcmp(x->path, y->path);
}

const struct snapshot *pick_median(const struct snapshot **v, size_t n)
{
	qsort(v, n, sizeof *v, by_wall);
	return v[(n - 1) / 2];
}

const struct snapshot *pick_slowest(const struct snapshot **v, size_t n)
{
	qsort(v, n, sizeof *v, by_wall);
	return v[n - 1];
}
