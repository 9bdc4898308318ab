/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/bench/swarm/requests.h"
#include "fixer/base/cleanup.h"
#include "netmend/version.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

static const struct boot *present(const struct machine *m)
{
	return &m->boots[m->boot_count - 1];
}

static int get(struct buffer *out, const char *path, const char *more)
{
	return buffer_printf(out,
	        "GET %s HTTP/1.1\r\nHost: netmend\r\nUser-Agent: netmend-fixer/" NETMEND_VERSION
	        "\r\n%s\r\n",
	        path, more);
}

/* call: of the session, or NULL: the one that opens it. */
static int with_body(const struct machine *m, const char *method, const char *call,
        const char *type, const void *body, size_t len, struct buffer *out)
{
	int r = buffer_printf(out, "%s /v1/sessions", method);

	if (r == 0 && call)
		r = buffer_printf(out, "/%s/%s", present(m)->session, call);
	if (r == 0)
		r = buffer_printf(out,
		        " HTTP/1.1\r\nHost: netmend\r\nUser-Agent: netmend-fixer/" NETMEND_VERSION
		        "\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
		        type, len);
	return r == 0 ? buffer_append(out, body, len) : r;
}

static int with_json(
        const struct machine *m, const char *call, struct buffer *body, int r, struct buffer *out)
{
	if (r == 0)
		r = with_body(m, "POST", call, "application/json", body->data, body->len, out);
	buffer_free(body);
	return r;
}

int request_boot(const struct machine *m, struct buffer *out)
{
	char path[400], mac[18];

	(void)snprintf(mac, sizeof(mac), "%s", m->mac);
	for (char *p = mac; *p; p++)
		*p = *p == ':' ? '-' : *p;
	(void)snprintf(path, sizeof(path),
	        "/boot/ipxe?mac=%s&uuid=%s&serial=%s&asset=&manufacturer=Swarm&product=Desk%%20PC"
	        "&platform=efi&buildarch=x86_64&ip=&netmask=255.255.0.0&gateway=",
	        mac, m->uuid, m->serial);
	return get(out, path, "");
}

int request_file(const struct machine *m, const char *path, size_t first, struct buffer *out)
{
	char range[64] = "";

	(void)m;
	if (first)
		(void)snprintf(range, sizeof(range), "Range: bytes=0-%zu\r\n", first - 1);
	return get(out, path, range);
}

int request_session(const struct machine *m, struct buffer *out)
{
	const struct boot *b = present(m);
	const struct swarm_key *k = m->key;
	CLEANUP_FREE char *public = base64_encode(b->public_key, sizeof(b->public_key));
	CLEANUP_FREE char *salt = base64_encode(k->blob.salt, sizeof(k->blob.salt));
	CLEANUP_FREE char *blob = base64_encode(k->blob.sealed, sizeof(k->blob.sealed));
	char volume[GUID_TEXT], protector[GUID_TEXT];
	struct buffer body;

	if (!public || !salt || !blob)
		return -ENOMEM;
	guid_format(&k->volume, volume);
	guid_format(&k->protector, protector);
	buffer_init(&body, REQUEST_MAX);
	int r = buffer_printf(&body,
	        "{\"v\":1,\"token\":\"%s\",\"boot_id\":\"%s\",\"key\":\"%s\",\"fixer\":"
	        "\"" NETMEND_VERSION "\",\"dry_run\":false,\"machine\":{\"uuid\":\"%s\","
	        "\"serial\":\"%s\",\"asset\":\"\",\"manufacturer\":\"Swarm\",\"product\":"
	        "\"Desk PC\",\"macs\":[\"%s\"],\"firmware\":\"uefi\"},",
	        b->token, b->boot_id, public, m->uuid, m->serial, m->mac);
	if (r == 0)
		r = buffer_printf(&body,
		        "\"disks\":[{\"name\":\"nvme0n1\",\"size\":512110190592,\"sector\":512,"
		        "\"model\":\"SWARM\",\"serial\":\"D%s\",\"id\":\"%s\"}],\"volumes\":["
		        "{\"disk\":0,\"partition\":4,\"start\":511000000000,\"size\":1000000000,"
		        "\"kind\":\"ntfs\",\"reason\":\"OK\",\"id\":\"\",\"method\":\"\","
		        "\"state\":\"\",\"suspended\":false,\"protectors\":[]},",
		        m->serial, volume);
	if (r == 0)
		r = buffer_printf(&body,
		        "{\"disk\":0,\"partition\":3,\"start\":290455552,\"size\":510000000000,"
		        "\"kind\":\"bitlocker\",\"reason\":\"OK\",\"id\":\"%s\",\"method\":"
		        "\"xts-aes-128\",\"state\":\"4/4\",\"suspended\":false,\"protectors\":["
		        "{\"id\":\"%s\",\"kind\":\"recovery-password\",\"salt\":\"%s\",\"blob\":"
		        "\"%s\"}]}]}",
		        volume, protector, salt, blob);
	return with_json(m, NULL, &body, r, out);
}

