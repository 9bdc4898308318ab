/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A connection with a clock of its own. libldap's time limits do not reach into TLS: it would wait
 * for ever (and burn a processor) for the rest of a handshake or of a record. So between TLS and
 * the socket there is a layer that waits until the link's deadline and then fails.
 */
#include "appliance/fetch/ldap_internal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

/* Above the socket, below TLS. */
#define CLOCK_LEVEL (LBER_SBIOD_LEVEL_PROVIDER + 5)

#define MESSAGE_MAX (1 << 20) /* bytes; a record with its blob is some 2 KB */

struct timeval ldap_step(struct ldap_link *link, int64_t deadline, int64_t limit_ms)
{
	int64_t now = ldap_now();
	int64_t ms = deadline - now < limit_ms ? deadline - now : limit_ms;

	if (ms < 1)
		ms = 1;
	link->deadline = now + ms;
	return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
}

/* --- the layer ----------------------------------------------------------------------------------
 */

static bool wait_for(Sockbuf_IO_Desc *io, short events)
{
	const struct ldap_link *link = io->sbiod_pvt;
	struct pollfd fd = {.fd = -1, .events = events};
	ber_socket_t number = -1;

	if (ber_sockbuf_ctrl(io->sbiod_sb, LBER_SB_OPT_GET_FD, &number) != 1)
		return true; /* the layer below says what is wrong */
	fd.fd = number;
	for (;;) {
		int64_t left = link->deadline - ldap_now();
		int n = poll(&fd, 1, left > 0 ? (int)left : 0);
		if (n > 0)
			return true;
		if (n == 0) {
			errno = ETIMEDOUT;
			return false;
		}
		if (errno != EINTR)
			return false;
	}
}

static int clock_setup(Sockbuf_IO_Desc *io, void *link)
{
	io->sbiod_pvt = link;
	return 0;
}

static int clock_remove(Sockbuf_IO_Desc *io)
{
	io->sbiod_pvt = NULL;
	return 0;
}

static int clock_ctrl(Sockbuf_IO_Desc *io, int option, void *arg)
{
	return LBER_SBIOD_CTRL_NEXT(io, option, arg);
}

static ber_slen_t clock_read(Sockbuf_IO_Desc *io, void *into, ber_len_t len)
{
	bool buffered = LBER_SBIOD_CTRL_NEXT(io, LBER_SB_OPT_DATA_READY, NULL) > 0;

	return buffered || wait_for(io, POLLIN) ? LBER_SBIOD_READ_NEXT(io, into, len) : -1;
}

static ber_slen_t clock_write(Sockbuf_IO_Desc *io, void *from, ber_len_t len)
{
	return wait_for(io, POLLOUT) ? LBER_SBIOD_WRITE_NEXT(io, from, len) : -1;
}

static int clock_close(Sockbuf_IO_Desc *io)
{
	(void)io;
	return 0;
}

static Sockbuf_IO clock_layer = {.sbi_setup = clock_setup,
        .sbi_remove = clock_remove,
        .sbi_ctrl = clock_ctrl,
        .sbi_read = clock_read,
        .sbi_write = clock_write,
        .sbi_close = clock_close};

/* --- the connection -----------------------------------------------------------------------------
 */

static int connected(LDAP *ld, Sockbuf *socket, LDAPURLDesc *server, struct sockaddr *address,
        struct ldap_conncb *context)
{
	(void)ld;
	(void)server;
	(void)address;
	ber_len_t longest = MESSAGE_MAX;
	/* Without it libldap takes a message's length at its word, up to 2 GB, all of it locked. */
	if (ber_sockbuf_ctrl(socket, LBER_SB_OPT_SET_MAX_INCOMING, &longest) != 1)
		return -1;
	return ber_sockbuf_add_io(socket, &clock_layer, CLOCK_LEVEL, context->lc_arg);
}

static void disconnected(LDAP *ld, Sockbuf *socket, struct ldap_conncb *context)
{
	(void)ld;
	(void)socket;
	(void)context;
}

static bool set_options(struct ldap_link *link, int64_t deadline)
{
	const int version = LDAP_VERSION3, idle = 60;
	const struct timeval step = ldap_step(link, deadline, LDAP_STEP_MS);

	return ldap_set_option(link->ld, LDAP_OPT_PROTOCOL_VERSION, &version) == 0 &&
	       ldap_set_option(link->ld, LDAP_OPT_REFERRALS, LDAP_OPT_OFF) == 0 &&
	       ldap_set_option(link->ld, LDAP_OPT_NETWORK_TIMEOUT, &step) == 0 &&
	       ldap_set_option(link->ld, LDAP_OPT_TIMEOUT, &step) == 0 &&
	       ldap_set_option(link->ld, LDAP_OPT_X_KEEPALIVE_IDLE, &idle) == 0 &&
	       ldap_set_option(link->ld, LDAP_OPT_CONNECT_CB, &link->on_connect) == 0;
}

struct ldap_link *ldap_link_new(const char *uri, int64_t deadline)
{
	struct ldap_link *link = calloc(1, sizeof(*link));

	if (!link)
		return NULL;
	link->on_connect =
	        (struct ldap_conncb){.lc_add = connected, .lc_del = disconnected, .lc_arg = link};
	if (ldap_initialize(&link->ld, uri) == LDAP_SUCCESS && set_options(link, deadline))
		return link;
	ldap_link_close(link);
	return NULL;
}

void ldap_link_close(struct ldap_link *link)
{
	if (!link)
		return;
	link->deadline = ldap_now() + LDAP_FAREWELL_MS;
	if (link->ld)
		(void)ldap_unbind_ext_s(link->ld, NULL, NULL);
	free(link);
}
