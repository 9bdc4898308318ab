/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/power/drive.h"

#include "appliance/power/drive_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LOGOUT_MS  5000 /* after the deadline: a session left behind locks others out */
#define RESTORE_MS 15000

static enum power_device device_of(const struct drive *d)
{
	return d->job->order == POWER_ORDER_MEDIA ? POWER_DEVICE_CD : POWER_DEVICE_NETWORK;
}

static int do_look(struct drive *d)
{
	int r = drive_status(d);

	return r < 0 ? r : drive_boot_read(d);
}

/* --- start from network or media ---------------------------------------------------------------
 */

static int prepare(struct drive *d)
{
	int r = d->job->order == POWER_ORDER_MEDIA ? drive_insert(d) : 0;

	return r < 0 ? r : drive_boot(d, device_of(d));
}

/* It does not do that: there is another way. */
static bool other_way_helps(enum reason reason)
{
	return reason == REASON_POWER_STUCK || reason == REASON_POWER_REFUSED ||
	       reason == REASON_POWER_UNSUPPORTED || reason == REASON_POWER_BUSY;
}

/* Boot order and media are set while it is off: some refuse them during the firmware's own test,
 * where a machine that starts again and again is most of the time. */
static int start_by_off(struct drive *d)
{
	int r = d->result->power == POWER_OFF ? 0 : drive_switch(d, POWER_OFF);

	if (r < 0)
		return r;
	r = prepare(d);
	return r < 0 ? r : drive_switch(d, POWER_ON);
}

static int start_by_cycle(struct drive *d)
{
	int r = prepare(d);
	bool in_the_way = r < 0 && (d->err.reason == REASON_POWER_REFUSED ||
	                                   d->err.reason == REASON_POWER_BUSY);

	if (r == 0) {
		r = drive_cycle(d);
		in_the_way = r < 0 && !d->told_on && other_way_helps(d->err.reason);
	}
	return in_the_way ? start_by_off(d) : r;
}

/* Where off is not followed the controller may still be able to do both itself. */
static int start_running(struct drive *d)
{
	if (d->job->other_method)
		return start_by_cycle(d);
	int r = start_by_off(d);
	struct error off = d->err;
	if (r == 0 || d->result->power == POWER_OFF || d->told_on || !other_way_helps(off.reason))
		return r;
	r = prepare(d);
	if (r == 0)
		r = drive_cycle(d);
	if (r < 0 && !d->told_on && off.reason == REASON_POWER_STUCK)
		d->err = off; /* the cycle was refused, too: its step says how */
	return r;
}

/* It was on when we came, and is not left off. What ended the order stays the reason. */
static void put_back(struct drive *d)
{
	struct power_job job = *d->job;
	const struct power_job *whole = d->job;
	struct error ended = d->err;
	int64_t least = power_clock() + RESTORE_MS;

	if (job.deadline < least)
		job.deadline = least;
	d->job = &job;
	int r = drive_switch(d, POWER_ON);
	d->job = whole;
	d->err = ended;
	(void)snprintf(d->note, sizeof(d->note), "%s",
	        r == 0 ? "switched on again, as it was" : "it may be OFF now: switch it on");
}

static int do_start(struct drive *d)
{
	int r = drive_status(d);

	if (r < 0)
		return r;
	if (d->job->order == POWER_ORDER_MEDIA && !d->ops->insert)
		return drive_insert(d); /* says so before anything is switched off */
	if (d->result->power == POWER_OFF)
		return start_by_off(d);
	r = start_running(d);
	if (r < 0 && d->told_off && !d->told_on)
		put_back(d);
	return r;
}

/* --- the other orders ------------------------------------------------------------------------ */

static int do_eject(struct drive *d)
{
	int r = drive_status(d), ejected;

	if (r < 0)
		return r;
	ejected = drive_eject(d);
	struct error err = d->err;
	r = drive_boot(d, POWER_DEVICE_NONE); /* whatever became of the media */
	if (r < 0 || ejected == 0)
		return r;
	d->err = err;
	return ejected;
}

