/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/supervisor/control.h"
#include "fixer/base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

int control_send(int fd, const struct control_message *message)
{
	ssize_t n = send(fd, message, sizeof(*message), MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0)
		return -errno;
	return n == (ssize_t)sizeof(*message) ? 0 : -EPROTO;
}

static bool control_valid(const struct control_message *m)
{
	struct in_addr address;

	if (memchr(m->ip, 0, sizeof(m->ip)) == NULL || memchr(m->text, 0, sizeof(m->text)) == NULL)
		return false;
	if (m->ip[0] && inet_pton(AF_INET, m->ip, &address) != 1)
		return false;
	switch (m->type) {
	case CONTROL_SYNC:
	case CONTROL_SYNC_DONE:
		return m->id != 0 && m->ok <= 1;
	case CONTROL_DHCP:
		return m->kind >= CONTROL_DHCP_DISCOVER && m->kind <= CONTROL_DHCP_WINDOWS;
	case CONTROL_HEALTH:
		return m->ok <= 1;
	default:
		return false;
	}
}

int control_receive(int fd, struct control_message *ret)
{
	struct control_message m;
	/* MSG_TRUNC makes recv() tell the record's true size. */
	ssize_t n = recv(fd, &m, sizeof(m), MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	if (n == 0)
		return -EPIPE;
	if (n != (ssize_t)sizeof(m) || !control_valid(&m))
		return -EPROTO;
	char raw[sizeof(m.text)];
	memcpy(raw, m.text, sizeof(raw));
	text_clean(m.text, sizeof(m.text), raw);
	*ret = m;
	return 0;
}
