/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses and networks the configuration names. */
#ifndef API_ADDRESSES_H
#define API_ADDRESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADDRESSES_MAX 64

struct addresses {
	size_t count;
	struct {
		uint32_t network, mask;
	} list[ADDRESSES_MAX];
};

/* "10.0.0.5/32,10.1.0.0/16", "" for none. -EINVAL. */
int addresses_parse(const char *text, struct addresses *ret);
/* ip: text, "" is in none. */
bool addresses_have(const struct addresses *a, const char *ip);

#endif
