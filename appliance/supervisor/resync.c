/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/supervisor/resync.h"

#include <string.h>

bool resync_request(struct resync *s, uint32_t id)
{
	if (s->count == RESYNC_PENDING_MAX)
		return false;
	s->ids[s->count++] = id;
	return true;
}

bool resync_must_signal(struct resync *s, int64_t now)
{
	if (!s->ready || s->in_flight || s->count == 0 || now < s->next)
		return false;
	s->in_flight = true;
	s->signalled = s->count;
	s->deadline = now + RESYNC_LIMIT_MS;
	s->next = now + RESYNC_EVERY_MS;
	return true;
}

size_t resync_read(struct resync *s, uint32_t *done)
{
	size_t n = s->signalled;

	/* The reading at the start covers nobody: a request may be younger than it. */
	s->ready = true;
	s->in_flight = false;
	s->signalled = 0;
	memcpy(done, s->ids, n * sizeof(*done));
	s->count -= n;
	memmove(s->ids, s->ids + n, s->count * sizeof(*s->ids));
	return n;
}

void resync_failed(struct resync *s)
{
	s->in_flight = false;
	s->signalled = 0;
}

int64_t resync_due(const struct resync *s)
{
	if (s->in_flight)
		return s->deadline;
	return s->ready && s->count > 0 ? s->next : INT64_MAX;
}

void resync_lost(struct resync *s)
{
	s->ready = false;
	s->in_flight = false;
	s->signalled = 0;
	s->next = 0;
}

void resync_goes_on(struct resync *s, int64_t now)
{
	s->deadline = now + RESYNC_LIMIT_MS;
}

bool resync_overdue(const struct resync *s, int64_t now)
{
	return s->in_flight && now >= s->deadline;
}

size_t resync_take_all(struct resync *s, uint32_t *ids)
{
	size_t n = s->count;

	memcpy(ids, s->ids, n * sizeof(*ids));
	s->count = 0;
	s->signalled = 0;
	return n;
}
