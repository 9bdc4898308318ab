/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Spellings on the wire and on the screen. */
#include "fixer/bitlocker/bitlocker.h"

#include <stdio.h>

const char *bitlocker_protector_name(enum bitlocker_protector_kind kind)
{
	switch (kind) {
	case PROTECTOR_CLEAR_KEY:
		return "clear-key";
	case PROTECTOR_TPM:
		return "tpm";
	case PROTECTOR_STARTUP_KEY:
		return "startup-key";
	case PROTECTOR_TPM_STARTUP_KEY:
		return "tpm-startup-key";
	case PROTECTOR_TPM_PIN:
		return "tpm-pin";
	case PROTECTOR_TPM_PIN_STARTUP_KEY:
		return "tpm-pin-startup-key";
	case PROTECTOR_RECOVERY_PASSWORD:
		return "recovery-password";
	case PROTECTOR_CERTIFICATE:
		return "certificate";
	case PROTECTOR_PASSPHRASE:
		return "passphrase";
	case PROTECTOR_OTHER:
		break;
	}
	return "other";
}

/* As a person calls it. */
static const char *kind_words(enum bitlocker_protector_kind kind)
{
	switch (kind) {
	case PROTECTOR_CLEAR_KEY:
		return "clear key";
	case PROTECTOR_TPM:
		return "TPM";
	case PROTECTOR_STARTUP_KEY:
		return "startup key";
	case PROTECTOR_TPM_STARTUP_KEY:
		return "TPM with startup key";
	case PROTECTOR_TPM_PIN:
		return "TPM with PIN";
	case PROTECTOR_TPM_PIN_STARTUP_KEY:
		return "TPM with PIN and startup key";
	case PROTECTOR_RECOVERY_PASSWORD:
		return "recovery password";
	case PROTECTOR_CERTIFICATE:
		return "certificate";
	case PROTECTOR_PASSPHRASE:
		return "passphrase";
	case PROTECTOR_OTHER:
		break;
	}
	return "protector of an unknown kind";
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
			        kind_words(p->kind), id);
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
