/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is a record from the other half of the appliance. */
#include "appliance/supervisor/control.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <sys/socket.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int ends[2] = {-1, -1};
	struct control_message m;

	if (ends[0] < 0)
		must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
	if (size == 0)
		return 0; /* an empty record is how a closed end looks */
	must(send(ends[1], data, size, 0) == (ssize_t)size);
	int r = control_receive(ends[0], &m);
	must(r == 0 || r == -EPROTO);
	if (r == 0)
		must(size == sizeof(m) && is_clean(m.text, sizeof(m.text)) &&
		        is_clean(m.ip, sizeof(m.ip)) && (m.type == CONTROL_DHCP || m.ok <= 1));
	must(control_receive(ends[0], &m) == -EAGAIN);
	return 0;
}
