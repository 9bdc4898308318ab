/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every limit on what another party can make us hold or wait for, in one place. Sizes in bytes,
 * times in seconds unless the name says otherwise.
 */
#ifndef NETMEND_LIMITS_H
#define NETMEND_LIMITS_H

/* What a machine may present. */
#define NM_MAX_DISKS      32
#define NM_MAX_PARTITIONS 128 /* per disk; GPT's own default table size */
#define NM_MAX_VOLUMES    32
#define NM_MAX_PROTECTORS 32 /* per volume */
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

/* Escrow socket. */
#define NM_ESCROW_MESSAGE_MAX (128 * 1024)
#define NM_MAX_CANDIDATES     4 /* recovery passwords tried per protector */

#endif
