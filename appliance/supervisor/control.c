/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/supervisor/control.h"
#include "fixer/base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

void control_architecture(unsigned number, char ret[CONTROL_ARCHITECTURE_TEXT])
{
	/* RFC 4578 and its errata; 7 and 9 are both in use for UEFI on x64. */
	static const struct {
		unsigned number;
		const char *name;
	} known[] = {{0, "bios"}, {6, "uefi-ia32"}, {7, "uefi-x64"}, {9, "uefi-x64"},
	        {11, "uefi-arm64"}, {16, "http-x64"}, {19, "http-arm64"},
	        {CONTROL_NO_ARCHITECTURE, ""}};

	(void)snprintf(ret, CONTROL_ARCHITECTURE_TEXT, "arch %u", number & 0xffff);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].number == number)
			(void)snprintf(ret, CONTROL_ARCHITECTURE_TEXT, "%s", known[i].name);
}

int control_send(int fd, const struct control_message *message)
{
	ssize_t n = send(fd, message, sizeof(*message), MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	return n == (ssize_t)sizeof(*message) ? 0 : -EPROTO;
}

static bool control_valid(const struct control_message *m)
{
	struct in_addr address;
	struct guid uuid;

	if (memchr(m->ip, 0, sizeof(m->ip)) == NULL ||
	        memchr(m->text, 0, sizeof(m->text)) == NULL ||
	        memchr(m->uuid, 0, sizeof(m->uuid)) == NULL)
		return false;
	if (m->uuid[0] && guid_parse(m->uuid, &uuid) < 0)
		return false;
	if (m->ip[0] && inet_pton(AF_INET, m->ip, &address) != 1)
		return false;
	switch (m->type) {
	case CONTROL_SYNC:
	case CONTROL_SYNC_DONE:
		return m->id != 0 && m->ok <= 1;
	case CONTROL_DHCP:
		return m->kind >= CONTROL_DHCP_DISCOVER && m->kind <= CONTROL_DHCP_SERVER &&
		       (m->kind != CONTROL_DHCP_SERVER || m->ip[0]);
	case CONTROL_HEALTH:
	case CONTROL_CLOCK:
		return m->ok <= 1;
	case CONTROL_SETUP:
		return strspn(m->text, "0123456789abcdef") == 32 && m->text[32] == 0;
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
