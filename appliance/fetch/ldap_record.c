/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is in one entry. Its name, as Windows makes it, is a time and the GUID in braces, below the
 * computer's entry; both it and the attributes are whatever their writer put there.
 */
#include "appliance/fetch/ldap_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NETBIOS_NAME 15
#define PASSWORD_MAX 256 /* characters the attribute has room for */
#define BRACED_GUID  38

static char password_name[] = LDAP_PASSWORD, guid_name[] = LDAP_GUID, created_name[] = LDAP_CREATED;
char *ldap_wanted[] = {password_name, guid_name, created_name, NULL};

static void clean_value(const struct berval *value, char *out, size_t size)
{
	char raw[512];
	size_t len = value->bv_len < sizeof(raw) ? value->bv_len : sizeof(raw) - 1;

	if (len > 0) /* an empty value has no bytes at all */
		memcpy(raw, value->bv_val, len);
	raw[len] = 0;
	text_clean(out, size, raw);
}

static bool is_attribute(const struct berval *name, const char *wanted)
{
	return name->bv_len == strlen(wanted) &&
	       strncasecmp(name->bv_val, wanted, name->bv_len) == 0;
}

/* The first part of an RDN; NULL when there is none. */
static const LDAPAVA *part(LDAPDN dn, size_t n)
{
	for (size_t i = 0; dn && i <= n; i++)
		if (!dn[i])
			return NULL;
	return dn && dn[n][0] ? dn[n][0] : NULL;
}

static void join_domain(LDAPDN dn, char *out, size_t size)
{
	char label[64];
	size_t len = 0;

	out[0] = 0;
	for (size_t i = 0; dn && dn[i]; i++) {
		const LDAPAVA *p = dn[i][0];
		if (!p || !is_attribute(&p->la_attr, "DC"))
			continue;
		clean_value(&p->la_value, label, sizeof(label));
		for (char *at = label; *at; at++)
			*at = (char)tolower((unsigned char)*at);
		int n = snprintf(out + len, size - len, "%s%s", len ? "." : "", label);
		if (n < 0 || (size_t)n >= size - len) {
			out[0] = 0; /* longer than any domain is */
			return;
		}
		len += (size_t)n;
	}
}

void ldap_domain_of(const char *dn, char *out, size_t size)
{
	LDAPDN parts = NULL;

	out[0] = 0;
	if (ldap_str2dn(dn, &parts, LDAP_DN_FORMAT_LDAPV3) == LDAP_SUCCESS)
		join_domain(parts, out, size);
	ldap_dnfree(parts);
}

/* "2024-07-19T04:09:00-00:00{063EA4E1-...}" */
static bool guid_in_name(const LDAPAVA *name, struct guid *ret)
{
	char text[128];

	if (!name)
		return false;
	clean_value(&name->la_value, text, sizeof(text));
	const char *brace = strrchr(text, '{');
	return brace && strlen(brace) == BRACED_GUID && guid_parse(brace, ret) == 0;
}

static bool guid_value(LDAP *ld, LDAPMessage *entry, struct guid *ret)
{
	struct berval **values = ldap_get_values_len(ld, entry, LDAP_GUID);
	bool good = values && values[0] && values[0]->bv_len == GUID_LEN;

	if (good)
		memcpy(ret->bytes, values[0]->bv_val, GUID_LEN);
	ldap_value_free_len(values);
	return good;
}

/* "20240719040900.0Z" (RFC 4517) as ms since 1970. */
static int64_t created_at(LDAP *ld, LDAPMessage *entry)
{
	struct berval **values = ldap_get_values_len(ld, entry, LDAP_CREATED);
	char text[32] = "", iso[32];
	int64_t seconds = 0;

	if (values && values[0])
		clean_value(values[0], text, sizeof(text));
	ldap_value_free_len(values);
	if (strspn(text, "0123456789") != 14)
		return 0;
	(void)snprintf(iso, sizeof(iso), "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", text, text + 4, text + 6,
	        text + 8, text + 10, text + 12);
	return iso8601_parse(iso, &seconds) == 0 ? seconds * 1000 : 0;
}

void ldap_read_name(const char *dn, struct ldap_record *ret)
{
	LDAPDN parts = NULL;

	text_clean(ret->dn, sizeof(ret->dn), dn);
	if (ldap_str2dn(dn, &parts, LDAP_DN_FORMAT_LDAPV3) == LDAP_SUCCESS) {
		const LDAPAVA *computer = part(parts, 1);
		if (computer)
			clean_value(&computer->la_value, ret->host, sizeof(ret->host));
		join_domain(parts, ret->domain, sizeof(ret->domain));
		ret->has_named = guid_in_name(part(parts, 0), &ret->named);
	}
	ldap_dnfree(parts);
}

void ldap_read_record(LDAP *ld, LDAPMessage *entry, struct ldap_record *ret)
{
	char *dn = ldap_get_dn(ld, entry);

	*ret = (struct ldap_record){0};
	ldap_read_name(dn ? dn : "", ret);
	ret->has_guid = guid_value(ld, entry, &ret->guid);
	ret->created = created_at(ld, entry);
	ldap_memfree(dn);
}

struct secret *ldap_read_password(LDAP *ld, LDAPMessage *entry)
{
	struct berval **values = ldap_get_values_len(ld, entry, LDAP_PASSWORD);
	struct secret *password = NULL;

	if (values && values[0] && values[0]->bv_len <= PASSWORD_MAX)
		password = secret_new(values[0]->bv_len + 1);
	if (password)
		memcpy(password->data, values[0]->bv_val, values[0]->bv_len);
	ldap_value_free_len(values);
	return password;
}

bool ldap_has_password(LDAP *ld, LDAPMessage *entry)
{
	struct berval **values = ldap_get_values_len(ld, entry, LDAP_PASSWORD);
	bool has = values && values[0];

	ldap_value_free_len(values);
	return has;
}

void ldap_guid_filter(const struct guid *g, char out[LDAP_FILTER_SIZE])
{
	char bytes[GUID_LEN * 3 + 1];

	for (size_t i = 0; i < GUID_LEN; i++)
		(void)snprintf(bytes + i * 3, 4, "\\%02x", g->bytes[i]);
	(void)snprintf(
	        out, LDAP_FILTER_SIZE, "(&(objectClass=" LDAP_CLASS ")(" LDAP_GUID "=%s))", bytes);
}

bool ldap_same_host(const char *machine, const char *computer)
{
	size_t len = strcspn(machine, "."), have = strlen(computer);

	if (len == 0 || have == 0 || strncasecmp(machine, computer, have < len ? have : len) != 0)
		return false;
	return have == len || (len > NETBIOS_NAME && have == NETBIOS_NAME);
}
