/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POWER_IPMI_IDENTITY_H
#define POWER_IPMI_IDENTITY_H

#include "appliance/power/ipmi_session.h"

/* As power_ops.identify. */
int ipmi_identity(
        struct ipmi_bmc *b, int64_t deadline, struct power_identity *ret, struct error *err);

/*
 * The UUID in the answer of Get System GUID, whose byte order IPMI and most vendors see
 * differently: as in SMBIOS (either order of the first fields; who compares looks at both), or the
 * whole of it turned round, as IPMI 2.0 table 20-10 has it. Told apart by where version and variant
 * (RFC 4122) stand; "" when both or neither could be.
 */
void ipmi_uuid(const uint8_t bytes[16], char ret[40]);

#endif
