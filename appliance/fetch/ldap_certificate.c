/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Why a TLS connection was refused by us: what is in the certificate, in words. */
#include "appliance/fetch/ldap_internal.h"

#include <errno.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

static void name_text(const X509_NAME *name, char *text, size_t size)
{
	char raw[256] = "";

	(void)X509_NAME_oneline(name, raw, sizeof(raw));
	text_clean(text, size, raw);
}

static bool is_for(X509 *certificate, const char *host)
{
	return X509_check_ip_asc(certificate, host, 0) == 1 ||
	       X509_check_host(certificate, host, 0, 0, NULL) == 1;
}

static void describe(const struct ldap_controller *c, X509 *certificate, struct error *err)
{
	char subject[100], issuer[100];

	name_text(X509_get_subject_name(certificate), subject, sizeof(subject));
	name_text(X509_get_issuer_name(certificate), issuer, sizeof(issuer));
	if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
		(void)error_set(err, -EACCES, REASON_SOURCE_CERTIFICATE,
		        "%s shows a certificate that has expired: %s", c->uri, subject);
	else if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0)
		(void)error_set(err, -EACCES, REASON_SOURCE_CERTIFICATE,
		        "%s shows a certificate that is not valid yet (is our clock right?): %s",
		        c->uri, subject);
	else if (!is_for(certificate, c->host))
		(void)error_set(err, -EACCES, REASON_SOURCE_CERTIFICATE,
		        "%s shows a certificate for another name: %s", c->uri, subject);
	else
		(void)error_set(err, -EACCES, REASON_SOURCE_CERTIFICATE,
		        "%s shows a certificate of an authority that is not in ca: %s, issued by "
		        "%s",
		        c->uri, subject, issuer);
}

/* The handshake once more, taking any certificate: when that works, it was the certificate. Nothing
 * is sent on that connection. */
bool ldap_blame_certificate(const struct ldap_source *s, const struct ldap_controller *c,
        int64_t deadline, struct error *err)
{
	struct berval der = {0};
	X509 *certificate = NULL;
	struct ldap_link *link = NULL;
	bool blamed = ldap_reach(s, c, false, deadline, &link) == LDAP_SUCCESS;

	if (blamed &&
	        ldap_get_option(link->ld, LDAP_OPT_X_TLS_PEERCERT, &der) == LDAP_OPT_SUCCESS &&
	        der.bv_val) {
		const unsigned char *at = (const unsigned char *)der.bv_val;
		certificate = d2i_X509(NULL, &at, (long)der.bv_len);
	}
	if (certificate)
		describe(c, certificate, err);
	else if (blamed)
		(void)error_set(err, -EACCES, REASON_SOURCE_CERTIFICATE,
		        "%s: its certificate is not trusted", c->uri);
	X509_free(certificate);
	ldap_memfree(der.bv_val);
	ldap_link_close(link);
	return blamed;
}
