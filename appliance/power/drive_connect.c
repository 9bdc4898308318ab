/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which kind of BMC answers, and whose it is. */
#include "appliance/power/drive_internal.h"

#include "fixer/base/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* In turn: no address that is dead for one kind keeps the others waiting longer. */
#define TURN_MS 20000

/* The richest first. With a pin only those that show a certificate: else whoever keeps us from one
 * port would be asked on the other, and be sent what a password can be guessed from. */
static const struct {
	const char *type;
	bool certificate;
} in_turn[] = {{"redfish", true}, {"ipmi", false}, {"amt", true}};

#define TURNS (sizeof(in_turn) / sizeof(in_turn[0]))

static int open_kind(struct drive *d, const struct power_ops *ops, int64_t deadline)
{
	int64_t since = power_clock();
	struct error err = {0};

	if (ops->open(&d->job->target, deadline, &d->bmc, &err) < 0) {
		d->bmc = NULL;
		return drive_failed(d, "connect", since, &err);
	}
	d->ops = ops;
	d->result->type = ops->type;
	drive_step(d, "connect", since, true, "%s: logged in by %s", d->job->target.address,
	        ops->type);
	return 0;
}

/* Somebody answered, and is one to listen to: the next kind would only try the password again. */
static bool is_final(enum reason reason)
{
	return reason != REASON_POWER_UNREACHABLE && reason != REASON_POWER_UNSUPPORTED &&
	       reason != REASON_POWER_ANSWER_BAD && reason != REASON_POWER_REFUSED;
}

static int connect_in_turn(struct drive *d)
{
	const char *address = d->job->target.address;
	struct error told = {0};
	size_t tried = 0;

	for (size_t i = 0; i < TURNS; i++) {
		const struct power_ops *ops = power_kind(in_turn[i].type);
		if (!ops || (d->job->target.pin[0] && !in_turn[i].certificate))
			continue;
		int64_t limit = drive_share(d), turn = power_clock() + TURN_MS;
		tried++;
		if (open_kind(d, ops, limit < turn ? limit : turn) == 0)
			return 0;
		if (is_final(d->err.reason))
			return d->err.code;
		if (told.code == 0 || told.reason == REASON_POWER_UNREACHABLE)
			told = d->err;
	}
	if (tried == 0)
		return drive_fail(d, "connect", power_clock(), -ENOTSUP, REASON_POWER_UNSUPPORTED,
		        "%s: this build drives no kind of controller that fits", address);
	d->err = told;
	if (told.reason == REASON_POWER_UNREACHABLE && tried > 1)
		(void)error_set(&d->err, told.code, told.reason,
		        "%s: nothing answers there, neither Redfish nor IPMI nor Intel AMT",
		        address);
	return d->err.code;
}

int drive_connect(struct drive *d)
{
	return strcmp(d->job->type, "auto") == 0 ? connect_in_turn(d)
	                                         : drive_connect_kind(d, d->job->type);
}

int drive_connect_kind(struct drive *d, const char *type)
{
	const struct power_ops *ops = power_kind(type);

	return ops ? open_kind(d, ops, drive_share(d))
	           : drive_fail(d, "connect", power_clock(), -ENOTSUP, REASON_POWER_UNSUPPORTED,
	                     "%s: this build does not drive controllers of type %s",
	                     d->job->target.address, type);
}

/* --- who it is ------------------------------------------------------------------------------- */

/* All zeros or all ones is what firmware says that was never told. */
static bool parse_uuid(const char *text, struct guid *ret)
{
	bool zeros = true, ones = true;

	if (guid_parse(text, ret) < 0)
		return false;
	for (size_t i = 0; i < GUID_LEN; i++) {
		zeros = zeros && ret->bytes[i] == 0;
		ones = ones && ret->bytes[i] == 0xff;
	}
	return !zeros && !ones;
}

/* SMBIOS stores the first three fields with their low byte first since 2.6; who reads them
 * otherwise shows them turned. */
