/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The appliance's own certificate. Fixers pin its key, so it is made once and kept. */
#ifndef SUPERVISOR_CERTIFICATE_H
#define SUPERVISOR_CERTIFICATE_H

#include "fixer/base/error.h"

#include <sys/types.h>

/*
 * Makes key_path (EC P-256, PEM, 0640 root:gid) and cert_path (self-signed, ten years, subject
 * alternative name IP:address) unless both are there. Existing ones are only checked for belonging
 * together: another address does not make a new one, because the pin is what counts. CANNOT_OPEN
 * says what to do about a half that is missing or does not fit.
 */
int certificate_ensure(const char *cert_path, const char *key_path, const char *address, gid_t gid,
        struct error *err);

#endif
