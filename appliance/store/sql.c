/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/store/ops.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sql *sql_once(struct store *s, const char *text)
{
	struct sql *st = s->ops->prepare(s, text);

	if (st) {
		st->store = s;
		st->text = text;
	}
	return st;
}

void sql_drop(struct sql *st)
{
	if (st)
		st->store->ops->finalize(st);
}

struct sql *sql_prepare(struct store *s, const char *text)
{
	/* Literals lie close together: what is above the lowest bits spreads them. */
	size_t at = ((uintptr_t)text >> 3) % SQL_KEPT_MAX, looked = 0;

	while (s->kept[at] && s->kept[at]->text != text && looked < SQL_KEPT_MAX * 3 / 4) {
		at = (at + 1) % SQL_KEPT_MAX;
		looked++;
	}
	if (!s->kept[at])
		s->kept[at] = sql_once(s, text);
	else if (s->kept[at]->text != text) {
		log_error("store: more than %d statements", SQL_KEPT_MAX * 3 / 4);
		return NULL;
	} else {
		s->ops->end(s->kept[at]);
	}
	return s->kept[at];
}

void sql_bind(struct sql *st, const char *format, ...)
{
	va_list args;

	if (!st)
		return;
	const struct store_ops *ops = st->store->ops;
	va_start(args, format);
	for (int n = 1; *format; n++, format++) {
		if (*format == 'i' || *format == 'o') {
			int64_t value = va_arg(args, int64_t);
			if (value || *format == 'i')
				ops->bind_int(st, n, value);
			else
				ops->bind_null(st, n);
		} else if (*format == 't') {
			const char *text = va_arg(args, const char *);
			if (text)
				ops->bind_text(st, n, text);
			else
				ops->bind_null(st, n);
		} else {
			const void *data = va_arg(args, const void *);
			ops->bind_blob(st, n, data, (size_t)va_arg(args, int));
		}
	}
	va_end(args);
}

int sql_step(struct store *s, struct sql *st)
{
	if (s->transaction && s->broken)
		return -EIO;
	int r = st ? s->ops->step(st) : -EIO;
	if (r < 0)
		s->broken = true;
	return r;
}

void sql_end(struct sql *st)
{
	if (st)
		st->store->ops->end(st);
}

int sql_run(struct store *s, struct sql *st)
{
	int r = sql_step(s, st);

	sql_end(st);
	return r > 0 ? 0 : r;
}

int sql_run_count(struct store *s, struct sql *st, int64_t *ret)
{
	int r = sql_run(s, st);

	if (r == 0)
		*ret = s->ops->changes(st);
	return r;
}

int sql_one(struct store *s, struct sql *st, int64_t *ret)
{
	int r = sql_step(s, st);

	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	int64_t value = sql_int(st, 0);
	/* An INSERT ... RETURNING is done only when it has been stepped to its end. */
	r = sql_run(s, st);
	if (r == 0)
		*ret = value;
	return r;
}

int sql_numbers(struct store *s, struct sql *st, int64_t **ret, size_t *ret_count)
{
	int64_t *all = NULL;
	size_t count = 0, room = 0;
	int r;

	while ((r = sql_step(s, st)) == 1) {
		if (count == room) {
			room = room ? 2 * room : 64;
			int64_t *more = reallocarray(all, room, sizeof(*all));
			if (!more) {
				r = -ENOMEM;
				break;
			}
			all = more;
		}
		all[count++] = sql_int(st, 0);
	}
	sql_end(st);
	if (r < 0) {
		free(all);
		return r;
	}
	*ret = all;
	*ret_count = count;
	return 0;
}

int64_t sql_int(struct sql *st, int column)
{
	return st->store->ops->column_int(st, column);
}

const char *sql_string(struct sql *st, int column)
{
	return st->store->ops->column_text(st, column);
}

const void *sql_blob(struct sql *st, int column, size_t *ret_len)
{
	return st->store->ops->column_blob(st, column, ret_len);
}

void sql_text(struct sql *st, int column, char *ret, size_t size)
{
	const char *text = sql_string(st, column);
	size_t len = text ? strnlen(text, size - 1) : 0;

	if (len)
		memcpy(ret, text, len);
	ret[len] = 0;
}

int sql_copy(struct sql *st, int column, char **ret)
{
	const char *text = sql_string(st, column);
	char *copy = text ? strdup(text) : NULL;

	if (text && !copy)
		return -ENOMEM;
	*ret = copy;
	return 0;
}

enum machine_state sql_state(struct sql *st, int column)
{
	const char *text = sql_string(st, column);
	int state = machine_state_parse(text ? text : "");

	return state < 0 ? STATE_attention : (enum machine_state)state;
}

enum reason sql_reason(struct sql *st, int column)
{
	const char *text = sql_string(st, column);
	int reason = reason_parse(text ? text : "");

	return reason < 0 ? REASON_INTERNAL : (enum reason)reason;
}

void sql_hash(const char *secret, uint8_t ret[32])
{
	(void)crypto_hash_sha256(ret, (const unsigned char *)secret, strlen(secret));
}
