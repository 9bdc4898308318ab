/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Columns of a list of management controllers, and what may be in them. */
#include "appliance/escrow/bmc/import.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Letters and digits only, in one case. */
static void reduce(const char *name, char *out, size_t size)
{
	size_t used = 0;

	for (; *name && used + 1 < size; name++)
		if (isalnum((unsigned char)*name))
			out[used++] = (char)tolower((unsigned char)*name);
	out[used] = 0;
}

enum bmc_column bmc_column_of(const char *name)
{
	static const struct {
		const char *word;
		enum bmc_column column;
	} words[] = {
	        {"machine", BMC_COLUMN_NAME},
	        {"name", BMC_COLUMN_NAME},
	        {"host", BMC_COLUMN_NAME},
	        {"hostname", BMC_COLUMN_NAME},
	        {"computer", BMC_COLUMN_NAME},
	        {"computername", BMC_COLUMN_NAME},
	        {"server", BMC_COLUMN_NAME},
	        {"servername", BMC_COLUMN_NAME},
	        {"fqdn", BMC_COLUMN_NAME},
	        {"uuid", BMC_COLUMN_UUID},
	        {"smbiosuuid", BMC_COLUMN_UUID},
	        {"systemuuid", BMC_COLUMN_UUID},
	        {"serial", BMC_COLUMN_SERIAL},
	        {"serialnumber", BMC_COLUMN_SERIAL},
	        {"servicetag", BMC_COLUMN_SERIAL},
	        {"mac", BMC_COLUMN_MAC},
	        {"macs", BMC_COLUMN_MAC},
	        {"macaddress", BMC_COLUMN_MAC},
	        {"address", BMC_COLUMN_ADDRESS},
	        {"bmc", BMC_COLUMN_ADDRESS},
	        {"bmcaddress", BMC_COLUMN_ADDRESS},
	        {"bmcip", BMC_COLUMN_ADDRESS},
	        {"ip", BMC_COLUMN_ADDRESS},
	        {"ipaddress", BMC_COLUMN_ADDRESS},
	        {"ipmi", BMC_COLUMN_ADDRESS},
	        {"ipmiaddress", BMC_COLUMN_ADDRESS},
	        {"ipmiip", BMC_COLUMN_ADDRESS},
	        {"idrac", BMC_COLUMN_ADDRESS},
	        {"idracip", BMC_COLUMN_ADDRESS},
	        {"ilo", BMC_COLUMN_ADDRESS},
	        {"iloip", BMC_COLUMN_ADDRESS},
	        {"xcc", BMC_COLUMN_ADDRESS},
	        {"redfish", BMC_COLUMN_ADDRESS},
	        {"amt", BMC_COLUMN_ADDRESS},
	        {"port", BMC_COLUMN_PORT},
	        {"type", BMC_COLUMN_TYPE},
	        {"kind", BMC_COLUMN_TYPE},
	        {"protocol", BMC_COLUMN_TYPE},
	        {"bmctype", BMC_COLUMN_TYPE},
	        {"user", BMC_COLUMN_USER},
	        {"username", BMC_COLUMN_USER},
	        {"login", BMC_COLUMN_USER},
	        {"bmcuser", BMC_COLUMN_USER},
	        {"password", BMC_COLUMN_PASSWORD},
	        {"pass", BMC_COLUMN_PASSWORD},
	        {"bmcpassword", BMC_COLUMN_PASSWORD},
	        {"kennwort", BMC_COLUMN_PASSWORD},
	        {"group", BMC_COLUMN_GROUP},
	        {"certificate", BMC_COLUMN_CERTIFICATE},
	        {"fingerprint", BMC_COLUMN_CERTIFICATE},
	        {"sha256", BMC_COLUMN_CERTIFICATE},
	        {"pin", BMC_COLUMN_CERTIFICATE},
	};
	char word[32];

	reduce(name, word, sizeof(word));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(word, words[i].word) == 0)
			return words[i].column;
	return BMC_COLUMN_UNKNOWN;
}

static int bad(struct error *err, const char *what)
{
	return error_set(err, -EINVAL, REASON_VALUE_BAD, "%s", what);
}

/* Whole, or not at all. */
static int take_text(const char *cell, char *out, size_t size, const char *what, struct error *err)
{
	if (strlen(cell) >= size)
		return error_set(err, -EINVAL, REASON_VALUE_BAD, "%s is longer than %zu bytes",
		        what, size - 1);
	text_clean(out, size, cell);
	return strcmp(out, cell) == 0 ? 0
	                              : error_set(err, -EINVAL, REASON_VALUE_BAD,
	                                        "%s has control characters", what);
}

/* As netmend-power takes it (../../power/message.c): it becomes part of a URL. */
static bool address_good(const char *a)
{
	return a[0] != '-' && strspn(a, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                                "0123456789.:-_%") == strlen(a);
}

static int take_address(const char *cell, struct vault_bmc *b, struct error *err)
{
	if (!address_good(cell))
		return bad(err, "the address is a host name or an IP address, without anything "
		                "before or behind it");
	return take_text(cell, b->address, sizeof(b->address), "the address", err);
}

static int take_port(const char *cell, struct vault_bmc *b, struct error *err)
{
	char *end;
	long port = strtol(cell, &end, 10);

	if (*end || port < 1 || port > UINT16_MAX)
		return bad(err, "the port is a number from 1 to 65535");
	b->port = (uint16_t)port;
	return 0;
}

