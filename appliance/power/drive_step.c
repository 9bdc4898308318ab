/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/power/drive_internal.h"

#include "fixer/base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define RAW_TEXT 512
/* A shorter one may be part of any word. */
#define PASSWORD_SHORTEST 4

void drive_text(const struct drive *d, char *out, size_t size, const char *text)
{
	const struct secret *password = d->job->target.password;
	const char *word = password ? (const char *)password->data : "";
	size_t len = strlen(word);
	char raw[RAW_TEXT], *at = raw;

	(void)snprintf(raw, sizeof(raw), "%s", text);
	while (len >= PASSWORD_SHORTEST && (at = strstr(at, word)))
		memset(at, '*', len);
	text_clean(out, size, raw);
}

static struct power_step *add_step(struct drive *d, const char *name, int64_t since, bool ok)
{
	struct power_result *r = d->result;

	/* The last one is overwritten: how it ended says more than how it went on. */
	if (r->count < POWER_STEPS_MAX)
		r->count++;
	struct power_step *s = &r->steps[r->count - 1];
	*s = (struct power_step){.ms = power_clock() - since, .ok = ok};
	(void)snprintf(s->name, sizeof(s->name), "%s", name);
	return s;
}

void drive_step(struct drive *d, const char *name, int64_t since, bool ok, const char *format, ...)
{
	struct power_step *s = add_step(d, name, since, ok);
	char raw[RAW_TEXT];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(raw, sizeof(raw), format, args);
	va_end(args);
	drive_text(d, s->text, sizeof(s->text), raw);
}

int drive_failed(struct drive *d, const char *name, int64_t since, const struct error *err)
{
	struct power_step *s = add_step(d, name, since, false);

	d->err.code = err->code < 0 ? err->code : -EIO;
	d->err.reason = err->code < 0 ? err->reason : REASON_INTERNAL;
	drive_text(d, d->err.text, sizeof(d->err.text), err->text);
	drive_text(d, s->text, sizeof(s->text), err->text);
	return d->err.code;
}

int drive_fail(struct drive *d, const char *name, int64_t since, int code, enum reason reason,
        const char *format, ...)
{
	struct error err = {.code = code, .reason = reason};
	va_list args;

	va_start(args, format);
	(void)vsnprintf(err.text, sizeof(err.text), format, args);
	va_end(args);
	return drive_failed(d, name, since, &err);
}

int64_t drive_share(const struct drive *d)
{
	int64_t now = power_clock();

	return d->job->deadline > now ? now + (d->job->deadline - now) / 2 : now;
}

int drive_in_time(struct drive *d, const char *name)
{
	int64_t now = power_clock();

	if (now < d->job->deadline)
		return 0;
	return drive_fail(d, name, now, -ETIME, REASON_POWER_BUSY,
	        "%s: the time was over before this step: it answers slowly; allow it more seconds",
	        d->job->target.address);
}

bool drive_passing(enum reason reason)
{
	return reason == REASON_POWER_UNREACHABLE || reason == REASON_POWER_BUSY ||
	       reason == REASON_POWER_REFUSED || reason == REASON_POWER_ANSWER_BAD;
}
