/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/supervisor/certificate.h"

#include "appliance/supervisor/state.h"
#include "fixer/base/cleanup.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#define TEN_YEARS (10L * 365 * 24 * 3600)
#define ONE_DAY   (24L * 3600)

DEFINE_CLEANUP(EVP_PKEY *, EVP_PKEY_free)
DEFINE_CLEANUP(X509 *, X509_free)
DEFINE_CLEANUP(BIO *, BIO_free_all)

static int add_extension(X509 *cert, int nid, const char *value)
{
	X509V3_CTX context;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, cert, cert, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	int ok = extension && X509_add_ext(cert, extension, -1);
	X509_EXTENSION_free(extension);
	return ok;
}

static int set_random_serial(X509 *cert)
{
	unsigned char bytes[8];
	uint64_t serial;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return 0;
	memcpy(&serial, bytes, sizeof(serial));
	return ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial >> 1 | 1);
}

/* NULL when OpenSSL fails. The dates start a day early: machines boot with clocks that lag. */
static X509 *make_certificate(EVP_PKEY *key, const char *address)
{
	char alternative[64];
	X509 *cert = X509_new();

	snprintf(alternative, sizeof(alternative), "IP:%s", address);
	X509_NAME *name = cert ? X509_get_subject_name(cert) : NULL;
	if (name && X509_set_version(cert, 2) && set_random_serial(cert) &&
	        X509_gmtime_adj(X509_getm_notBefore(cert), -ONE_DAY) &&
	        X509_gmtime_adj(X509_getm_notAfter(cert), TEN_YEARS) &&
	        X509_NAME_add_entry_by_txt(
	                name, "CN", MBSTRING_ASC, (const unsigned char *)"netmend", -1, -1, 0) &&
	        X509_set_issuer_name(cert, name) && X509_set_pubkey(cert, key) &&
	        add_extension(cert, NID_subject_alt_name, alternative) &&
	        add_extension(cert, NID_basic_constraints, "critical,CA:FALSE") &&
	        add_extension(cert, NID_key_usage, "critical,digitalSignature") &&
	        add_extension(cert, NID_ext_key_usage, "serverAuth") &&
	        X509_sign(cert, key, EVP_sha256()))
		return cert;
	X509_free(cert);
	return NULL;
}

static int openssl_failed(struct error *err, const char *what)
{
	char reason[120];

	ERR_error_string_n(ERR_get_error(), reason, sizeof(reason));
	return error_set(err, -EIO, REASON_INTERNAL, "cannot make %s: %s", what, reason);
}

static int write_pem(BIO *pem, const char *path, mode_t mode, gid_t gid, struct error *err)
{
	char *text;
	long len = BIO_get_mem_data(pem, &text);

	return state_write_file(path, text, (size_t)len, mode, gid, err);
}

static int make_pair(const char *cert_path, const char *key_path, const char *address, gid_t gid,
        struct error *err)
{
	EVP_PKEY *CLEANUP(EVP_PKEY_free_p) key = EVP_EC_gen("P-256");
	X509 *CLEANUP(X509_free_p) cert = key ? make_certificate(key, address) : NULL;
	/* The key's PEM text lies in memory that is wiped when it is freed. */
	BIO *CLEANUP(BIO_free_all_p) key_pem = BIO_new(BIO_s_secmem());
	BIO *CLEANUP(BIO_free_all_p) cert_pem = BIO_new(BIO_s_mem());

	if (!cert || !key_pem || !cert_pem)
		return openssl_failed(err, "the certificate");
	if (!PEM_write_bio_PKCS8PrivateKey(key_pem, key, NULL, NULL, 0, NULL, NULL) ||
	        !PEM_write_bio_X509(cert_pem, cert))
		return openssl_failed(err, "the certificate's file");
	int r = write_pem(key_pem, key_path, 0640, gid, err);
	if (r == 0)
		r = write_pem(cert_pem, cert_path, 0644, 0, err);
	if (r == 0)
		log_info("made a certificate for %s: %s", address, cert_path);
	return r;
}

static int check_pair(FILE *cert_file, FILE *key_file, const char *cert_path, const char *key_path,
        struct error *err)
{
	X509 *CLEANUP(X509_free_p) cert = PEM_read_X509(cert_file, NULL, NULL, NULL);
	EVP_PKEY *CLEANUP(EVP_PKEY_free_p) key = PEM_read_PrivateKey(key_file, NULL, NULL, NULL);

	if (cert && key && X509_check_private_key(cert, key) == 1)
		return 0;
	ERR_clear_error();
	return error_set(err, -EINVAL, REASON_CANNOT_OPEN,
	        "%s and %s are not a certificate and its key: restore them from a backup, or "
	        "remove "
	        "both and a new pair is made",
	        cert_path, key_path);
}

int certificate_ensure(const char *cert_path, const char *key_path, const char *address, gid_t gid,
        struct error *err)
{
	FILE *cert = fopen(cert_path, "re");
	FILE *key = fopen(key_path, "re");
	int r;

	if (!cert && !key)
		r = make_pair(cert_path, key_path, address, gid, err);
	else if (cert && key)
		r = check_pair(cert, key, cert_path, key_path, err);
	else
		/* A key alone is what a start leaves that was cut off between the two files; no
		 * machine can have pinned it, but that is for a person to say. */
		r = error_set(err, -EINVAL, REASON_CANNOT_OPEN,
		        "%s is missing: restore it from a backup, or remove %s too and a new pair "
		        "is made",
		        cert ? key_path : cert_path, cert ? cert_path : key_path);
	if (cert)
		fclose(cert);
	if (key)
		fclose(key);
	return r;
}
