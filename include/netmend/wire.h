/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names both ends of the fixer's API must spell alike. The calls themselves: README.md here. */
#ifndef NETMEND_WIRE_H
#define NETMEND_WIRE_H

#define WIRE_PATH_BOOT     "/v1/boot"
#define WIRE_PATH_SESSIONS "/v1/sessions"

/* States of a machine (design section 9), in the order of a good run. (clang-format takes the X()
 * for declarations.) */
/* clang-format off */
#define WIRE_STATES(X)                                                                             \
	X(seen) X(booting) X(running) X(waiting) X(unlocking) X(planning) X(saving)                \
	X(repairing) X(repaired) X(rebooting) X(returned) X(attention) X(held) X(ignored)
/* clang-format on */

/* First contact: how it came, and what it does next. */
#define WIRE_WAY_GRUB       "grub"
#define WIRE_WAY_MEDIA      "media"
#define WIRE_BOOT_REMEDIATE "remediate"
#define WIRE_BOOT_HOLD      "hold"
#define WIRE_BOOT_LOCAL     "local"

/* Kinds of BitLocker protectors. Only a recovery password brings a salt and a blob. */
/* clang-format off */
#define WIRE_PROTECTORS(X)                                                                         \
	X(CLEAR_KEY, "clear-key") X(TPM, "tpm") X(STARTUP_KEY, "startup-key")                      \
	X(TPM_STARTUP_KEY, "tpm-startup-key") X(TPM_PIN, "tpm-pin")                                \
	X(TPM_PIN_STARTUP_KEY, "tpm-pin-startup-key") X(RECOVERY_PASSWORD, "recovery-password")    \
	X(CERTIFICATE, "certificate") X(PASSPHRASE, "passphrase") X(OTHER, "other")
/* clang-format on */
#define WIRE_RECOVERY_PASSWORD "recovery-password"

/* Release answers. */
#define WIRE_PENDING  "pending"
#define WIRE_DENIED   "denied"
#define WIRE_RELEASED "released"

/* What the fixer does after its result. */
#define WIRE_NEXT_REBOOT "reboot"
#define WIRE_NEXT_HOLD   "hold"
#define WIRE_NEXT_AGAIN  "again"

/* How much of a bundle is on the machine's disk, in its result. */
#define WIRE_WRITTEN_NONE "none"
#define WIRE_WRITTEN_PART "part"
#define WIRE_WRITTEN_ALL  "all"

/* The sealed box of a released key: crypto_box_seal to the fixer's X25519 key over
 * volume GUID (16 bytes, as on disk) || VMK (32 bytes). */
#define WIRE_SEALED_PLAIN 48

#endif
