/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The circuit breaker. A machine (by its number) or an address that asks for many protectors, whose
 * blobs no key opens, or that misuses tokens becomes suspect: nothing is released to it until a
 * person says so or an hour has passed. Many suspects at once stop every release. One host that
 * makes noise can therefore stop itself, not the campaign. Same rules of use as policy.h.
 *
 * What counts, all within an hour:
 *   machine  different protectors asked for (machine_keys), and those no key opened
 *            (machine_mismatches). The same protector again is the same one.
 *   address  behind one address there may be one host that gives itself out as many machines, or a
 *            proxy with 500 real ones, which ask for a thousand keys and are let go. So what is
 *            asked from an address does not count, but what fails: protectors escrow knows no key
 *            of (ANOMALY_SHARED times machine_keys), blobs no key opens (machine_mismatches),
 *            misused tokens (ANOMALY_TOKENS). Each disk that was opened from there shows that a
 *            real machine is there, and gives as much again of machine_keys and
 *            machine_mismatches, and one token.
 *   tokens   for the address alone: the machine a token names is who it was taken from.
 *            TOKEN_INVALID, TOKEN_EXPIRED  anybody can send such: told when the address is suspect
 *                                          for other reasons, and of no further effect
 *            TOKEN_USED, TOKEN_OTHER_ADDRESS, SESSION_REPLACED  somebody reads along
 *   stop     suspects are counted by address: many machines of one are one.
 *
 * ANOMALY_WATCHED machines and addresses are remembered. Over that the one unseen longest is
 * forgotten, but never a suspect; when there are suspects only, every release is stopped. Since
 * nothing more is asked for a suspect address, it cannot fill the memory by itself.
 */
#ifndef ESCROW_POLICY_ANOMALY_H
#define ESCROW_POLICY_ANOMALY_H

#include "appliance/escrow/policy/policy.h"
#include "fixer/base/text.h"

#define ANOMALY_SHARED  8
#define ANOMALY_TOKENS  4
#define ANOMALY_WATCHED 32768

struct anomaly;

struct anomaly *anomaly_new(const struct policy_rules *rules); /* borrowed; NULL without memory */
void anomaly_free(struct anomaly *a);

/* REASON_OK, MACHINE_SUSPECT or RELEASES_STOPPED, with why in text. */
enum reason anomaly_check(
        const struct anomaly *a, const struct subject *s, int64_t now, char *text, size_t size);

/*
 * What was seen: a protector is asked for (before it is looked up); escrow has no key of it
 * (KEY_NOT_FOUND, and no source failed); no key opens its blob; a key opened it; a token was
 * misused. Each returns what it led to just now, for the audit record: REASON_OK, or
 * MACHINE_SUSPECT, or RELEASES_STOPPED (which implies the other). The same again counts once.
 */
enum reason anomaly_asked(
        struct anomaly *a, const struct subject *s, const struct guid *protector, int64_t now);
enum reason anomaly_not_found(
        struct anomaly *a, const struct subject *s, const struct guid *protector, int64_t now);
enum reason anomaly_mismatch(
        struct anomaly *a, const struct subject *s, const struct guid *protector, int64_t now);
void anomaly_opened(
        struct anomaly *a, const struct subject *s, const struct guid *protector, int64_t now);
enum reason anomaly_token(
        struct anomaly *a, const struct subject *s, enum reason misuse, int64_t now);

/* The graver of two of these. */
enum reason anomaly_worse(enum reason x, enum reason y);

/* By a person. why: clean text. */
void anomaly_stop(struct anomaly *a, const char *why, int64_t now);

/* Ends a stop. Who is suspect stays so, and counts for no other stop: otherwise those who asked on
 * would stop everybody again at once. */
void anomaly_resume(struct anomaly *a);

/*
 * The machine (its number, 0: none) and the address (ip, "": none) are suspect no more, and may as
 * much again as before, each time: what they ask for goes on. An address alone, without a machine,
 * is vouched for: it is not watched any more while this process lives (a proxy with a floor behind
 * it). False: neither was suspect.
 */
bool anomaly_trust(struct anomaly *a, const struct subject *s);

/* Those that are suspect now: what (a machine's name and number, or an address), and why. */
void anomaly_suspects(const struct anomaly *a, int64_t now,
        void (*each)(void *context, const char *what, const char *why), void *context);

bool anomaly_stopped(const struct anomaly *a, char *text, size_t size);

#endif
