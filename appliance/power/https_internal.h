/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POWER_HTTPS_INTERNAL_H
#define POWER_HTTPS_INTERNAL_H

#include "appliance/power/https.h"

#include <curl/curl.h>

struct bmc_https {
	const struct power_target *target;
	enum https_login login;
	bool tls;
	CURL *curl;          /* with the connection it keeps open, and the digest's nonce */
	char base[300];      /* "https://10.9.0.5:443" */
	char pin[POWER_PIN]; /* of the certificate seen last */
	bool other_certificate;
};

/* Has the certificate judged within each handshake. */
CURLcode https_judge_certificate(struct bmc_https *h);

/* What is read of an answer, and how much of it there may be. */
struct https_reading {
	struct bmc_answer *answer;
	size_t capacity, max, header_bytes;
	bool too_large, no_memory;
};

/* Has curl give the answer to r, which stays until the call is over. */
CURLcode https_read_answer(CURL *curl, struct https_reading *r);

/* Status and headers, when it is all there. */
CURLcode https_read_headers(CURL *curl, struct bmc_answer *ret);

#endif