int request_event(const struct machine *m, const struct act *act, unsigned n, struct buffer *out)
{
	char text[80];
	struct buffer body;

	buffer_init(&body, REQUEST_MAX);
	act_text(m, m->boot_count - 1, n, text, sizeof(text));
	int r = buffer_printf(&body, "{\"v\":1,\"state\":\"%s\",\"events\":[", act->state);
	if (r == 0 && n)
		r = buffer_printf(&body,
		        "{\"seq\":%u,\"ms\":%lld,\"state\":\"%s\",\"step\":\"%s\",\"reason\":"
		        "\"%s\",\"text\":\"%s\",\"numbers\":{\"n\":%u}}",
		        n, (long long)((now_us() - m->boot_begun) / 1000), act->state, act->step,
		        reason_code(act->reason), text, n);
	if (r == 0)
		r = buffer_append(&body, "]}", 2);
	return with_json(m, "events", &body, r, out);
}

int request_release(const struct machine *m, unsigned wait, struct buffer *out)
{
	char path[120];

	(void)snprintf(
	        path, sizeof(path), "/v1/sessions/%s/release?wait=%u", present(m)->session, wait);
	return get(out, path, "");
}

int request_pending(const struct machine *m, struct buffer *out)
{
	char path[120];

	(void)snprintf(path, sizeof(path), "/v1/sessions/%s/journal", present(m)->session);
	return get(out, path, "");
}

int request_journal(const struct machine *m, char sha256[65], struct buffer *out)
{
	size_t len = m->swarm->options->bundle;
	CLEANUP_FREE uint8_t *bundle = malloc(len);
	uint8_t seed[randombytes_SEEDBYTES] = {0}, hash[32];

	if (!bundle)
		return -ENOMEM;
	memcpy(seed, present(m)->session, sizeof(seed));
	randombytes_buf_deterministic(bundle, len, seed);
	(void)crypto_hash_sha256(hash, bundle, len);
	hex_encode(hash, sizeof(hash), sha256);
	return with_body(m, "PUT", "journal", "application/octet-stream", bundle, len, out);
}

/* One bundle, saved in this boot or in the one before. */
static int bundles(const struct machine *m, enum reason reason, struct buffer *body)
{
	const struct boot *b = present(m);

	if (reason == REASON_NTFS_HIBERNATED)
		return 0;
	return buffer_printf(body, "{\"sha256\":\"%s\",\"written\":\"%s\"}", b->sha256,
	        reason == REASON_DISK_WRITE_ERROR ? "part" : "all");
}

int request_result(const struct machine *m, enum reason reason, struct buffer *out)
{
	const char *code = reason_code(reason);
	bool removed = reason == REASON_REPAIRED;
	char volume[GUID_TEXT];
	struct buffer body;

	guid_format(&m->key->volume, volume);
	buffer_init(&body, REQUEST_MAX);
	int r = buffer_printf(&body,
	        "{\"v\":1,\"reason\":\"%s\",\"text\":\"machine %zu, boot %zu\",\"sectors\":24,"
	        "\"bundles\":[",
	        code, m->number, m->boot_count - 1);
	if (r == 0)
		r = bundles(m, reason, &body);
	if (r == 0)
		r = buffer_printf(&body,
		        "],\"timing\":{\"init\":900,\"session\":1200,\"release\":1300,\"plan\":"
		        "1700,\"save\":1800,\"commit\":1900,\"verify\":2000},\"boot_next\":\"%s\","
		        "\"volumes\":[{\"disk\":0,\"partition\":3,\"id\":\"%s\",\"reason\":\"%s\","
		        "\"text\":\"\",\"plan\":\"%s\",\"journal\":\"clean\",\"sectors\":24,"
		        "\"windows\":1,",
		        act_goes_back(reason) ? "set" : "not-needed", volume, code,
		        removed ? "delete" : "none");
	if (r == 0)
		r = buffer_printf(&body,
		        "\"files\":[{\"path\":\"\\\\Windows\\\\System32\\\\drivers\\\\CrowdStrike"
		        "\\\\C-00000291-00000000-00000032.sys\",\"size\":41004,\"attributes\":32,"
		        "\"modified\":\"2024-07-19T04:20:00Z\",\"note\":\"\",\"sha256\":\"%064d\","
		        "\"reason\":\"OK\",\"removed\":%s,\"renamed_to\":\"\"}],"
		        "\"installations\":[]}]}",
		        0, removed ? "true" : "false");
	return with_json(m, "result", &body, r, out);
}

int request_page(const struct swarm *s, const char *path, struct buffer *out)
{
	CLEANUP_FREE char *line = NULL;

	if (s->token[0] && asprintf(&line, "Authorization: Bearer %s\r\n", s->token) < 0)
		return -ENOMEM;
	return get(out, path, line ? line : "");
}
