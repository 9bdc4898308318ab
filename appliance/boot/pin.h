/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BOOT_PIN_H
#define BOOT_PIN_H

#include "fixer/base/error.h"

#define PIN_TEXT 65

/* The pin of a PEM certificate: SHA-256 over its SubjectPublicKeyInfo (as in RFC 7469), lower-case
 * hex. The key, not the certificate: renewing the certificate changes no pin. CANNOT_OPEN. */
int boot_pin(const char *cert_pem, char ret[PIN_TEXT], struct error *err);

#endif
