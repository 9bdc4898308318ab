/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fetch/graph_login_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static int usage(struct error *err, const char *key, const char *what)
{
	return error_set(err, -EINVAL, REASON_USAGE, "%s: %s", key, what);
}

int graph_origin(const struct source_options *o, const char *key, const char *otherwise, char *out,
        size_t size, struct error *err)
{
	static const char scheme[] = "https://";
	const char *url = source_option(o, key);

	if (!url)
		url = otherwise;
	size_t len = strlen(url);
	if (len > 0 && url[len - 1] == '/')
		len--;
	const size_t before = sizeof(scheme) - 1;
	if (strncmp(url, scheme, before) != 0 || len <= before || len >= size ||
	        before + strspn(url + before, LETTERS ".-:[]") != len)
		return usage(err, key, "https://HOST or https://HOST:PORT, and no more");
	(void)snprintf(out, size, "%.*s", (int)len, url);
	return 0;
}

/* GUIDs, or a domain: nothing that could leave its place in an address or in a JSON text. */
static int take_id(
        const struct source_options *o, const char *key, char out[GRAPH_ID_MAX], struct error *err)
{
	const char *text = source_option(o, key);

	if (!text || !text[0])
		return usage(err, key, "is missing");
	if (strlen(text) >= GRAPH_ID_MAX || text[strspn(text, LETTERS ".-")])
		return usage(err, key, "letters, digits, '.' and '-' only");
	(void)snprintf(out, GRAPH_ID_MAX, "%s", text);
	return 0;
}

static int take_credentials(
        const struct source_options *o, struct graph_login *l, struct error *err)
{
	const char *flow = source_option(o, "flow");
	const char *secret = source_option(o, "client-secret");
	const char *certificate = source_option(o, "certificate");

	l->device_code = flow && strcmp(flow, "device-code") == 0;
	if (flow && !l->device_code && strcmp(flow, "client-credentials") != 0)
		return usage(err, "flow", "client-credentials or device-code");
	if (l->device_code)
		return secret || certificate ? usage(err, "flow",
		                                       "with device-code a person signs in: no "
		                                       "client-secret and no certificate")
		                             : 0;
	if (!secret == !certificate)
		return usage(err, "client-secret", "either it or certificate is needed");
	if (certificate)
		return graph_certificate_new(certificate, &l->certificate, err);
	size_t len = strcspn(secret, "\r\n"); /* of a file with a line */
	if (len == 0 || secret[len + strspn(secret + len, "\r\n")])
		return usage(err, "client-secret", "is not one line of text");
	l->secret = secret_new(len + 1);
	if (!l->secret)
		return error_set(
		        err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory for a secret");
	memcpy(l->secret->data, secret, len);
	return 0;
}

int graph_login_new(const struct source_options *o, const char *api, struct https_client *https,
        struct graph_login **ret, struct error *err)
{
	struct graph_login *l = calloc(1, sizeof(*l));

	if (!l)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	pthread_mutex_init(&l->lock, NULL);
	l->https = https;
	(void)snprintf(l->api, sizeof(l->api), "%s", api);
	int r = graph_origin(
	        o, "login", "https://login.microsoftonline.com", l->login, sizeof(l->login), err);
	if (r == 0)
		r = take_id(o, "tenant", l->tenant, err);
	if (r == 0)
		r = take_id(o, "client-id", l->client, err);
	if (r == 0)
		r = take_credentials(o, l, err);
	if (r == 0)
		*ret = l;
	else
		graph_login_free(l);
	return r;
}

void graph_login_free(struct graph_login *l)
{
	if (!l)
		return;
	secret_free(l->secret);
	secret_free(l->token);
	secret_free(l->refresh);
	secret_free(l->device.code);
	graph_certificate_free(l->certificate);
	pthread_mutex_destroy(&l->lock);
	free(l);
}
