/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Spellings on the wire and on the screen. */
#include "fixer/bitlocker/bitlocker.h"

const char *bitlocker_protector_name(enum bitlocker_protector_kind kind)
{
	switch (kind) {
	case PROTECTOR_CLEAR_KEY:
		return "clear-key";
	case PROTECTOR_TPM:
		return "tpm";
	case PROTECTOR_STARTUP_KEY:
		return "startup-key";
	case PROTECTOR_TPM_PIN:
		return "tpm-pin";
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
