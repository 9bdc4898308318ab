/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What comes in. */
#include "appliance/power/message.h"

#include "fixer/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static int bad(struct error *err, const char *what)
{
	return error_set(
	        err, -EBADMSG, REASON_PROTOCOL_ERROR, "order to a management controller: %s", what);
}

/* A host name, an IPv4 or IPv6 address (with its zone): it becomes part of a URL. */
bool power_message_address_good(const char *address)
{
	size_t len = strlen(address);

	return len > 0 && len < POWER_ADDRESS && address[0] != '-' &&
	       strspn(address, LOWER UPPER DIGITS ".:-_%") == len;
}

bool power_message_pin_good(const char *pin)
{
	size_t len = strlen(pin);

	return len == 0 || (len == POWER_PIN - 1 && strspn(pin, DIGITS "abcdef") == len);
}

bool power_message_image_good(const char *url)
{
	size_t len = strlen(url);

	if (len >= POWER_URL ||
	        (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0))
		return false;
	for (size_t i = 0; i < len; i++)
		if (url[i] <= ' ' || url[i] >= 0x7f || url[i] == '"' || url[i] == '\\')
			return false;
	return strchr("/?#", strstr(url, "://")[3]) == NULL;
}

/* Copies what is clean already. False: it is not, or too long. */
static bool keep(char *dst, size_t size, const char *text)
{
	if (strlen(text) >= size)
		return false;
	text_clean(dst, size, text);
	return strcmp(dst, text) == 0;
}

static int take_type(const char *type, struct power_job *job, struct error *err)
{
	static const char *const types[] = {"auto", "ipmi", "redfish", "amt"};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(types[i], type) == 0) {
			job->type = types[i];
			return 0;
		}
	}
	return bad(err, "type is auto, ipmi, redfish or amt");
}

static int take_firmware(const char *firmware, struct power_job *job, struct error *err)
{
	if (strcmp(firmware, "auto") == 0)
		job->firmware = POWER_FIRMWARE_AUTO;
	else if (strcmp(firmware, "uefi") == 0)
		job->firmware = POWER_FIRMWARE_UEFI;
	else if (strcmp(firmware, "legacy") == 0)
		job->firmware = POWER_FIRMWARE_LEGACY;
	else
		return bad(err, "firmware is auto, uefi or legacy");
	return 0;
}

static int take_machine(json_t *machine, struct power_job *job, struct error *err)
{
	const char *name, *uuid, *serial;
	struct guid guid;

	if (json_unpack_ex(machine, NULL, JSON_STRICT, "{s:s,s:s,s:s}", "name", &name, "uuid",
	            &uuid, "serial", &serial) < 0)
		return bad(err, "machine has name, uuid and serial");
	if (*uuid && guid_parse(uuid, &guid) < 0)
		return bad(err, "the machine's uuid is none");
	if (!keep(job->uuid, sizeof(job->uuid), uuid))
		return bad(err, "the machine's uuid is none");
	text_clean(job->serial, sizeof(job->serial), serial);
	return 0;
}

static int take_order(const char *order, struct power_message *m, struct error *err)
{
	m->console = strcmp(order, "console") == 0;
	if (!m->console && power_order_parse(order, &m->job.order) < 0)
		return bad(err, "there is no such order");
	return 0;
}

static int take_image(const char *image, struct power_message *m, struct error *err)
{
	bool needed = !m->console && m->job.order == POWER_ORDER_MEDIA;

	if (needed ? !power_message_image_good(image) : *image != 0)
		return bad(err, needed ? "image is an http or https URL" : "image is for media");
	(void)snprintf(m->job.image, sizeof(m->job.image), "%s", image);
	return 0;
}

static int take_password(const char *password, struct power_message *m, struct error *err)
{
	size_t len = strlen(password);

	if (len > NM_MAX_PASSPHRASE)
		return bad(err, "the password is too long");
	m->password = secret_copy(password, len + 1);
	if (!m->password)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY,
		        "no locked memory for a password: raise the limit (ulimit -l)");
	m->job.target.password = m->password;
	return 0;
}

static int take_target(const char *address, json_int_t port, const char *user, const char *pin,
        struct power_target *t, struct error *err)
{
	if (!power_message_address_good(address))
		return bad(err, "address is a host name or an IP address");
	if (port < 0 || port > UINT16_MAX)
		return bad(err, "port is 0 to 65535");
	if (!keep(t->user, sizeof(t->user), user))
		return bad(err, "user is too long or has control characters");
	if (!power_message_pin_good(pin))
		return bad(err, "pin is empty or 64 hex digits");
	(void)snprintf(t->address, sizeof(t->address), "%s", address);
	(void)snprintf(t->pin, sizeof(t->pin), "%s", pin);
	t->port = (uint16_t)port;
	return 0;
}

static int parse_any(json_t *j, struct power_message *m, struct error *err)
{
	const char *order, *type, *address, *user, *password, *pin, *firmware, *image;
	json_int_t v = 0, port, seconds;
	json_t *machine;
	int other, r;

	/* First, so that a refusal finds its question. */
	if (json_unpack(j, "{s:I,s:I}", "v", &v, "id", &m->id) < 0 || v != 1 || m->id < 1) {
		m->id = 0;
		return bad(err, "v (1) and id (above 0) are needed");
	}
	if (json_unpack_ex(j, NULL, JSON_STRICT,
	            "{s:I,s:I,s:s,s:s,s:s,s:I,s:s,s:s,s:s,s:o,s:s,s:b,s:s,s:I}", "v", &v, "id",
	            &m->id, "order", &order, "type", &type, "address", &address, "port", &port,
	            "user", &user, "password", &password, "pin", &pin, "machine", &machine,
	            "firmware", &firmware, "other", &other, "image", &image, "seconds",
	            &seconds) < 0)
		return bad(err, "a field is missing, unknown or of another kind");
	if (seconds < POWER_SECONDS_MIN || seconds > NM_POWER_SECONDS_MAX)
		return bad(err, "seconds is 5 to 600");
	m->seconds = (unsigned)seconds;
	m->job.other_method = m->job.target.other_form = other;
	r = take_order(order, m, err);
	if (r == 0)
		r = take_type(type, &m->job, err);
	if (r == 0)
		r = take_target(address, port, user, pin, &m->job.target, err);
	if (r == 0)
		r = take_machine(machine, &m->job, err);
	if (r == 0)
		r = take_firmware(firmware, &m->job, err);
	if (r == 0)
		r = take_image(image, m, err);
	return r < 0 ? r : take_password(password, m, err);
}

int power_message_parse(const void *bytes, size_t len, struct power_message *ret, struct error *err)
{
	json_t *j = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, NULL);
	int r;

	*ret = (struct power_message){0};
	r = j ? parse_any(j, ret, err) : bad(err, "not JSON");
	json_decref(j);
	return r;
}

void power_message_clear(struct power_message *m)
{
	secret_free(m->password);
	*m = (struct power_message){0};
}
