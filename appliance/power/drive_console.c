/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The last screen of a machine, after a look at whose it is. */
#include "appliance/power/drive_internal.h"

#include "fixer/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Serial over LAN is IPMI's. A controller known by its certificate is not asked without one. */
static const char *kind_of(const struct power_job *job)
{
	return strcmp(job->type, "auto") == 0 && !job->target.pin[0] ? "ipmi" : job->type;
}

/* Whatever was typed or shown there, the password is not. */
static void clean(const struct drive *d, struct power_screen *screen)
{
	for (size_t i = 0; i < POWER_SCREEN_ROWS; i++) {
		char raw[POWER_SCREEN_ROW];
		(void)snprintf(raw, sizeof(raw), "%s", screen->rows[i]);
		drive_text(d, screen->rows[i], sizeof(screen->rows[i]), raw);
	}
}

static int listen_to(struct drive *d, struct power_screen *screen)
{
	int64_t since = power_clock();
	struct error err = {0};
	int r = drive_in_time(d, "console");

	if (r < 0)
		return r;
	if (d->ops->console(&d->job->target, d->job->deadline, screen, &err) < 0)
		return drive_failed(d, "console", since, &err);
	clean(d, screen);
	drive_step(d, "console", since, true, "%s",
	        screen->seen ? "its screen was read" : "nothing came");
	return 0;
}

void power_console(
        const struct power_job *job, struct power_result *ret, struct power_screen *ret_screen)
{
	struct drive d = {.job = job, .result = ret};
	const struct power_ops *ops = power_kind(kind_of(job));
	int r;

	*ret = (struct power_result){.boot = {.device = POWER_DEVICE_OTHER}};
	memset(ret_screen, 0, sizeof(*ret_screen));
	if (!ops || !ops->console)
		r = drive_fail(&d, "connect", power_clock(), -ENOTSUP, REASON_POWER_UNSUPPORTED,
		        "%s: a text console is read by IPMI, and this controller is not asked that "
		        "way (type %s%s)",
		        job->target.address, job->type,
		        job->target.pin[0] ? ", its certificate pinned" : "");
	else
		r = drive_connect_kind(&d, ops->type);
	if (r == 0)
		r = drive_identify(&d);
	drive_close(&d);
	if (r == 0)
		r = listen_to(&d, ret_screen);
	drive_tell(&d, r, ret_screen->seen ? "its screen" : "nothing came over its console");
}
