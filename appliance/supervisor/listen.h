/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sockets that only root may open, made before anything parses what comes in through them. */
#ifndef SUPERVISOR_LISTEN_H
#define SUPERVISOR_LISTEN_H

#include "fixer/base/error.h"

#include <sys/types.h>

/* A listening TCP socket (close-on-exec, non-blocking) on every address of the host. CANNOT_OPEN
 * names the port and, for one in use, what to do. */
int listen_tcp(int port, struct error *err);

/* A listening SOCK_SEQPACKET socket at the path (close-on-exec, non-blocking), in place of one an
 * earlier start left there. Only root and this group may connect; who they are is judged again by
 * whoever accepts. */
int listen_local(const char *path, gid_t gid, struct error *err);

/* A packet socket that receives the IPv4 datagrams to UDP ports 67 and 68 seen on the interface,
 * from the IP header on. The filter is in the kernel and locked. */
int listen_dhcp(const char *interface, struct error *err);

#endif
