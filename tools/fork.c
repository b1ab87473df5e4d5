#include "fork.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "format/json.h"

/* GitHub's own are some hundred kB. */
enum { MAX_EVENT = 64 << 20 };

/* Another repository's head, or that of one that was deleted since. */
static bool is_foreign(const struct json *event, const char *own)
{
	const struct json *request = json_get(event, "pull_request");
	const struct json *head = json_get(request, "head");

	return request != NULL &&
	       strcmp(json_str(json_get(head, "repo"), "full_name", ""), own) != 0;
}

static bool is_github_fork(const char *own, const char *path)
{
	struct error err = ERROR_INIT;
	struct arena arena = ARENA_INIT;
	struct buf text = BUF_INIT;
	const struct json *event;
	bool foreign = false;

	if (file_read(&text, path, MAX_EVENT, &err) == 0) {
		event = json_parse(&arena, buf_bytes(&text), &err);
		foreign = event != NULL && is_foreign(event, own);
	}
	buf_release(&text);
	arena_release(&arena);
	return foreign;
}

bool ci_is_fork(void)
{
	const char *own = getenv("GITHUB_REPOSITORY"), *event = getenv("GITHUB_EVENT_PATH");
	const char *target = getenv("CI_MERGE_REQUEST_PROJECT_ID");
	const char *source = getenv("CI_MERGE_REQUEST_SOURCE_PROJECT_ID");

	if (own != NULL && event != NULL && *event != '\0')
		return is_github_fork(own, event);
	return target != NULL && source != NULL && strcmp(target, source) != 0;
}
