/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/supervisor/sync.h"

#include <string.h>

bool sync_request(struct sync *s, uint32_t id)
{
	if (s->count == SYNC_PENDING_MAX)
		return false;
	s->ids[s->count++] = id;
	return true;
}

bool sync_must_signal(struct sync *s, int64_t now)
{
	if (!s->ready || s->in_flight || s->count == 0)
		return false;
	s->in_flight = true;
	s->signalled = s->count;
	s->deadline = now + SYNC_LIMIT_MS;
	return true;
}

size_t sync_read(struct sync *s, uint32_t *done)
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

void sync_lost(struct sync *s)
{
	s->ready = false;
	s->in_flight = false;
	s->signalled = 0;
}

bool sync_overdue(const struct sync *s, int64_t now)
{
	return s->in_flight && now >= s->deadline;
}

size_t sync_take_all(struct sync *s, uint32_t *ids)
{
	size_t n = s->count;

	memcpy(ids, s->ids, n * sizeof(*ids));
	s->count = 0;
	s->signalled = 0;
	return n;
}
