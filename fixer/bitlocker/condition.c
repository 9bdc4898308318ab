/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The state of a volume as a person would put it. */
#include "fixer/bitlocker/metadata.h"

#include <stdio.h>

/* Whether a protector needs something that a person has, or that is in the machine. */
static bool is_protected(const struct bitlocker_info *info)
{
	for (size_t i = 0; i < info->protector_count; i++)
		if (info->protectors[i].kind != PROTECTOR_CLEAR_KEY)
			return true;
	return info->protectors_left_out > 0;
}

enum bitlocker_condition bitlocker_condition(const struct bitlocker_info *info)
{
	if (!info->needs_key)
		return CONDITION_DECRYPTED;
	if (info->encrypt_on_write)
		return CONDITION_ENCRYPT_ON_WRITE;
	if (info->next_state == FVE_DECRYPTED)
		return CONDITION_DECRYPTING;
	if (info->converting)
		return info->next_state == FVE_ENCRYPTED ? CONDITION_ENCRYPTING
		                                         : CONDITION_CONVERTING;
	if (!info->suspended)
		return CONDITION_PROTECTED;
	return is_protected(info) ? CONDITION_SUSPENDED : CONDITION_WAITING;
}

const char *bitlocker_condition_name(enum bitlocker_condition condition)
{
	static const char *const names[] = {
	        [CONDITION_PROTECTED] = "protected",
	        [CONDITION_SUSPENDED] = "suspended",
	        [CONDITION_WAITING] = "waiting-for-activation",
	        [CONDITION_ENCRYPTING] = "encrypting",
	        [CONDITION_DECRYPTING] = "decrypting",
	        [CONDITION_CONVERTING] = "converting",
	        [CONDITION_ENCRYPT_ON_WRITE] = "encrypt-on-write",
	        [CONDITION_DECRYPTED] = "decrypted",
	};

	return names[condition];
}

unsigned bitlocker_percent(const struct bitlocker_info *info)
{
	uint64_t whole = info->volume_size, part = info->encrypted_bytes;

	if (whole == 0 || part >= whole)
		return part > 0 ? 100 : 0;
	while (whole > UINT64_MAX / 100) { /* so that the product fits */
		whole >>= 1;
		part >>= 1;
	}
	return (unsigned)(part * 100 / whole);
}

/* "being decrypted, paused at 37 %": where a conversion of Windows 7's kind stands. */
static void converting_words(const struct bitlocker_info *info, char *out, size_t size)
{
	const char *doing = info->next_state == FVE_DECRYPTED   ? "being decrypted"
	                    : info->next_state == FVE_ENCRYPTED ? "being encrypted"
	                                                        : "being converted";
	const char *stopped = info->current_state == FVE_SWITCHING ? "interrupted" : "paused";

	(void)snprintf(
	        out, size, "%s, %s with %u %% encrypted", doing, stopped, bitlocker_percent(info));
}

void bitlocker_condition_words(const struct bitlocker_info *info, char *out, size_t size)
{
	char base[96];
	/* A volume that was grown has a part the metadata does not know. */
	const char *how_much =
	        info->encrypted_bytes < info->volume_size ? "encrypted" : "fully encrypted";
	enum bitlocker_condition condition = bitlocker_condition(info);

	switch (condition) {
	case CONDITION_PROTECTED:
		(void)snprintf(out, size, "%s, protection on", how_much);
		return;
	case CONDITION_SUSPENDED:
		(void)snprintf(
		        out, size, "%s, protection suspended: opens without a key", how_much);
		return;
	case CONDITION_WAITING:
		(void)snprintf(out, size,
		        "encrypted, waiting for activation: has no protector yet, opens without a "
		        "key");
		return;
	case CONDITION_DECRYPTED:
		(void)snprintf(out, size, "decrypted; only BitLocker's metadata is left");
		return;
	case CONDITION_ENCRYPT_ON_WRITE:
		if (info->map_damaged)
			(void)snprintf(base, sizeof(base),
			        "encrypt-on-write conversion unfinished, its map is damaged");
		else
			(void)snprintf(base, sizeof(base),
			        "encrypt-on-write conversion unfinished, %u %% encrypted",
			        bitlocker_percent(info));
		break;
	default:
		converting_words(info, base, sizeof(base));
		break;
	}
	(void)snprintf(out, size, "%s%s", base, info->suspended ? "; its key is in the clear" : "");
}
