/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/preflight/gather.h"
#include "appliance/supervisor/state.h"
#include "fixer/base/cleanup.h"

#include <openssl/asn1.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

DEFINE_CLEANUP(EVP_PKEY *, EVP_PKEY_free)
DEFINE_CLEANUP(X509 *, X509_free)

static int64_t seconds_of(const ASN1_TIME *when)
{
	struct tm t;

	return when && ASN1_TIME_to_tm(when, &t) == 1 ? (int64_t)timegm(&t) : 0;
}

/* Of the first certificate in the file, and of the key in the other. */
static X509 *read_certificate(const char *path)
{
	FILE *file = fopen(path, "re");
	X509 *cert = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;

	if (file)
		fclose(file);
	return cert;
}

/* One with a passphrase is none for us, and nobody is asked for it here. */
static EVP_PKEY *read_key(const char *path)
{
	FILE *file = fopen(path, "re");
	EVP_PKEY *key = file ? PEM_read_PrivateKey(file, NULL, NULL, (void *)(uintptr_t) "") : NULL;

	if (file)
		fclose(file);
	return key;
}

void gather_certificate(const struct config *config, struct certificate_facts *ret)
{
	char cert_path[STATE_PATH_MAX], key_path[STATE_PATH_MAX];

	*ret = (struct certificate_facts){0};
	state_path(cert_path, config->state, "tls/cert.pem");
	state_path(key_path, config->state, "tls/key.pem");
	ret->there = access(cert_path, F_OK) == 0 || access(key_path, F_OK) == 0;
	if (!ret->there)
		return;
	CLEANUP(X509_free_p) X509 *cert = read_certificate(cert_path);
	CLEANUP(EVP_PKEY_free_p) EVP_PKEY *key = read_key(key_path);
	if (!cert || !key) {
		(void)snprintf(ret->why, sizeof(ret->why), "%.140s cannot be read",
		        cert ? key_path : cert_path);
		return;
	}
	ret->readable = true;
	ret->fits_key = X509_check_private_key(cert, key) == 1;
	ret->names_address = X509_check_ip_asc(cert, config->address, 0) == 1;
	ret->from = seconds_of(X509_get0_notBefore(cert));
	ret->until = seconds_of(X509_get0_notAfter(cert));
}
