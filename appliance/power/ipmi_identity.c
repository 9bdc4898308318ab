/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who the BMC says it is: device, machine's UUID, what is written in its FRU inventory. */
#include "appliance/power/ipmi_identity.h"

#include "fixer/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NETFN_APP    0x06
#define DEVICE_ID    0x01
#define SYSTEM_GUID  0x37
#define FRU_BUILT_IN 0
#define FRU_AREAS    8

/* ---- UUID ---- */

static bool is_version(uint8_t byte)
{
	return byte >> 4 >= 1 && byte >> 4 <= 8;
}

static bool is_variant(uint8_t byte)
{
	return byte >> 6 == 2;
}

void ipmi_uuid(const uint8_t b[16], char ret[40])
{
	bool straight = is_variant(b[8]) && (is_version(b[6]) || is_version(b[7]));
	bool turned = is_variant(b[7]) && is_version(b[9]);
	uint8_t u[16];

	ret[0] = '\0';
	if (straight == turned)
		return;
	for (size_t i = 0; i < sizeof(u); i++)
		u[i] = b[turned ? 15 - i : i];
	(void)snprintf(ret, 40,
	        "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1],
	        u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14],
	        u[15]);
}

/* ---- FRU ---- */

static void take_field(
        ipmi_fru_ctx_t fru, uint8_t language, ipmi_fru_field_t *field, char *ret, size_t size)
{
	char text[IPMI_FRU_AREA_STRING_MAX + 1] = "";
	unsigned len = IPMI_FRU_AREA_STRING_MAX;

	if (ret[0] || field->type_length_field_length == 0)
		return;
	if (ipmi_fru_type_length_field_to_string(fru, field->type_length_field,
	            field->type_length_field_length, language, text, &len) == 0)
		text_clean(ret, size, text);
}

static void take_product(
        ipmi_fru_ctx_t fru, const uint8_t *area, unsigned len, struct power_identity *ret)
{
	ipmi_fru_field_t maker, name, model, version, serial, asset, file, custom[1];
	uint8_t language;

	/* The library leaves alone what the area does not have. */
	memset(&maker, 0, sizeof(maker));
	memset(&name, 0, sizeof(name));
	memset(&serial, 0, sizeof(serial));
	if (ipmi_fru_product_info_area(fru, area, len, &language, &maker, &name, &model, &version,
	            &serial, &asset, &file, custom, 1) < 0)
		return;
	take_field(fru, language, &maker, ret->vendor, sizeof(ret->vendor));
	take_field(fru, language, &name, ret->product, sizeof(ret->product));
	take_field(fru, language, &serial, ret->serial, sizeof(ret->serial));
}

/* Product information of the machine itself. A FRU inventory that is missing or damaged is no
 * error: what it would tell stays unknown. */
static void read_fru(struct ipmi_bmc *b, int64_t deadline, struct power_identity *ret)
{
	uint8_t *area = malloc(IPMI_FRU_AREA_SIZE_MAX + 1); /* threads here have small stacks */
	ipmi_fru_ctx_t fru = area ? ipmi_fru_ctx_create(b->ctx) : NULL;

	if (fru && ipmi_fru_open_device_id(fru, FRU_BUILT_IN) == 0) {
		for (int i = 0; i < FRU_AREAS && power_clock() < deadline; i++) {
			unsigned type = 0, len = 0;
			if (ipmi_fru_read_data_area(
			            fru, &type, &len, area, IPMI_FRU_AREA_SIZE_MAX) == 0 &&
			        type == IPMI_FRU_AREA_TYPE_PRODUCT_INFO_AREA && len > 0)
				take_product(fru, area, len, ret);
			if (ipmi_fru_next(fru) != 1)
				break;
		}
		(void)ipmi_fru_close_device_id(fru);
	}
	if (fru)
		ipmi_fru_ctx_destroy(fru);
	free(area);
}

/* ---- device ---- */

static void take_device(const struct ipmi_answer *a, struct power_identity *ret)
{
	char maker[NM_MAX_NAME] = "";
	uint32_t iana = a->data[6] | (uint32_t)a->data[7] << 8 | (uint32_t)(a->data[8] & 0xf) << 16;

	/* Firmware's minor number is in binary-coded decimal. */
	(void)snprintf(
	        ret->firmware, sizeof(ret->firmware), "%u.%02x", a->data[2] & 0x7f, a->data[3]);
	if (iana == 0) /* reserved: it was never told */
		return;
	if (ipmi_iana_enterprise_numbers_string(iana, maker, sizeof(maker)) > 0)
		text_clean(ret->vendor, sizeof(ret->vendor), maker);
	else if (iana)
		(void)snprintf(ret->vendor, sizeof(ret->vendor), "IANA %u", iana);
}

int ipmi_identity(
        struct ipmi_bmc *b, int64_t deadline, struct power_identity *ret, struct error *err)
{
	struct ipmi_answer answer;
	struct power_identity device = {0};
	int r = ipmi_command(b, deadline, false, NETFN_APP, DEVICE_ID, NULL, 0, &answer, err);

	*ret = (struct power_identity){.console = "serial over LAN"};
	if (r < 0)
		return r;
	if (answer.code != IPMI_DONE)
		return ipmi_refused(b, "tell what it is", answer.code, err);
	if (answer.len < 11)
		return error_set(err, -EPROTO, REASON_POWER_ANSWER_BAD,
		        "%s: its answer about itself is cut off", b->target->address);
	take_device(&answer, &device);
	r = ipmi_command(b, deadline, false, NETFN_APP, SYSTEM_GUID, NULL, 0, &answer, err);
	if (r < 0)
		return r;
	if (answer.code == IPMI_DONE && answer.len >= 16)
		ipmi_uuid(answer.data, ret->uuid);
	read_fru(b, deadline, ret);
	if (!ret->vendor[0])
		(void)snprintf(ret->vendor, sizeof(ret->vendor), "%s", device.vendor);
	(void)snprintf(ret->firmware, sizeof(ret->firmware), "%s", device.firmware);
	return 0;
}