static int do_switch(struct drive *d)
{
	enum power_state want = d->job->order == POWER_ORDER_ON ? POWER_ON : POWER_OFF;
	int r = drive_status(d);

	if (r < 0)
		return r;
	if (d->result->power != want)
		return drive_switch(d, want);
	(void)snprintf(d->note, sizeof(d->note), "it was so before");
	return 0;
}

static int do_cycle(struct drive *d)
{
	int r = drive_status(d);

	if (r < 0)
		return r;
	if (d->result->power == POWER_OFF)
		return drive_switch(d, POWER_ON);
	r = drive_cycle(d);
	if (r == 0 || (d->err.reason != REASON_POWER_UNSUPPORTED &&
	                      d->err.reason != REASON_POWER_REFUSED))
		return r;
	d->told_on = false;
	r = drive_switch(d, POWER_OFF);
	if (r == 0)
		r = drive_switch(d, POWER_ON);
	if (r < 0 && d->told_off && !d->told_on)
		put_back(d);
	return r;
}

static int carry_out(struct drive *d)
{
	switch (d->job->order) {
	case POWER_ORDER_STATUS:
	case POWER_ORDER_CHECK:
		return do_look(d);
	case POWER_ORDER_BOOT:
	case POWER_ORDER_MEDIA:
		return do_start(d);
	case POWER_ORDER_EJECT:
		return do_eject(d);
	case POWER_ORDER_ON:
	case POWER_ORDER_OFF:
		return do_switch(d);
	case POWER_ORDER_CYCLE:
		return do_cycle(d);
	}
	return drive_fail(
	        d, "connect", power_clock(), -EINVAL, REASON_INTERNAL, "there is no such order");
}

/* --- the sentence at the end ----------------------------------------------------------------- */

static const char *done_text(const struct drive *d)
{
	const struct power_result *r = d->result;

	switch (d->job->order) {
	case POWER_ORDER_BOOT:
	case POWER_ORDER_MEDIA:
		return r->boot_known ? "power is on, and the order where to start from was kept"
		                     : "power is on; whether the order where to start from was "
		                       "kept, the controller cannot tell";
	case POWER_ORDER_EJECT:
		return "media and the order where to start from are taken back";
	default:
		return r->power == POWER_ON    ? "power is on"
		       : r->power == POWER_OFF ? "power is off"
		                               : "it does not say whether power is on";
	}
}

void drive_tell(struct drive *d, int r, const char *done)
{
	struct power_result *ret = d->result;
	char whole[640];
	int room = (int)(sizeof(ret->text) - strlen(d->note) - sizeof("; "));

	ret->reason = r < 0 ? d->err.reason : REASON_OK;
	if (r < 0)
		(void)snprintf(whole, sizeof(whole), "%.*s%s%s", room, d->err.text,
		        *d->note ? "; " : "", d->note);
	else
		(void)snprintf(whole, sizeof(whole), "%s: %s%s%s", d->job->target.address, done,
		        *d->note ? "; " : "", d->note);
	drive_text(d, ret->text, sizeof(ret->text), whole);
}

void drive_close(struct drive *d)
{
	int64_t now = power_clock(), deadline = d->job->deadline;

	if (d->bmc)
		d->ops->close(d->bmc, (deadline > now ? deadline : now) + LOGOUT_MS);
	d->bmc = NULL;
}

void power_drive(const struct power_job *job, struct power_result *ret)
{
	struct drive d = {.job = job, .result = ret};
	int r;

	*ret = (struct power_result){.boot = {.device = POWER_DEVICE_OTHER}};
	r = drive_connect(&d);
	if (r == 0)
		r = drive_identify(&d);
	if (r == 0)
		r = carry_out(&d);
	drive_close(&d);
	drive_tell(&d, r, done_text(&d));
}
