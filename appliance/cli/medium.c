/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/medium.h"

#include <errno.h>

#define PEM_MAX 16384

static int read_pin(const struct config *config, char ret[PIN_TEXT], struct error *err)
{
	char path[STATE_PATH_MAX];
	struct buffer pem;

	state_path(path, config->state, "tls/cert.pem");
	int r = state_read_file(path, PEM_MAX, &pem, err);
	if (r == -ENOENT)
		return error_set(err, r, REASON_CANNOT_OPEN,
		        "%s is not there yet: start the appliance once (netmend serve), which "
		        "makes "
		        "the certificate this medium is to trust",
		        path);
	if (r < 0)
		return r;
	r = boot_pin((const char *)pem.data, ret, err);
	buffer_free(&pem);
	return r;
}

int cli_medium_open(struct config *config, struct cli_medium *ret, struct error *err)
{
	int r = config_resolve_kernel(config, err);

	state_path(ret->folder, config->state, STATE_MEDIA);
	ret->medium = (struct medium){ret->folder, ret->pin, config->kernel, config->initrd};
	return r < 0 ? r : read_pin(config, ret->pin, err);
}

int cli_medium_url(struct config *config, char ret[MEDIUM_URL_TEXT], struct error *err)
{
	int r = config_resolve_interface(config, err);

	if (r == 0)
		medium_url(config->address, config->http_port, ret);
	return r;
}

int cli_medium_ready(struct config *config, char ret[MEDIUM_URL_TEXT], struct error *err)
{
	struct cli_medium own;

	int r = cli_medium_open(config, &own, err);
	if (r == 0)
		r = medium_check(&own.medium, err);
	return r < 0 ? r : cli_medium_url(config, ret, err);
}
