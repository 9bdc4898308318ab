/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The judgements: each over the facts alone, adding at least one finding. */
#ifndef PREFLIGHT_JUDGE_H
#define PREFLIGHT_JUDGE_H

#include "appliance/preflight/facts.h"
#include "appliance/preflight/finding.h"

/* Who answers DHCP, and where that would send our machines. */
void judge_dhcp(const struct facts *f, struct findings *all);
/* Interface, VLAN, addresses. */
void judge_link(const struct facts *f, struct findings *all);
void judge_ports(const struct facts *f, struct findings *all);
void judge_firewall(const struct facts *f, struct findings *all);
void judge_clock(const struct facts *f, struct findings *all);
/* Neighbour (ARP) table, open files. */
void judge_limits(const struct facts *f, struct findings *all);
void judge_certificate(const struct facts *f, struct findings *all);
void judge_escrow(const struct facts *f, struct findings *all);
/* Nothing when no test boot was asked for. */
void judge_trial(const struct facts *f, struct findings *all);

/* All of them, in the order a person would go about it. */
void judge_everything(const struct facts *f, struct findings *all);

#endif
