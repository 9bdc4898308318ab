/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is a message on the socket of netmend-power; what is taken is asked of nobody. */
#include "appliance/power/message.h"
#include "tests/fuzz/fuzz.h"

static void look_at_target(const struct power_target *t)
{
	must(is_clean(t->address, sizeof(t->address)) && power_message_address_good(t->address));
	must(is_clean(t->user, sizeof(t->user)));
	must(is_clean(t->pin, sizeof(t->pin)) && power_message_pin_good(t->pin));
	must(t->password && t->password->len > 0 && t->password->len <= NM_MAX_PASSPHRASE + 1 &&
	        strlen((const char *)t->password->data) == t->password->len - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct power_message m;
	struct error err = {0};

	must(secrets_init() == 0);
	int r = power_message_parse(data, size, &m, &err);
	must_explain(r, &err);
	must(m.id >= 0);
	if (r < 0) {
		must(!m.password);
		return 0;
	}
	must(m.id > 0 && m.seconds >= POWER_SECONDS_MIN && m.seconds <= NM_POWER_SECONDS_MAX);
	must(m.console || power_order_name(m.job.order));
	must(strcmp(m.job.type, "auto") == 0 || strcmp(m.job.type, "ipmi") == 0 ||
	        strcmp(m.job.type, "redfish") == 0 || strcmp(m.job.type, "amt") == 0);
	look_at_target(&m.job.target);
	must(is_clean(m.job.uuid, sizeof(m.job.uuid)));
	must(is_clean(m.job.serial, sizeof(m.job.serial)));
	must(is_clean(m.job.image, sizeof(m.job.image)));
	bool media = !m.console && m.job.order == POWER_ORDER_MEDIA;
	must(media ? power_message_image_good(m.job.image) : m.job.image[0] == 0);
	power_message_clear(&m);
	must(!m.password);
	return 0;
}
