/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/verb.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <getopt.h>
#include <stddef.h>

int verb_options(int argc, char **argv, struct verb_options *ret)
{
	static const struct option table[] = {
	        {"state", required_argument, NULL, 's'}, {"json", no_argument, NULL, 'j'}, {0}};
	struct verb_options o = {0};
	int c;

	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (c == 's')
			o.state = optarg;
		else if (c == 'j')
			o.json = true;
		else
			return -EINVAL;
	}
	if (optind != argc || !o.state)
		return -EINVAL;
	*ret = o;
	return 0;
}

int verb_fail(const struct error *err)
{
	log_error("%s", err->text);
	return 1;
}
