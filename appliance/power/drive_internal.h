/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POWER_DRIVE_INTERNAL_H
#define POWER_DRIVE_INTERNAL_H

#include "appliance/power/drive.h"

/* One order under way. */
struct drive {
	const struct power_job *job;
	struct power_result *result;
	const struct power_ops *ops;
	void *bmc;
	struct error err; /* of what ended it; its text is clean and without the password */
	bool told_off, told_on;
	char note[200]; /* what the sentence at the end says besides; "" nothing */
};

/* --- drive_step.c: what is told of a step ------------------------------------------------------
 */

/* since: when it began, of power_clock(). */
void drive_step(struct drive *d, const char *name, int64_t since, bool ok, const char *format, ...)
        __attribute__((format(printf, 5, 6)));
/* The step failed as err says. Keeps it in d->err; its code. */
int drive_failed(struct drive *d, const char *name, int64_t since, const struct error *err);
/* A sentence that is not the BMC's: fills d->err and tells the step. */
int drive_fail(struct drive *d, const char *name, int64_t since, int code, enum reason reason,
        const char *format, ...) __attribute__((format(printf, 6, 7)));
/* Copies text, cleaned; the password in it, whoever wrote it there, is replaced by stars. */
void drive_text(const struct drive *d, char *out, size_t size, const char *text);

/* Half of the time that is left: what comes later must have some, too. */
int64_t drive_share(const struct drive *d);
/* -ETIME with d->err set when no time is left for that step. */
int drive_in_time(struct drive *d, const char *name);
/* It may go away by itself: no answer, busy, an error that says nothing of us. */
bool drive_passing(enum reason reason);

/* --- drive_connect.c ---------------------------------------------------------------------------
 */

int drive_connect(struct drive *d);
/* By this kind alone. */
int drive_connect_kind(struct drive *d, const char *type);
/* Who it is, and whether that is the machine meant. */
int drive_identify(struct drive *d);

/* --- drive_power.c -----------------------------------------------------------------------------
 */

int drive_status(struct drive *d); /* into d->result->power */
/* Tells the BMC, and waits until its status says so. -ETIME with POWER_STUCK: it never did. */
int drive_switch(struct drive *d, enum power_state want);
/* By the BMC itself. */
int drive_cycle(struct drive *d);

/* --- drive_boot.c ------------------------------------------------------------------------------
 */

/* Sets it and reads it back, twice if need be. */
int drive_boot(struct drive *d, enum power_device device);
/* What is set now, into the result. A BMC that cannot tell: 0, and the step says so. */
int drive_boot_read(struct drive *d);
int drive_insert(struct drive *d);
int drive_eject(struct drive *d);

/* --- drive.c -----------------------------------------------------------------------------------
 */

void drive_close(struct drive *d);
/* Reason and sentence of the result: r is 0, done says what for, or what ended it, in d->err. */
void drive_tell(struct drive *d, int r, const char *done);

#endif
