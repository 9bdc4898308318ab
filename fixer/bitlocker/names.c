/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Spellings on the wire and on the screen. */
#include "fixer/bitlocker/bitlocker.h"
#include "netmend/wire.h"

#include <stdio.h>

const char *bitlocker_protector_name(enum bitlocker_protector_kind kind)
{
#define NAME(kind, name) [PROTECTOR_##kind] = (name),
	static const char *const names[] = {WIRE_PROTECTORS(NAME)};
#undef NAME

	return names[kind];
}

const char *bitlocker_protector_words(enum bitlocker_protector_kind kind)
{
	static const char *const words[] = {
	        [PROTECTOR_CLEAR_KEY] = "clear key",
	        [PROTECTOR_TPM] = "TPM",
	        [PROTECTOR_STARTUP_KEY] = "startup key",
	        [PROTECTOR_TPM_STARTUP_KEY] = "TPM with startup key",
	        [PROTECTOR_TPM_PIN] = "TPM with PIN",
	        [PROTECTOR_TPM_PIN_STARTUP_KEY] = "TPM with PIN and startup key",
	        [PROTECTOR_RECOVERY_PASSWORD] = "recovery password",
	        [PROTECTOR_CERTIFICATE] = "certificate",
	        [PROTECTOR_PASSPHRASE] = "passphrase",
	        [PROTECTOR_OTHER] = "protector of an unknown kind",
	};

	return words[kind];
}

#define MORE_ROOM sizeof(", and 99 more")

void bitlocker_openers(const struct bitlocker_info *info, char *out, size_t size)
{
	char item[96], id[GUID_TEXT];
	size_t at = 0, left = info->protector_count;

	(void)snprintf(out, size, "none");
	for (int usable = 1; usable >= 0; usable--) {
		for (size_t i = 0; i < info->protector_count; i++) {
			const struct bitlocker_protector *p = &info->protectors[i];
			if (p->has_blob != usable)
				continue;
			guid_format(&p->id, id);
			size_t len = (size_t)snprintf(item, sizeof(item), "%s%s %s", at ? ", " : "",
			        bitlocker_protector_words(p->kind), id);
			if (at + len + MORE_ROOM > size) {
				(void)snprintf(out + at, size - at, "%s%zu more",
				        at ? ", and " : "", left);
				return;
			}
			(void)snprintf(out + at, size - at, "%s", item);
			at += len;
			left--;
		}
	}
}

const char *bitlocker_method_name(uint16_t method)
{
	switch (method) {
	case METHOD_CBC128_DIFFUSER:
		return "aes-cbc-128-diffuser";
	case METHOD_CBC256_DIFFUSER:
		return "aes-cbc-256-diffuser";
	case METHOD_CBC128:
		return "aes-cbc-128";
	case METHOD_CBC256:
		return "aes-cbc-256";
	case METHOD_XTS128:
		return "xts-aes-128";
	case METHOD_XTS256:
		return "xts-aes-256";
	default:
		return "unknown";
	}
}

const char *bitlocker_method_words(uint16_t method)
{
	switch (method) {
	case METHOD_CBC128_DIFFUSER:
		return "AES 128 with diffuser";
	case METHOD_CBC256_DIFFUSER:
		return "AES 256 with diffuser";
	case METHOD_CBC128:
		return "AES 128";
	case METHOD_CBC256:
		return "AES 256";
	case METHOD_XTS128:
		return "XTS-AES 128";
	case METHOD_XTS256:
		return "XTS-AES 256";
	default:
		return "unknown";
	}
}
