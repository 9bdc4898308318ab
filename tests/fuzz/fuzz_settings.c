/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is what serve hands to escrow through its pipe. */
#include "appliance/escrow/settings.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings s;
	struct error err = {0};

	must(secrets_init() == 0);
	int r = settings_parse((const char *)data, size, &s, &err);
	must_explain(r, &err);
	if (r < 0)
		return 0;
	must(s.source_count >= 1 && s.source_count <= NM_MAX_SOURCES);
	must(s.rules.subnet_count <= POLICY_SUBNETS_MAX && s.rules.campaign[0]);
	must(s.rules.subnet_prefix >= 1 && s.rules.subnet_prefix <= 32);
	must(s.rules.from >= 0 && s.rules.until >= 0);
	must(is_clean(s.rules.campaign, sizeof(s.rules.campaign)));
	for (size_t i = 0; i < s.source_count; i++)
		must(s.sources[i].name[0] &&
		        is_clean(s.sources[i].name, sizeof(s.sources[i].name)));
	for (size_t i = 0; i < s.rules.item_count; i++)
		must(is_clean(s.rules.items[i].serial, sizeof(s.rules.items[i].serial)));
	bool needed = s.vault.kind == VAULT_KEY_FILE || s.vault.kind == VAULT_KEY_PASSPHRASE;
	must(needed == (s.vault.secret != NULL));
	settings_clear(&s);
	return 0;
}
