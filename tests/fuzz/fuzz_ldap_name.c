/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is the DN of a recovery record, as any computer of the domain may choose it. */
#include "appliance/fetch/ldap_internal.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *dn = text_of(data, size);
	struct ldap_record r = {0};

	ldap_read_name(dn, &r);
	must(is_clean(r.dn, sizeof(r.dn)) && is_clean(r.host, sizeof(r.host)));
	must(is_clean(r.domain, sizeof(r.domain)));
	must(!r.has_guid && r.created == 0);
	(void)ldap_same_host(dn, r.host);
	must(!r.host[0] || strchr(r.host, '.') || ldap_same_host(r.host, r.host));
	free(dn);
	return 0;
}
