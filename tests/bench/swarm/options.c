/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/bench/swarm/options.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const stories[] = {
#define X(name, text) #name,
        SWARM_STORIES(X)
#undef X
};

const char *story_name(enum story story)
{
	return stories[story];
}

static int number(const char *text, int64_t most, int64_t *ret)
{
	char *end;

	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (errno || end == text || *end || value < 0 || value > most)
		return -EINVAL;
	*ret = value;
	return 0;
}

/* "restart=3,silent=2" */
static int mix_parse(const char *text, unsigned mix[STORY_COUNT])
{
	while (*text) {
		size_t name = strcspn(text, "="), story = 0;
		while (story < STORY_COUNT &&
		        (strncmp(stories[story], text, name) != 0 || stories[story][name]))
			story++;
		if (story == STORY_COUNT || text[name] != '=')
			return -EINVAL;
		char *end;
		unsigned long share = strtoul(text + name + 1, &end, 10);
		if (end == text + name + 1 || share > 100 || (*end && *end != ','))
			return -EINVAL;
		mix[story] = (unsigned)share;
		text = *end ? end + 1 : end;
	}
	unsigned others = 0;
	for (size_t i = 0; i < STORY_COUNT; i++)
		others += i == STORY_good ? 0 : mix[i];
	if (others > 100)
		return -EINVAL;
	mix[STORY_good] = 100 - others;
	return 0;
}

enum {
	OPT_SERVER = 1,
	OPT_PORT,
	OPT_MACHINES,
	OPT_NETWORK,
	OPT_SEED,
	OPT_MIX,
	OPT_CUT,
	OPT_FULL,
	OPT_ACTIVE,
	OPT_RATE,
	OPT_PACE,
	OPT_PATIENCE,
	OPT_LIMIT,
	OPT_SETTLE,
	OPT_BUNDLE,
	OPT_STRETCHINGS,
	OPT_KEYS,
	OPT_CSV,
	OPT_LEDGER,
	OPT_TOKEN,
	OPT_FIGURES,
	OPT_ONLY_KEYS,
};

static const struct option table[] = {
        {"server", required_argument, NULL, OPT_SERVER},
        {"http-port", required_argument, NULL, OPT_PORT},
        {"machines", required_argument, NULL, OPT_MACHINES},
        {"network", required_argument, NULL, OPT_NETWORK},
        {"seed", required_argument, NULL, OPT_SEED},
        {"mix", required_argument, NULL, OPT_MIX},
        {"cut", required_argument, NULL, OPT_CUT},
        {"full", required_argument, NULL, OPT_FULL},
        {"active", required_argument, NULL, OPT_ACTIVE},
        {"rate", required_argument, NULL, OPT_RATE},
        {"pace", required_argument, NULL, OPT_PACE},
        {"patience", required_argument, NULL, OPT_PATIENCE},
        {"limit", required_argument, NULL, OPT_LIMIT},
        {"settle", required_argument, NULL, OPT_SETTLE},
        {"bundle", required_argument, NULL, OPT_BUNDLE},
        {"stretchings", required_argument, NULL, OPT_STRETCHINGS},
        {"keys", required_argument, NULL, OPT_KEYS},
        {"csv", required_argument, NULL, OPT_CSV},
        {"ledger", required_argument, NULL, OPT_LEDGER},
        {"token-file", required_argument, NULL, OPT_TOKEN},
        {"figures", required_argument, NULL, OPT_FIGURES},
        {"only-keys", no_argument, NULL, OPT_ONLY_KEYS},
        {NULL, 0, NULL, 0},
};

/* Options with a number. */
static int take_number(struct swarm_options *o, int option, const char *text)
{
	int64_t value;

	if (number(text, INT32_MAX, &value) < 0)
		return -EINVAL;
	switch (option) {
	case OPT_PORT:
		o->http_port = (int)value;
		return value > 0 && value <= UINT16_MAX ? 0 : -EINVAL;
	case OPT_MACHINES:
		o->machines = (size_t)value;
		return value > 0 && value <= 1000000 ? 0 : -EINVAL;
	case OPT_SEED:
		o->seed = (unsigned)value;
		break;
	case OPT_CUT:
		o->cut = (unsigned)value;
		return value <= 50 ? 0 : -EINVAL;
	case OPT_FULL:
		o->full = (unsigned)value;
		break;
	case OPT_ACTIVE:
		o->active = (size_t)value;
		return value > 0 ? 0 : -EINVAL;
	case OPT_RATE:
		o->rate = (unsigned)value;
		return value > 0 ? 0 : -EINVAL;
	case OPT_PACE:
		o->pace = value;
		break;
	case OPT_PATIENCE:
		o->patience = value * 1000;
		break;
	case OPT_LIMIT:
		o->limit = value * 1000;
		break;
	case OPT_SETTLE:
		o->settle = value * 1000;
		break;
	case OPT_STRETCHINGS:
		o->stretchings = (size_t)value;
		break;
	default:
		o->bundle = (size_t)value;
		return value > 0 && value <= 64 << 20 ? 0 : -EINVAL;
	}
	return 0;
}

static int take(struct swarm_options *o, int option, const char *text)
{
	switch (option) {
	case OPT_SERVER:
		return inet_pton(AF_INET, text, &o->server) == 1 ? 0 : -EINVAL;
	case OPT_NETWORK:
		return inet_pton(AF_INET, text, &o->network) == 1 ? 0 : -EINVAL;
	case OPT_MIX:
		return mix_parse(text, o->mix);
	case OPT_KEYS:
		o->keys = text;
		return 0;
	case OPT_CSV:
		o->csv = text;
		return 0;
	case OPT_LEDGER:
		o->ledger = text;
		return 0;
	case OPT_TOKEN:
		o->token_file = text;
		return 0;
	case OPT_FIGURES:
		o->figures = text;
		return 0;
	case OPT_ONLY_KEYS:
		o->only_keys = true;
		return 0;
	default:
		return take_number(o, option, text);
	}
}

int options_parse(int argc, char **argv, struct swarm_options *ret)
{
	struct swarm_options o = {.http_port = 80,
	        .machines = 100,
	        .seed = 1,
	        .mix = {[STORY_good] = 100},
	        .active = 1000,
	        .rate = 50,
	        .pace = 100,
	        .patience = 10000,
	        .limit = 3600000,
	        .settle = 60000,
	        .bundle = 24 * 1024};
	int option, index = 0;

	while ((option = getopt_long(argc, argv, "", table, &index)) != -1) {
		if (option == '?' || take(&o, option, optarg) < 0) {
			if (option != '?')
				(void)fprintf(stderr, "swarm: --%s %s makes no sense\n",
				        table[index].name, optarg ? optarg : "");
			return -EINVAL;
		}
	}
	if (optind != argc || !o.keys ||
	        (!o.only_keys && (o.server.s_addr == 0 || o.network.s_addr == 0))) {
		(void)fprintf(stderr, "swarm: --keys, --server and --network are needed, and only "
		                      "options taken\n");
		return -EINVAL;
	}
	*ret = o;
	return 0;
}
