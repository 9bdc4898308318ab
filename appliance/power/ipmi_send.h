/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * libfreeipmi sends a request again before it looks whether its time is over, and cannot be told
 * not to. An order that was carried out twice may start a machine from its disk (the boot order is
 * for one start), so this program has a sendto() of its own, which libraries get in the place of
 * the C library's.
 */
#ifndef POWER_IPMI_SEND_H
#define POWER_IPMI_SEND_H

/* From now on this thread's sendto() sends so many datagrams; further ones are as good as lost on
 * the wire. -1: any number. */
void ipmi_send_limit(int datagrams);

#endif
