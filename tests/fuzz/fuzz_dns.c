/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is what comes to init's DNS port, of whoever is on the wire. */
#include "initrd/init/dns_message.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t query[DNS_QUERY_MAX], copy[DNS_MESSAGE_MAX];
	struct in_addr a;
	int n = dns_write(7, "netmend.corp", query);

	must(n > 0);
	if (size > sizeof(copy))
		return 0;
	memcpy(copy, data, size);
	/* The answer to our question, so that the input gets beyond that. */
	if (size >= (size_t)n) {
		memcpy(copy, query, 2);
		copy[2] |= 0x80;
		memcpy(copy + 4, query + 4, 2);
		memcpy(copy + 12, query + 12, (size_t)n - 12);
	}
	int r = dns_read(query, (size_t)n, copy, size, &a);
	must(r == 0 || r == -ENOMSG || r == -ENOENT || r == -EAGAIN || r == -EBADMSG);
	/* As the name of a question, too. */
	char name[300];
	size_t len = size < sizeof(name) - 1 ? size : sizeof(name) - 1;
	memcpy(name, data, len);
	name[len] = 0;
	n = dns_write(7, name, query);
	must(n == -EINVAL || (n >= 12 + 3 + 4 && n <= DNS_QUERY_MAX));
	return 0;
}
