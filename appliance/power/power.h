/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One kind of management controller (BMC) that switches a machine's power and says where it starts
 * from next: IPMI, Redfish, Intel AMT. Each call blocks until the BMC has answered or the deadline
 * is over; an object is used by one thread at a time. What a BMC says is a claim: it is read back,
 * and the machine's own question for a boot is what counts (drive.h).
 */
#ifndef POWER_POWER_H
#define POWER_POWER_H

#include "fixer/base/error.h"
#include "fixer/base/secret.h"
#include "netmend/limits.h"

#include <stdbool.h>
#include <stdint.h>

#define POWER_ADDRESS 256 /* a host name or an IP address, without a port */
#define POWER_USER    65
#define POWER_PIN     65 /* SHA-256 of a certificate (DER), 64 hex digits in lower case */
#define POWER_URL     512

enum power_state { POWER_UNKNOWN, POWER_OFF, POWER_ON };

/* CYCLE: off and on again by the BMC itself; of a machine that is off it is ON (IPMI answers 0xD5).
 * None of them waits for an operating system: these machines have none that runs. */
enum power_act { POWER_ACT_ON, POWER_ACT_OFF, POWER_ACT_CYCLE };

/* AUTO: as the BMC has it set, UEFI where it does not say. */
enum power_firmware { POWER_FIRMWARE_AUTO, POWER_FIRMWARE_UEFI, POWER_FIRMWARE_LEGACY };

enum power_device {
	POWER_DEVICE_NONE, /* no override: as the firmware is set up */
	POWER_DEVICE_NETWORK,
	POWER_DEVICE_CD,    /* of virtual media */
	POWER_DEVICE_OTHER, /* read back only */
};

/* Where the next start is from. persistent is only ever read back: it is never set. */
struct power_boot {
	enum power_device device;
	enum power_firmware firmware;
	bool persistent;
};

/* Where a BMC is, and how it lets us in. All borrowed for the life of the object. */
struct power_target {
	char address[POWER_ADDRESS];
	uint16_t port; /* 0: that of its kind */
	char user[POWER_USER];
	const struct secret
	        *password;   /* with its NUL; never in a log, an argument list or a text */
	char pin[POWER_PIN]; /* "": any certificate is taken, and told (power_identity) */
	/* Another spelling of the same order, for the second try: IPMI without the EFI bit,
	 * Redfish with all Boot fields at once, as far as the kind has one. */
	bool other_form;
};

/* Who it says it is. "" where it does not say; texts are clean (text.h). */
struct power_identity {
	char vendor[NM_MAX_NAME], product[NM_MAX_NAME], firmware[NM_MAX_NAME];
	char uuid[40]; /* of the machine, as its SMBIOS has it; "": not known or not sure */
	char serial[NM_MAX_NAME];  /* of the machine */
	char pin[POWER_PIN];       /* of the certificate it showed; "" without TLS */
	char console[NM_MAX_NAME]; /* how its text console is reached: "serial over LAN", a URL; ""
	                            */
};

#define POWER_SCREEN_ROWS    24
#define POWER_SCREEN_COLUMNS 80
#define POWER_SCREEN_ROW     (4 * POWER_SCREEN_COLUMNS + 1) /* bytes of UTF-8 */

/* A text console, as a terminal shows it: clean texts without blanks at their end. */
struct power_screen {
	char rows[POWER_SCREEN_ROWS][POWER_SCREEN_ROW];
	int64_t seen; /* when the last character came, milliseconds since 1970; 0: none came */
};

/*
 * Errors of every call: err has a reason and a sentence that names the BMC's address and what to
 * do, never the password.
 *   POWER_UNREACHABLE  no answer, not even after what may be repeated was repeated
 *   POWER_LOGIN        user or password refused
 *   POWER_RIGHTS       the user may not do this
 *   POWER_CERTIFICATE  another certificate than the pinned one: nothing was sent to it
 *   POWER_BUSY         it says "later" still when the deadline came (a POST, a job of its own)
 *   POWER_UNSUPPORTED  it cannot do this at all
 *   POWER_REFUSED      it answered with an error; the sentence has its words or its code
 *   POWER_ANSWER_BAD   its answer makes no sense
 * deadline: milliseconds of power_clock().
 */
struct power_ops {
	const char *type; /* "ipmi", "redfish", "amt" */
	uint16_t port;
	/* Connects and logs in. 0 or -errno. */
	int (*open)(const struct power_target *t, int64_t deadline, void **ret, struct error *err);
	/* Logs out: sessions are few on a BMC. NULL is fine. */
	void (*close)(void *bmc, int64_t deadline);
	int (*identify)(void *bmc, int64_t deadline, struct power_identity *ret, struct error *err);
	int (*status)(void *bmc, int64_t deadline, enum power_state *ret, struct error *err);
	/* Once, for the next start. device NONE takes the override back. */
	int (*boot_set)(void *bmc, int64_t deadline, const struct power_boot *b, struct error *err);
	/* What it has kept of that. -EOPNOTSUPP with POWER_UNSUPPORTED: this BMC cannot tell. */
	int (*boot_get)(void *bmc, int64_t deadline, struct power_boot *ret, struct error *err);
	int (*control)(void *bmc, int64_t deadline, enum power_act act, struct error *err);
	/* Virtual media: url of an ISO; read only. NULL where a kind has none. */
	int (*insert)(void *bmc, int64_t deadline, const char *url, struct error *err);
	int (*eject)(void *bmc, int64_t deadline, struct error *err);
	/* What is on its text console (serial over LAN), over a session of its own: listens until
	 * the screen stands still, at most until deadline. That nothing came is no error. NULL
	 * where a kind has none. */
	int (*console)(const struct power_target *t, int64_t deadline, struct power_screen *ret,
	        struct error *err);
};

extern const struct power_ops power_ipmi, power_redfish, power_amt;

/* The kind of that type; NULL: there is none. */
const struct power_ops *power_kind(const char *type);

/* Monotonic, milliseconds. */
int64_t power_clock(void);
void power_pause(int64_t ms);

#endif
