#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "format/json.h"
#include "format/number.h"

void json_text(struct buf *out, const char *s)
{
	static const char names[] = "\"\\bfnrt", values[] = "\"\\\b\f\n\r\t";
	size_t left = strlen(s);

	buf_addc(out, '"');
	while (left != 0) {
		uint32_t code;
		size_t len = text_utf8(s, left, &code);
		const char *escape = len == 1 ? strchr(values, *s) : NULL;

		if (len == 0) {
			buf_adds(out, "\xEF\xBF\xBD");
			len = 1;
		} else if (escape != NULL) {
			buf_addc(out, '\\');
			buf_addc(out, names[escape - values]);
		} else if (text_is_unprintable(code)) {
			buf_printf(out, "\\u%04x", (unsigned)code);
		} else {
			buf_add(out, s, len);
		}
		s += len;
		left -= len;
	}
	buf_addc(out, '"');
}

static void new_line(struct json_writer *w)
{
	buf_addc(w->out, '\n');
	buf_pad(w->out, ' ', 2 * (size_t)w->depth);
}

/* What stands before each value. */
void json_place(struct json_writer *w, const char *key)
{
	if (!w->first)
		buf_addc(w->out, ',');
	w->first = false;
	new_line(w);
	if (key != NULL) {
		json_text(w->out, key);
		buf_adds(w->out, ": ");
	}
}

static void open_container(struct json_writer *w, char bracket)
{
	buf_addc(w->out, bracket);
	w->depth++;
	w->first = true;
}

static void close_container(struct json_writer *w, char bracket)
{
	w->depth--;
	if (!w->first)
		new_line(w);
	w->first = false;
	buf_addc(w->out, bracket);
}

void json_begin(struct json_writer *w, struct buf *out)
{
	*w = (struct json_writer){ out, 0, true };
	open_container(w, '{');
}

void json_end(struct json_writer *w)
{
	close_container(w, '}');
	buf_addc(w->out, '\n');
}

void json_open_object(struct json_writer *w, const char *key)
{
	json_place(w, key);
	open_container(w, '{');
}

void json_open_array(struct json_writer *w, const char *key)
{
	json_place(w, key);
	open_container(w, '[');
}

void json_close_object(struct json_writer *w)
{
	close_container(w, '}');
}

void json_close_array(struct json_writer *w)
{
	close_container(w, ']');
}

void json_add_string(struct json_writer *w, const char *key, const char *value)
{
	if (value == NULL) {
		json_add_null(w, key);
		return;
	}
	json_place(w, key);
	json_text(w->out, value);
}

void json_add_int(struct json_writer *w, const char *key, int64_t value)
{
	json_place(w, key);
	buf_printf(w->out, "%lld", (long long)value);
}

void json_add_number(struct json_writer *w, const char *key, double value)
{
	if (!isfinite(value)) {
		json_add_null(w, key);
		return;
	}
	json_place(w, key);
	number_add_double(w->out, value);
}

void json_add_bool(struct json_writer *w, const char *key, bool value)
{
	json_place(w, key);
	buf_adds(w->out, value ? "true" : "false");
}

void json_add_null(struct json_writer *w, const char *key)
{
	json_place(w, key);
	buf_adds(w->out, "null");
}

void json_add_value(struct json_writer *w, const char *key, const struct json *value)
{
	switch (value->type) {
	case JSON_NULL:
		json_add_null(w, key);
		return;
	case JSON_BOOL:
		json_add_bool(w, key, value->boolean);
		return;
	case JSON_NUMBER:
		if (value->is_int)
			json_add_int(w, key, value->integer);
		else
			json_add_number(w, key, value->number);
		return;
	case JSON_STRING:
		json_add_string(w, key, value->string);
		return;
	case JSON_ARRAY:
		json_open_array(w, key);
		for (const struct json *v = value->first; v != NULL; v = v->next)
			json_add_value(w, NULL, v);
		json_close_array(w);
		return;
	case JSON_OBJECT:
		json_open_object(w, key);
		for (const struct json *v = value->first; v != NULL; v = v->next)
			json_add_value(w, v->key, v);
		json_close_object(w);
		return;
	}
}
