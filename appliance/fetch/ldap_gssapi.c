/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Login by Kerberos. The ticket comes from the source's own keytab and stays in memory; libkrb5
 * renews it when half its life is over.
 */
#include "appliance/fetch/ldap_internal.h"

#include <errno.h>
#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <krb5.h>
#include <sasl/sasl.h>
#include <string.h>

/* Inside TLS, Active Directory refuses a second layer; without, it has to encrypt. */
#define PROPERTIES_IN_TLS "none,noanonymous,noplain,maxssf=0"
#define PROPERTIES_BARE   "none,noanonymous,noplain,minssf=56"

static int kerberos_failed(
        const struct ldap_source *s, OM_uint32 major, OM_uint32 minor, struct error *err)
{
	gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
	OM_uint32 ignored, context = 0;
	bool no_kdc = (krb5_error_code)minor == KRB5_KDC_UNREACH ||
	              (krb5_error_code)minor == KRB5_REALM_CANT_RESOLVE;

	(void)major;
	(void)gss_display_status(
	        &ignored, minor, GSS_C_MECH_CODE, (gss_OID)gss_mech_krb5, &context, &text);
	int r = error_set(err, no_kdc ? -ECONNREFUSED : -EACCES,
	        no_kdc ? REASON_SOURCE_UNREACHABLE : REASON_SOURCE_LOGIN,
	        "Kerberos, keytab %s: %.*s", s->keytab, (int)text.length,
	        text.value ? (const char *)text.value : "");
	(void)gss_release_buffer(&ignored, &text);
	return r;
}

static OM_uint32 import_user(const struct ldap_source *s, gss_name_t *ret, OM_uint32 *minor)
{
	gss_buffer_desc text = {.length = s->user ? strlen(s->user) : 0, .value = s->user};

	if (!s->user) {
		*ret = GSS_C_NO_NAME; /* the first of the keytab */
		return GSS_S_COMPLETE;
	}
	return gss_import_name(minor, &text, (gss_OID)GSS_KRB5_NT_PRINCIPAL_NAME, ret);
}

static int acquire(const struct ldap_source *s, gss_cred_id_t *ret, struct error *err)
{
	gss_key_value_element_desc elements[] = {{.key = "client_keytab", .value = s->keytab},
	        {.key = "ccache", .value = s->ccache}};
	gss_key_value_set_desc store = {.count = 2, .elements = elements};
	gss_OID_set_desc krb5_alone = {.count = 1, .elements = (gss_OID)gss_mech_krb5};
	gss_cred_id_t cred = GSS_C_NO_CREDENTIAL;
	gss_name_t user = GSS_C_NO_NAME;
	OM_uint32 minor = 0, ignored;
	OM_uint32 major = import_user(s, &user, &minor);

	if (!GSS_ERROR(major))
		major = gss_acquire_cred_from(&minor, user, GSS_C_INDEFINITE, &krb5_alone,
		        GSS_C_INITIATE, &store, &cred, NULL, NULL);
	/* Without a name it is only now that a ticket is asked for. */
	if (!GSS_ERROR(major))
		major = gss_inquire_cred(&minor, cred, NULL, NULL, NULL, NULL);
	(void)gss_release_name(&ignored, &user);
	if (GSS_ERROR(major)) {
		(void)gss_release_cred(&ignored, &cred);
		return kerberos_failed(s, major, minor, err);
	}
	*ret = cred;
	return 0;
}

/* libsasl asks who we are; the moment it does is the one when the ticket can be given to it. */
static int give_ticket(LDAP *ld, unsigned flags, void *cred, void *questions)
{
	(void)flags;
	if (ldap_set_option(ld, LDAP_OPT_X_SASL_GSS_CREDS, cred) != LDAP_OPT_SUCCESS)
		return LDAP_LOCAL_ERROR;
	for (sasl_interact_t *q = questions; q->id != SASL_CB_LIST_END; q++) {
		q->result = "";
		q->len = 0;
	}
	return LDAP_SUCCESS;
}

int ldap_bind_gssapi(
        const struct ldap_source *s, const struct ldap_controller *c, LDAP *ld, struct error *err)
{
	bool in_tls = c->tls || s->starttls;
	const int binding = LDAP_OPT_X_SASL_CBINDING_TLS_ENDPOINT;
	gss_cred_id_t cred = GSS_C_NO_CREDENTIAL;
	OM_uint32 ignored;
	char said[200];

	if (acquire(s, &cred, err) < 0)
		return LDAP_LOCAL_ERROR;
	int rc = LDAP_LOCAL_ERROR;
	if (ldap_set_option(ld, LDAP_OPT_X_SASL_SECPROPS,
	            in_tls ? PROPERTIES_IN_TLS : PROPERTIES_BARE) == LDAP_OPT_SUCCESS &&
	        ldap_set_option(ld, LDAP_OPT_X_SASL_NOCANON, LDAP_OPT_ON) == LDAP_OPT_SUCCESS &&
	        (!in_tls || ldap_set_option(ld, LDAP_OPT_X_SASL_CBINDING, &binding) ==
	                            LDAP_OPT_SUCCESS))
		rc = ldap_sasl_interactive_bind_s(
		        ld, NULL, "GSSAPI", NULL, NULL, LDAP_SASL_QUIET, give_ticket, cred);
	(void)gss_release_cred(&ignored, &cred);
	if (rc == LDAP_LOCAL_ERROR) {
		ldap_said(ld, said, sizeof(said));
		(void)error_set(
		        err, -EACCES, REASON_SOURCE_LOGIN, "%s: Kerberos: %s", c->host, said);
	}
	return rc;
}
