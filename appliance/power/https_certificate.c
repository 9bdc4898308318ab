/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which certificate is taken: judged within the handshake, so that another one gets nothing of what
 * would follow, neither a path nor a password. */
#include "appliance/power/https_internal.h"

#include "fixer/base/text.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string.h>

#define SHA256_LEN 32

static int pin_of(const X509 *certificate, char pin[POWER_PIN])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (!certificate || X509_digest(certificate, EVP_sha256(), digest, &len) != 1 ||
	        len != SHA256_LEN)
		return -1;
	hex_encode(digest, len, pin);
	return 0;
}

/* In the place of OpenSSL's own judgement: nobody has signed these certificates, their names and
 * dates mean nothing. Without a pin the first one is taken; it is the pin of all connections of
 * this object from then on. 1 goes on, 0 ends the handshake. */
static int judge(X509_STORE_CTX *store, void *context)
{
	struct bmc_https *h = context;
	const char *wanted = h->target->pin[0] ? h->target->pin : h->pin;
	char pin[POWER_PIN];

	if (pin_of(X509_STORE_CTX_get0_cert(store), pin) < 0) {
		X509_STORE_CTX_set_error(store, X509_V_ERR_UNSPECIFIED);
		return 0;
	}
	h->other_certificate = wanted[0] && strcmp(wanted, pin) != 0;
	if (h->other_certificate) {
		X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
		return 0;
	}
	memcpy(h->pin, pin, sizeof(pin));
	X509_STORE_CTX_set_error(store, X509_V_OK);
	return 1;
}

static CURLcode prepare(CURL *curl, void *ctx, void *context)
{
	(void)curl;
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, judge, context);
	return CURLE_OK;
}

/* Controllers get no updates for years: keys of 1,024 bits, SHA-1, TLS 1.0. What else they could be
 * asked by (IPMI) is weaker still. A session is never resumed: each handshake shows a certificate.
 * Not by curl's own check (VERIFYPEER): that would load the authorities of this system first. */
CURLcode https_judge_certificate(struct bmc_https *h)
{
	CURLcode r = curl_easy_setopt(h->curl, CURLOPT_SSL_VERIFYPEER, 0L);

	if (r == CURLE_OK)
		r = curl_easy_setopt(h->curl, CURLOPT_SSL_VERIFYHOST, 0L);
	if (r == CURLE_OK)
		r = curl_easy_setopt(h->curl, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	if (r == CURLE_OK)
		r = curl_easy_setopt(h->curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_0);
	if (r == CURLE_OK)
		r = curl_easy_setopt(h->curl, CURLOPT_SSL_CIPHER_LIST, "DEFAULT:@SECLEVEL=0");
	if (r == CURLE_OK)
		r = curl_easy_setopt(h->curl, CURLOPT_SSL_CTX_DATA, h);
	if (r == CURLE_OK)
		r = curl_easy_setopt(h->curl, CURLOPT_SSL_CTX_FUNCTION, prepare);
	return r;
}
