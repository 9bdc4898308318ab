/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/unlock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define KINDS   3
#define OPENERS 210 /* room for the list of protectors in a message */

/* One kind of key, with the key given of that kind (or NULL). */
struct key_use {
	enum bitlocker_protector_kind kind;
	const struct secret *key;
	const struct guid *id; /* of the only protector it can belong to; NULL: any of its kind */
	const char *words, *option;
};

/* In the order they are tried: what needs no stretching first. */
static void key_uses(const struct keys *k, struct key_use out[KINDS])
{
	out[0] = (struct key_use){PROTECTOR_STARTUP_KEY, k->startup_key, &k->startup_key_id,
	        "startup key", "--startup-key-file"};
	out[1] = (struct key_use){PROTECTOR_RECOVERY_PASSWORD, k->recovery_password, NULL,
	        "recovery password", "--recovery-password-file"};
	out[2] = (struct key_use){
	        PROTECTOR_PASSPHRASE, k->passphrase, NULL, "passphrase", "--passphrase-file"};
}

/* What the protectors of one kind say to the key of that kind. */
struct attempt {
	size_t protectors, tried;
	bool strange; /* one of them stretches its key in a way not known */
};

/* 0 with the VMK and *ret_by the protector that gave it; -EKEYREJECTED when none did. */
static int try_key(const struct bitlocker_info *info, const struct key_use *use,
        struct attempt *ret, const struct bitlocker_protector **ret_by, struct secret **ret_vmk)
{
	struct attempt a = {0};
	int result = -EKEYREJECTED;

	for (size_t i = 0; i < info->protector_count && result == -EKEYREJECTED; i++) {
		const struct bitlocker_protector *p = &info->protectors[i];
		if (p->kind != use->kind)
			continue;
		a.protectors++;
		a.strange = a.strange || p->stretch_flags_unknown;
		if (!use->key || !p->has_blob || (use->id && !guid_equal(use->id, &p->id)))
			continue;
		a.tried++;
		result = bitlocker_protector_open(p, use->key, ret_vmk);
		*ret_by = p;
	}
	*ret = a;
	return result;
}

static int open_failed(
        const struct bitlocker_protector *p, const char *words, int r, struct error *err)
{
	char id[GUID_TEXT];

	guid_format(&p->id, id);
	if (r == -EBADMSG)
		return error_set(err, r, REASON_BITLOCKER_METADATA_BAD,
		        "the master key in %s protector %s is damaged", words, id);
	return error_set(err, r, r == -ENOMEM ? REASON_OUT_OF_MEMORY : REASON_INTERNAL,
	        "trying the %s on protector %s: %s", words, id, strerror(-r));
}

/* No key was given of a kind that the volume takes. */
static int locked(const struct key_use use[KINDS], const struct attempt attempt[KINDS],
        const char *openers, struct error *err)
{
	char options[96] = "";
	size_t at = 0;

	for (size_t i = 0; i < KINDS; i++)
		if (attempt[i].protectors > 0)
			at += (size_t)snprintf(options + at, sizeof(options) - at, "%s%s",
			        at ? " or " : "", use[i].option);
	return error_set(
	        err, -ENOKEY, REASON_KEY_NEEDED, "give %s. Protectors: %s", options, openers);
}

/* A startup key by itself does not open a protector that wants the TPM, too. */
static bool wants_tpm_too(const struct bitlocker_info *info, const struct guid *id)
{
	for (size_t i = 0; i < info->protector_count; i++)
		if (guid_equal(&info->protectors[i].id, id))
			return info->protectors[i].kind == PROTECTOR_TPM_STARTUP_KEY ||
			       info->protectors[i].kind == PROTECTOR_TPM_PIN_STARTUP_KEY;
	return false;
}