static int take_type(const char *cell, struct vault_bmc *b, struct error *err)
{
	static const struct {
		const char *word, *type;
	} types[] = {{"auto", "auto"}, {"ipmi", "ipmi"}, {"lanplus", "ipmi"},
	        {"redfish", "redfish"}, {"amt", "amt"}, {"vpro", "amt"}};
	char word[16];

	reduce(cell, word, sizeof(word));
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(word, types[i].word) == 0) {
			(void)snprintf(b->type, sizeof(b->type), "%s", types[i].type);
			return 0;
		}
	return bad(err, "the type is auto, ipmi, redfish or amt");
}

static int take_uuid(const char *cell, struct vault_bmc *b, struct error *err)
{
	struct guid guid;

	if (guid_parse(cell, &guid) < 0)
		return bad(err, "the UUID is none");
	guid_format(&guid, b->machine.uuid);
	return 0;
}

static int take_mac(const char *mac, size_t len, struct vault_bmc *b, struct error *err)
{
	char digits[13];
	uint8_t bytes[6];
	size_t n = 0, at = 0;

	for (size_t i = 0; i < len; i++) {
		if (mac[i] == ':' || mac[i] == '-' || mac[i] == '.')
			continue;
		if (n == 12)
			return bad(err, "a MAC has 12 hexadecimal digits");
		digits[n++] = mac[i];
	}
	digits[n] = 0;
	if (n != 12 || hex_decode(digits, bytes, sizeof(bytes)) < 0)
		return bad(err, "a MAC has 12 hexadecimal digits");
	while (at < VAULT_BMC_MACS && b->machine.macs[at][0])
		at++;
	if (at == VAULT_BMC_MACS)
		return bad(err, "a machine has up to 4 MACs here");
	(void)snprintf(b->machine.macs[at], VAULT_BMC_MAC, "%02X:%02X:%02X:%02X:%02X:%02X",
	        bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5]);
	return 0;
}

static int take_macs(const char *cell, struct vault_bmc *b, struct error *err)
{
	static const char between[] = " ,;/";
	int r = 0;

	while (r == 0 && *(cell += strspn(cell, between))) {
		size_t len = strcspn(cell, between);
		r = take_mac(cell, len, b, err);
		cell += len;
	}
	return r;
}

static int take_password(const char *cell, struct vault_bmc *b, struct error *err)
{
	size_t len = strlen(cell);

	if (len >= VAULT_BMC_PASSWORD)
		return error_set(err, -EINVAL, REASON_VALUE_BAD,
		        "the password is longer than %d bytes", VAULT_BMC_PASSWORD - 1);
	secret_free(b->password);
	b->password = secret_copy(cell, len + 1);
	return b->password ? 0 : error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory");
}

/* SHA-256 with or without colons, in any case. */
static int take_certificate(const char *cell, struct vault_bmc *b, struct error *err)
{
	char digits[VAULT_BMC_PIN];
	uint8_t bytes[32];
	size_t n = 0;

	for (; *cell && n < sizeof(digits) - 1; cell++)
		if (*cell != ':')
			digits[n++] = *cell;
	digits[n] = 0;
	if (*cell || hex_decode(digits, bytes, sizeof(bytes)) < 0)
		return bad(err, "the certificate is its SHA-256: 64 hexadecimal digits");
	hex_encode(bytes, sizeof(bytes), b->pin);
	return 0;
}

static int take_cell(
        enum bmc_column column, const char *cell, struct vault_bmc *b, struct error *err)
{
	switch (column) {
	case BMC_COLUMN_NAME:
		return take_text(cell, b->machine.name, sizeof(b->machine.name), "the name", err);
	case BMC_COLUMN_UUID:
		return take_uuid(cell, b, err);
	case BMC_COLUMN_SERIAL:
		return take_text(cell, b->machine.serial, sizeof(b->machine.serial),
		        "the serial number", err);
	case BMC_COLUMN_MAC:
		return take_macs(cell, b, err);
	case BMC_COLUMN_ADDRESS:
		return take_address(cell, b, err);
	case BMC_COLUMN_PORT:
		return take_port(cell, b, err);
	case BMC_COLUMN_TYPE:
		return take_type(cell, b, err);
	case BMC_COLUMN_USER:
		return take_text(cell, b->user, sizeof(b->user), "the user", err);
	case BMC_COLUMN_PASSWORD:
		return take_password(cell, b, err);
	case BMC_COLUMN_GROUP:
		return take_text(cell, b->group, sizeof(b->group), "the group", err);
	case BMC_COLUMN_CERTIFICATE:
		return take_certificate(cell, b, err);
	case BMC_COLUMNS:
		break;
	}
	return 0;
}

int bmc_row_read(const enum bmc_column *columns, const char *const *cells, size_t count,
        struct vault_bmc *ret, struct error *err)
{
	const struct vault_bmc_machine *m = &ret->machine;
	int r = 0;

	*ret = (struct vault_bmc){.type = "auto"};
	for (size_t i = 0; r == 0 && i < count; i++)
		if (cells[i][0])
			r = take_cell(columns[i], cells[i], ret, err);
	if (r < 0)
		return r;
	if (!ret->address[0])
		return bad(err, "no address of a management controller");
	if (!m->name[0] && !m->uuid[0] && !m->serial[0] && !m->macs[0][0])
		return bad(err, "no name, UUID, serial number or MAC: whose controller is it?");
	if ((ret->user[0] != 0) != (ret->password != NULL))
		return bad(err, "user and password go together: both here, or both of its group's "
		                "login");
	return 0;
}
