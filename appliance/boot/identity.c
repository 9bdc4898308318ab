/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/boot/identity.h"
#include "fixer/base/text.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

void identity_uuid(const char *text, char ret[UUID_TEXT])
{
	static const struct guid zeros;
	struct guid guid, ones;

	ret[0] = 0;
	memset(&ones, 0xff, sizeof(ones));
	if (text[0] == '{' || guid_parse(text, &guid) < 0 || guid_equal(&guid, &zeros) ||
	        guid_equal(&guid, &ones))
		return;
	guid_format(&guid, ret);
}

void identity_string(const char *text, char ret[NM_MAX_NAME + 1])
{
	static const char *const fillers[] = {"To be filled by O.E.M.", "Default string",
	        "Not Specified", "None", "System Serial Number", "System Product Name", "0"};

	while (*text == ' ')
		text++;
	text_clean(ret, NM_MAX_NAME + 1, text);
	for (size_t len = strlen(ret); len > 0 && ret[len - 1] == ' '; len--)
		ret[len - 1] = 0;
	for (size_t i = 0; i < sizeof(fillers) / sizeof(fillers[0]); i++)
		if (strcasecmp(ret, fillers[i]) == 0)
			ret[0] = 0;
}

int identity_prefix(const char *netmask)
{
	struct in_addr a;

	if (inet_pton(AF_INET, netmask, &a) != 1)
		return -1;
	uint32_t mask = ntohl(a.s_addr);
	int ones = __builtin_popcount(mask);
	return ones > 0 && mask == UINT32_MAX << (32 - ones) ? ones : -1;
}
