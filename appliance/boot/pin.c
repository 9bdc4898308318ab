/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/boot/pin.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sodium.h>
#include <string.h>

int boot_pin(const char *cert_pem, char ret[PIN_TEXT], struct error *err)
{
	unsigned char *der = NULL;
	uint8_t hash[crypto_hash_sha256_BYTES];
	BIO *bio = BIO_new_mem_buf(cert_pem, -1);
	X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	int len = cert ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der) : -1;

	X509_free(cert);
	BIO_free(bio);
	if (len <= 0)
		return error_set(err, -EINVAL, REASON_CANNOT_OPEN, "not a certificate in PEM form");
	(void)crypto_hash_sha256(hash, der, (unsigned long long)len);
	hex_encode(hash, sizeof(hash), ret);
	OPENSSL_free(der);
	return 0;
}
