/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/supervisor/outbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 64

bool outbox_waiting(const struct outbox *o)
{
	return o->count > 0;
}

void outbox_clear(struct outbox *o)
{
	free(o->ring);
	*o = (struct outbox){0};
}

int outbox_go_on(struct outbox *o, int fd)
{
	while (o->count > 0) {
		int r = control_send(fd, &o->ring[o->first]);
		if (r == -EAGAIN)
			return 0;
		if (r < 0)
			return r;
		o->first = (o->first + 1) % o->room;
		o->count--;
	}
	return 0;
}

/* The waiting ones come to the beginning of the larger ring. */
static bool grow(struct outbox *o)
{
	size_t room = o->room ? 2 * o->room : ROOM_FIRST;
	struct control_message *ring = malloc(room * sizeof(*ring));

	if (!ring)
		return false;
	for (size_t i = 0; i < o->count; i++)
		ring[i] = o->ring[(o->first + i) % o->room];
	free(o->ring);
	o->ring = ring;
	o->room = room;
	o->first = 0;
	return true;
}

static bool keep(struct outbox *o, const struct control_message *m)
{
	if (o->count >= (m->type == CONTROL_DHCP ? OUTBOX_DHCP : OUTBOX_MAX))
		return false;
	if (o->count == o->room && !grow(o))
		return false;
	o->ring[(o->first + o->count++) % o->room] = *m;
	return true;
}

int outbox_send(struct outbox *o, int fd, const struct control_message *m)
{
	int r = outbox_go_on(o, fd);

	if (r < 0)
		return r;
	r = o->count > 0 ? -EAGAIN : control_send(fd, m);
	if (r != -EAGAIN)
		return r;
	if (!keep(o, m))
		o->lost++;
	return 0;
}
