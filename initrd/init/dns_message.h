/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DNS messages (RFC 1035), as far as a machine needs them that looks for one address: A records
 * only, as everything else here is IPv4. No I/O. */
#ifndef INIT_DNS_MESSAGE_H
#define INIT_DNS_MESSAGE_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_NAME_TEXT   254 /* with the NUL; no dot at the end */
#define DNS_QUERY_MAX   (12 + DNS_NAME_TEXT + 1 + 4)
#define DNS_MESSAGE_MAX 512

/* The question for the name's address, wanting recursion. Its length; -EINVAL: no host name
 * (letters, digits, hyphens, dots between labels of 1 to 63). */
int dns_write(uint16_t id, const char *name, uint8_t ret[DNS_QUERY_MAX]);

/* The first address in the answer to that query. 0; -ENOMSG: not the answer to it; -ENOENT: there
 * is no such name, or it has no address; -EAGAIN: the server could not say; -EBADMSG: malformed. */
int dns_read(const uint8_t *query, size_t query_len, const uint8_t *data, size_t len,
        struct in_addr *ret);

#endif
