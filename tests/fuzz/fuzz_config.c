/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is a configuration file. */
#include "appliance/config/config.h"
#include "tests/fuzz/fuzz.h"

static void judge_source(const struct config_source *s)
{
	must(source_name_good(s->name) && s->type != 0);
	must(s->option_count <= CONFIG_OPTIONS_MAX);
	for (size_t i = 0; i < s->option_count; i++) {
		must(is_clean(s->options[i].value, sizeof(s->options[i].value)));
		must((s->options[i].types & s->type) != 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config config;
	struct error err = {0};
	int r = config_parse("f", (const char *)data, size, &config, &err);

	must_explain(r, &err);
	if (r < 0)
		return 0;
	must(config.state[0] == '/' && config.runtime[0] == '/');
	must(is_clean(config.release.campaign, sizeof(config.release.campaign)));
	must(config.release.subnets.count <= CONFIG_SUBNETS_MAX);
	must(!config.release.until || config.release.until > config.release.from);
	must(config.source_count <= CONFIG_SOURCES_MAX);
	for (size_t i = 0; i < config.source_count; i++)
		judge_source(&config.sources[i]);
	must(config.order.count > 0 && config.order.count <= NM_MAX_SOURCES);
	for (size_t i = 0; i < config.order.count; i++)
		must(strcmp(config.order.names[i], "vault") == 0 ||
		        config_source(&config, config.order.names[i]));
	return 0;
}
