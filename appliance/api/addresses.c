/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/addresses.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool network_parse(const char *word, uint32_t *network, uint32_t *mask)
{
	char text[INET_ADDRSTRLEN];
	const char *slash = strchr(word, '/');
	struct in_addr a;
	char *end;

	if (!slash || (size_t)(slash - word) >= sizeof(text) || slash[1] < '0' || slash[1] > '9')
		return false;
	memcpy(text, word, (size_t)(slash - word));
	text[slash - word] = 0;
	long prefix = strtol(slash + 1, &end, 10);
	if (*end || prefix > 32 || inet_pton(AF_INET, text, &a) != 1)
		return false;
	*mask = prefix == 0 ? 0 : UINT32_MAX << (32 - prefix);
	*network = ntohl(a.s_addr);
	return (*network & ~*mask) == 0;
}

int addresses_parse(const char *text, struct addresses *ret)
{
	struct addresses a = {0};
	char word[INET_ADDRSTRLEN + 3];

	while (*text) {
		size_t len = strcspn(text, ",");
		if (len >= sizeof(word) || a.count == ADDRESSES_MAX)
			return -EINVAL;
		memcpy(word, text, len);
		word[len] = 0;
		if (!network_parse(word, &a.list[a.count].network, &a.list[a.count].mask))
			return -EINVAL;
		a.count++;
		text += len + (text[len] == ',');
	}
	*ret = a;
	return 0;
}

bool addresses_have(const struct addresses *a, const char *ip)
{
	struct in_addr address;

	if (inet_pton(AF_INET, ip, &address) != 1)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if ((ntohl(address.s_addr) & a->list[i].mask) == a->list[i].network)
			return true;
	return false;
}