/* A key was given, but there is no protector to try it on. */
static int no_protector_for(const struct bitlocker_info *info, const struct key_use *use,
        const char *openers, struct error *err)
{
	char id[GUID_TEXT];

	if (use->kind == PROTECTOR_RECOVERY_PASSWORD)
		return error_set(err, -ENOKEY, REASON_BITLOCKER_NO_RECOVERY,
		        "the volume has no recovery password; protectors: %s", openers);
	if (!use->id)
		return error_set(err, -EKEYREJECTED, REASON_BITLOCKER_WRONG_KEY,
		        "the volume has no %s; protectors: %s", use->words, openers);
	guid_format(use->id, id);
	if (wants_tpm_too(info, use->id))
		return error_set(err, -EKEYREJECTED, REASON_BITLOCKER_WRONG_KEY,
		        "protector %s opens with the machine's TPM only; protectors: %s", id,
		        openers);
	return error_set(err, -EKEYREJECTED, REASON_BITLOCKER_WRONG_KEY,
	        "the %s given is of protector %s, which is not among these: %s", use->words, id,
	        openers);
}

/* Why nothing opened the volume. */
static int explain(const struct bitlocker_info *info, const struct key_use use[KINDS],
        const struct attempt attempt[KINDS], struct error *err)
{
	const struct key_use *tried = NULL, *given = NULL;
	bool strange = false, takes_key = false;
	char openers[OPENERS];

	bitlocker_openers(info, openers, sizeof(openers));
	for (size_t i = 0; i < info->protector_count; i++)
		takes_key = takes_key || info->protectors[i].has_blob;
	for (size_t i = 0; i < KINDS; i++) {
		if (attempt[i].tried > 0 && !tried)
			tried = &use[i];
		if (use[i].key && !given)
			given = &use[i];
		if ((use[i].key || !takes_key) && attempt[i].strange)
			strange = true;
	}
	if (strange)
		return error_set(err, -ENOTSUP, REASON_BITLOCKER_STRETCH_FLAGS,
		        "a key is stretched in a way not known; protectors: %s", openers);
	if (tried)
		return error_set(err, -EKEYREJECTED, REASON_BITLOCKER_WRONG_KEY,
		        "the %s given opens none of the protectors: %s", tried->words, openers);
	if (!takes_key)
		return error_set(err, -ENOKEY, REASON_BITLOCKER_NO_RECOVERY,
		        "no key that can be given opens the volume; protectors: %s", openers);
	return given ? no_protector_for(info, given, openers, err)
	             : locked(use, attempt, openers, err);
}

static int try_keys(const struct bitlocker_info *info, const struct keys *keys,
        struct secret **ret_vmk, char ret_how[UNLOCK_HOW], struct error *err)
{
	struct attempt attempt[KINDS] = {0};
	struct key_use use[KINDS];
	char id[GUID_TEXT];

	key_uses(keys, use);
	for (size_t i = 0; i < KINDS; i++) {
		const struct bitlocker_protector *by = NULL;
		int r = try_key(info, &use[i], &attempt[i], &by, ret_vmk);
		if (r == -EKEYREJECTED)
			continue;
		if (r < 0)
			return open_failed(by, use[i].words, r, err);
		guid_format(&by->id, id);
		(void)snprintf(ret_how, UNLOCK_HOW, "opened with the %s of protector %s",
		        use[i].words, id);
		return 0;
	}
	return explain(info, use, attempt, err);
}

int volume_unlock(const struct bitlocker *b, const struct keys *keys, struct secret **ret_vmk,
        char ret_how[UNLOCK_HOW], struct error *err)
{
	struct error clear_error = {0};

	if (!bitlocker_info(b)->needs_key) {
		*ret_vmk = NULL;
		(void)snprintf(ret_how, UNLOCK_HOW, "nothing on it is encrypted: no key needed");
		return 0;
	}
	int clear = bitlocker_clear_key(b, ret_vmk, &clear_error);

	if (clear == 0) {
		(void)snprintf(
		        ret_how, UNLOCK_HOW, "protection is suspended: opened with the clear key");
		return 0;
	}
	int r = try_keys(bitlocker_info(b), keys, ret_vmk, ret_how, err);
	if (r == 0 || clear == -ENOENT)
		return r;
	if (err)
		*err = clear_error;
	return clear;
}
