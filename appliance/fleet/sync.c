/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/sync.h"
#include "fixer/base/log.h"

#include <string.h>

static bool under_way(const struct sync *s)
{
	return s->sent != s->done;
}

static void send_next(struct sync *s, int64_t now)
{
	int r = s->send(s->context, s->sent + 1);

	/* Nobody there to ask (or not reading): the tick tries again. */
	s->wanted = r < 0;
	if (r < 0) {
		log_warning("dnsmasq cannot be told of the answer list: %s", strerror(-r));
		return;
	}
	s->sent++;
	s->sent_at = now;
}

uint32_t sync_request(struct sync *s, int64_t now)
{
	if (under_way(s))
		s->wanted = true;
	else
		send_next(s, now);
	return sync_latest(s);
}

uint32_t sync_latest(const struct sync *s)
{
	return s->sent + s->wanted;
}

bool sync_reached(const struct sync *s, uint32_t ticket)
{
	return ticket <= s->done;
}

void sync_done(struct sync *s, uint32_t id, int64_t now)
{
	if (!under_way(s) || id != s->sent)
		return;
	s->done = id;
	if (s->wanted)
		send_next(s, now);
}

void sync_tick(struct sync *s, int64_t now)
{
	if (under_way(s) && now - s->sent_at >= SYNC_LIMIT_MS) {
		log_warning("dnsmasq was not reported to have read the answer list");
		/* The same change is told again, under the same id: its waiters still wait. */
		s->sent--;
		s->wanted = true;
	}
	if (!under_way(s) && s->wanted)
		send_next(s, now);
}