static struct guid turned(const struct guid *g)
{
	static const uint8_t from[GUID_LEN] = {
	        3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
	struct guid t;

	for (size_t i = 0; i < GUID_LEN; i++)
		t.bytes[i] = g->bytes[from[i]];
	return t;
}

static bool same_uuid(const struct guid *a, const struct guid *b)
{
	struct guid t = turned(b);

	return guid_equal(a, b) || guid_equal(a, &t);
}

/* What boards say that were never given one. */
static bool is_serial(const char *text)
{
	static const char *const empty[] = {"To Be Filled By O.E.M.", "Default string", "None",
	        "N/A", "NA", "Not Specified", "Not Available", "System Serial Number",
	        "Chassis Serial Number", "0123456789", "Unknown", "Invalid"};

	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++)
		if (strcasecmp(text, empty[i]) == 0)
			return false;
	return text[strspn(text, " 0.-")] != 0;
}

/* Blanks around it and the case of letters say nothing. */
static bool same_serial(const char *a, const char *b)
{
	a += strspn(a, " ");
	b += strspn(b, " ");
	while (*a && tolower((unsigned char)*a) == tolower((unsigned char)*b)) {
		a++;
		b++;
	}
	return a[strspn(a, " ")] == 0 && b[strspn(b, " ")] == 0;
}

static int wrong(struct drive *d, int64_t since, const char *what, const char *is, const char *want)
{
	return drive_fail(d, "identify", since, -EPERM, REASON_POWER_WRONG_MACHINE,
	        "%s is the controller of another machine: its %s is %s, expected is %s; nothing "
	        "was changed",
	        d->job->target.address, what, is, want);
}

static int compare(struct drive *d, int64_t since)
{
	const struct power_identity *is = &d->result->identity;
	const struct power_job *want = d->job;
	struct guid a, b;
	const char *how;

	if (parse_uuid(is->uuid, &a) && parse_uuid(want->uuid, &b)) {
		if (!same_uuid(&a, &b))
			return wrong(d, since, "UUID", is->uuid, want->uuid);
		how = "its UUID is the machine's";
	} else if (is_serial(is->serial) && is_serial(want->serial)) {
		if (!same_serial(is->serial, want->serial))
			return wrong(d, since, "serial number", is->serial, want->serial);
		how = "its serial number is the machine's";
	} else {
		how = "whose it is could not be compared";
	}
	drive_step(d, "identify", since, true, "%s%s%s%s%s", is->vendor, *is->vendor ? " " : "",
	        is->product, *is->vendor || *is->product ? ": " : "", how);
	return 0;
}

/* A driver's texts are clean; the password may still have been echoed to it. */
static void clean(const struct drive *d, const struct power_identity *raw)
{
	struct power_identity *i = &d->result->identity;

	drive_text(d, i->vendor, sizeof(i->vendor), raw->vendor);
	drive_text(d, i->product, sizeof(i->product), raw->product);
	drive_text(d, i->firmware, sizeof(i->firmware), raw->firmware);
	drive_text(d, i->uuid, sizeof(i->uuid), raw->uuid);
	drive_text(d, i->serial, sizeof(i->serial), raw->serial);
	drive_text(d, i->pin, sizeof(i->pin), raw->pin);
	drive_text(d, i->console, sizeof(i->console), raw->console);
}

int drive_identify(struct drive *d)
{
	struct power_identity raw = {0};
	int64_t since = power_clock();
	struct error err = {0};
	int r = drive_in_time(d, "identify");

	if (r < 0)
		return r;
	r = d->ops->identify(d->bmc, drive_share(d), &raw, &err);
	clean(d, &raw);
	if (r == 0)
		return compare(d, since);
	r = drive_failed(d, "identify", since, &err);
	/* Some never say whose they are: that is no reason to leave the machine as it is. */
	if (err.reason == REASON_POWER_UNSUPPORTED || err.reason == REASON_POWER_RIGHTS ||
	        err.reason == REASON_POWER_REFUSED)
		return 0;
	return r;
}
