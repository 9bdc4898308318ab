/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/fetch_socket.h"
#include "fixer/base/json_wipe.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

int fetch_send(int fd, json_t *j)
{
	char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
	int r = -ENOMEM;

	json_decref(j);
	if (text)
		r = send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
	json_wipe_text(text);
	return r;
}
