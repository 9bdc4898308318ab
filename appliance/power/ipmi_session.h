/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A session with one IPMI BMC, by libfreeipmi, and one command in it. */
#ifndef POWER_IPMI_SESSION_H
#define POWER_IPMI_SESSION_H

#include "appliance/power/power.h"

#include <freeipmi/freeipmi.h>

#define IPMI_ANSWER_MAX 64

/* Of an answer's first byte behind the command (IPMI 2.0 table 5-2). */
enum {
	IPMI_DONE = 0x00,
	IPMI_PARAMETER_UNSUPPORTED = 0x80, /* boot options */
	IPMI_NODE_BUSY = 0xc0,
	IPMI_COMMAND_INVALID = 0xc1,
	IPMI_COMMAND_INVALID_FOR_LUN = 0xc2,
	IPMI_COMMAND_TIMEOUT = 0xc3,
	IPMI_FIELD_INVALID = 0xcc,
	IPMI_PRIVILEGE_TOO_LOW = 0xd4,
	IPMI_NOT_IN_THIS_STATE = 0xd5,
};

struct ipmi_bmc {
	const struct power_target *target;
	char host[POWER_ADDRESS + 16]; /* with the port, as the library wants it */
	ipmi_ctx_t ctx;                /* NULL: no session */
	uint8_t cipher, privilege;     /* that let us in */
};

struct ipmi_answer {
	uint8_t code;
	size_t len;
	uint8_t data[IPMI_ANSWER_MAX]; /* behind the code */
};

/* Logs in by cipher suite 17, then 3, as operator, then as administrator. Errors as of power_ops.
 */
int ipmi_session_open(struct ipmi_bmc *b, int64_t deadline, struct error *err);
void ipmi_session_close(struct ipmi_bmc *b);

/*
 * data: behind the command's number. 0 with any completion code but "busy", which is waited for
 * while there is time. Without an answer it is sent again, in a new session in the end; once: it is
 * on the wire once at most, and -ETIMEDOUT leaves open whether it was carried out.
 */
int ipmi_command(struct ipmi_bmc *b, int64_t deadline, bool once, uint8_t netfn, uint8_t command,
        const uint8_t *data, size_t len, struct ipmi_answer *ret, struct error *err);

/* err for a completion code that is not IPMI_DONE; what: was asked, "set the boot order". */
int ipmi_refused(const struct ipmi_bmc *b, const char *what, uint8_t code, struct error *err);

#endif
