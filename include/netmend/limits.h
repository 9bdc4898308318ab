/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every limit on what another party can make us hold or wait for, in one place. Sizes in bytes,
 * times in seconds unless the name says otherwise.
 */
#ifndef NETMEND_LIMITS_H
#define NETMEND_LIMITS_H

/* What a machine may present. NM_MAX_BLOBS: recovery protectors of a session, which one message to
 * escrow holds. */
#define NM_MAX_DISKS      32
#define NM_MAX_PARTITIONS 128 /* per disk; GPT's own default table size */
#define NM_MAX_VOLUMES    32
#define NM_MAX_PROTECTORS 32 /* per volume */
#define NM_MAX_BLOBS      256
#define NM_MAX_MACS       16
#define NM_MAX_NAME       128 /* any SMBIOS string, host name, label, in bytes of UTF-8 */

/* The fixer's API. */
#define NM_MAX_REQUEST_BODY    (256 * 1024)  /* JSON bodies */
#define NM_MAX_RESPONSE_BODY   (1024 * 1024) /* what the fixer accepts as an answer, bundle apart */
#define NM_MAX_BUNDLE          (64 * 1024 * 1024) /* PUT/GET journal */
#define NM_MAX_EVENTS_PER_POST 64
#define NM_MAX_EVENT_TEXT      400
#define NM_JSON_MAX_DEPTH      16
#define NM_RELEASE_WAIT_MAX    25 /* longest long poll */
#define NM_HEARTBEAT_INTERVAL  10
#define NM_SILENCE_LIMIT       35 /* no call for so long: the server says NO_HEARTBEAT */
#define NM_TOKEN_LIFETIME      600
#define NM_MAX_FIRST_CONTACT   4096 /* body of POST /v1/boot */
#define NM_FIRST_CONTACTS      60   /* a minute from one address; who asks more waits */

/* Recipe and repair. */
#define NM_MAX_RECIPE          (16 * 1024)
#define NM_MAX_MATCHES         64
#define NM_MAX_TARGET_FILE     (16 * 1024 * 1024) /* a matched file larger than this is not removed */
#define NM_MAX_CHANGED_SECTORS 4096               /* of 512 bytes, per plan */
#define NM_OVERLAY_MAX         (256 * 1024 * 1024) /* RAM for one overlay */
#define NM_CHILD_SECONDS       120                 /* wall clock of one planning child */
#define NM_EVIDENCE_SECONDS    30  /* for all that a repair tells besides: versions, last crash */
#define NM_MAX_INSTALLATIONS   8   /* told in a result, of all volumes together */
#define NM_MAX_PATH            260 /* a path on a Windows volume, for people, in bytes of UTF-8 */

/* Escrow. */
#define NM_ESCROW_MESSAGE_MAX (128 * 1024)  /* on its socket and on that of the key sources */
#define NM_MAX_CANDIDATES     4             /* recovery passwords tried per protector and source */
#define NM_MAX_SOURCES        8             /* places keys come from, the vault among them */
#define NM_MAX_SETTINGS       (1024 * 1024) /* for escrow and for fetch; a pipe holds it */
#define NM_MAX_CASES          16384         /* machines asking for a key at the same time */
#define NM_MAX_BOX            (24 * 1024)   /* sealed by a browser, decoded */
#define NM_MAX_APPROVERS      256
/* Recovery keys from the status page: files together; what one box brings of them; such a box, of
 * which one message holds one; keys in the vault that came this way; how long who began is waited
 * for. */
#define NM_MAX_KEYS_UPLOAD   (20 * 1024 * 1024)
#define NM_KEYS_PART         (64 * 1024)
#define NM_MAX_KEYS_BOX      (66 * 1024)
#define NM_MAX_KEYS_FILES    16
#define NM_MAX_PAGE_KEYS     200000
#define NM_KEYS_PART_SECONDS 120
#define NM_KEYS_LOOK_SECONDS 600 /* once they are looked at: a person reads what came of it */
#define NM_MAX_PASSPHRASE    256 /* of an approver or the vault, in bytes */
#define NM_SOURCE_SECONDS    10  /* one question to one source */

/* The fleet. */
#define NM_MAX_INVENTORY      (32 * 1024 * 1024) /* a CSV file, 100,000 lines */
#define NM_MAX_INVENTORY_LINE (8 * 1024)
#define NM_MAX_WAVES          32
#define NM_MAX_PLAN           (64 * 1024) /* a campaign's plan, JSON */
#define NM_MAX_PEOPLE         1000
#define NM_MAX_API_TOKENS     256
#define NM_MAX_HOOKS          16
#define NM_PASSWORD_MIN       12 /* characters of a person's password */
#define NM_LOGIN_HOURS        12 /* a login ends after that, */
#define NM_LOGIN_IDLE_MINUTES 60 /* and after that without a call */
#define NM_SETUP_HOURS        24

/* So many machines load kernel and initrd from one appliance together, unless [boot] at-once says
 * otherwise, which is at most the other. */
#define NM_BOOT_AT_ONCE     100
#define NM_BOOT_AT_ONCE_MAX 2000

/* Power: BMCs driven at the same time; how long one order may take; what a BMC may answer. */
#define NM_POWER_AT_ONCE     256
#define NM_POWER_SECONDS     120
#define NM_POWER_SECONDS_MAX 600
#define NM_MAX_BMC_ANSWER    (512 * 1024)
#define NM_MAX_BMCS          100000
/* Orders that switch something, of web: in all, and for one machine. */
#define NM_POWER_PER_MINUTE   600
#define NM_POWER_MACHINE_HOUR 30

/* Release policy where the configuration says nothing (../../appliance/escrow/policy/policy.h). */
#define NM_RELEASE_PER_MINUTE    600
#define NM_RELEASE_SUBNET_MINUTE 300
#define NM_RELEASE_SUBNET_PREFIX 24
#define NM_RELEASE_MACHINE_HOUR  6
#define NM_RELEASE_MACHINE_KEYS  16
#define NM_RELEASE_MISMATCHES    6
#define NM_RELEASE_SUSPECTS      5
#define NM_REQUEST_MINUTES       60
#define NM_APPROVAL_MINUTES      15

#endif
