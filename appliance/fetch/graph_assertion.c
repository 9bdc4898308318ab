/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fetch/graph_assertion.h"

#include "fixer/base/buffer.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define ASSERTION_MAX 8192
#define GOOD_FOR      600 /* seconds */
#define BITS_MIN      2048

struct graph_certificate {
	EVP_PKEY *key;
	char thumbprint[48]; /* base64url of 32 bytes */
};

/* Nobody is asked for the passphrase of an encrypted key. */
static int no_passphrase(char *out, int size, int writing, void *context)
{
	(void)out, (void)size, (void)writing, (void)context;
	return -1;
}

static EVP_PKEY *read_key(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;

	BIO_free(bio);
	return key;
}

static X509 *read_certificate(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, no_passphrase, NULL) : NULL;

	BIO_free(bio);
	return certificate;
}

static int usage(struct error *err, const char *what)
{
	return error_set(err, -EINVAL, REASON_USAGE, "certificate: %s", what);
}

static void base64url(const void *data, size_t len, char *out, size_t size)
{
	(void)sodium_bin2base64(out, size, data, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static int fill(struct graph_certificate *c, X509 *certificate, struct error *err)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (!c->key)
		return usage(err, "no private key in PEM that opens without a passphrase");
	if (!certificate)
		return usage(err, "no certificate in PEM");
	if (EVP_PKEY_get_base_id(c->key) != EVP_PKEY_RSA || EVP_PKEY_get_bits(c->key) < BITS_MIN)
		return usage(err, "Entra ID takes RSA keys of 2048 bits or more");
	if (X509_check_private_key(certificate, c->key) != 1)
		return usage(err, "the private key is not the certificate's");
	if (X509_digest(certificate, EVP_sha256(), digest, &len) != 1)
		return error_set(err, -EIO, REASON_INTERNAL, "no thumbprint of the certificate");
	base64url(digest, len, c->thumbprint, sizeof(c->thumbprint));
	return 0;
}

int graph_certificate_new(const char *pem, struct graph_certificate **ret, struct error *err)
{
	struct graph_certificate *c = calloc(1, sizeof(*c));

	if (!c)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	c->key = read_key(pem);
	X509 *certificate = read_certificate(pem);
	int r = fill(c, certificate, err);
	X509_free(certificate);
	if (r == 0)
		*ret = c;
	else
		graph_certificate_free(c);
	return r;
}

void graph_certificate_free(struct graph_certificate *c)
{
	if (!c)
		return;
	EVP_PKEY_free(c->key);
	free(c);
}

/* RSASSA-PSS with SHA-256 and a salt as long as the digest (RFC 7518, 3.5). */
static int sign(EVP_PKEY *key, const struct buffer *text, uint8_t *out, size_t *len)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *options = NULL;
	bool good = context &&
	            EVP_DigestSignInit(context, &options, EVP_sha256(), NULL, key) == 1 &&
	            EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 &&
	            EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) == 1 &&
	            EVP_DigestSign(context, out, len, text->data, text->len) == 1;

	EVP_MD_CTX_free(context);
	return good ? 0 : -EIO;
}

/* Each part base64url, with dots between. */
static int put_part(struct buffer *jwt, const void *data, size_t len)
{
	char text[ASSERTION_MAX / 2];

	if (sodium_base64_encoded_len(len, sodium_base64_VARIANT_URLSAFE_NO_PADDING) > sizeof(text))
		return -EMSGSIZE;
	base64url(data, len, text, sizeof(text));
	return buffer_printf(jwt, "%s%s", jwt->len > 0 ? "." : "", text);
}

/* client and audience are of a configuration that was checked: nothing in them needs escaping. */
static int put_claims(struct buffer *jwt, const struct graph_certificate *c, const char *client,
        const char *audience, int64_t now)
{
	struct buffer json;
	uint8_t random[16];
	char id[2 * sizeof(random) + 1];

	randombytes_buf(random, sizeof(random));
	hex_encode(random, sizeof(random), id);
	buffer_init(&json, ASSERTION_MAX / 4);
	int r = buffer_printf(
	        &json, "{\"alg\":\"PS256\",\"typ\":\"JWT\",\"x5t#S256\":\"%s\"}", c->thumbprint);
	if (r == 0)
		r = put_part(jwt, json.data, json.len);
	buffer_reset(&json);
	if (r == 0)
		r = buffer_printf(&json,
		        "{\"aud\":\"%s\",\"iss\":\"%s\",\"sub\":\"%s\",\"jti\":\"%s\",\"iat\":%lld,"
		        "\"nbf\":%lld,\"exp\":%lld}",
		        audience, client, client, id, (long long)now, (long long)now,
		        (long long)now + GOOD_FOR);
	if (r == 0)
		r = put_part(jwt, json.data, json.len);
	buffer_free(&json);
	return r;
}

struct secret *graph_assertion(
        const struct graph_certificate *c, const char *client, const char *audience, int64_t now)
{
	uint8_t signature[2048];
	size_t len = sizeof(signature);
	struct secret *ret = NULL;
	struct buffer jwt;

	buffer_init(&jwt, ASSERTION_MAX);
	int r = put_claims(&jwt, c, client, audience, now);
	if (r == 0)
		r = sign(c->key, &jwt, signature, &len);
	if (r == 0)
		r = put_part(&jwt, signature, len);
	if (r == 0)
		ret = secret_copy(jwt.data, jwt.len + 1);
	if (jwt.data)
		secret_wipe(jwt.data, jwt.len);
	buffer_free(&jwt);
	return ret;
}
