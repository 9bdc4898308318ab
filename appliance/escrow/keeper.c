/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/keeper.h"
#include "appliance/escrow/clock.h"
#include "appliance/escrow/upload.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define EVERY_MS 1000

struct keeper {
	struct escrow *escrow;
	int stop; /* eventfd */
	pthread_t thread;
};

static void *run(void *context)
{
	struct keeper *k = context;
	struct pollfd stop = {.fd = k->stop, .events = POLLIN};

	while (poll(&stop, 1, EVERY_MS) <= 0) {
		gate_tick(k->escrow->gate, clock_wall());
		refusals_tick(k->escrow->refusals, clock_wall(), false);
		upload_tick(k->escrow->upload, clock_steady());
	}
	return NULL;
}

struct keeper *keeper_new(struct escrow *e)
{
	struct keeper *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->escrow = e;
	k->stop = eventfd(0, EFD_CLOEXEC);
	if (k->stop >= 0 && pthread_create(&k->thread, NULL, run, k) == 0)
		return k;
	if (k->stop >= 0)
		(void)close(k->stop);
	free(k);
	return NULL;
}

void keeper_free(struct keeper *k)
{
	uint64_t one = 1;

	if (!k)
		return;
	if (write(k->stop, &one, sizeof(one)) == sizeof(one))
		pthread_join(k->thread, NULL);
	refusals_tick(k->escrow->refusals, clock_wall(), true);
	(void)close(k->stop);
	free(k);
}
