/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GET /metrics: the whole page, and what this appliance knows of itself. */
#include "appliance/api/metrics.h"
#include "appliance/api/call.h"
#include "appliance/fleet/turns.h"
#include "netmend/version.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define METRICS_MAX ((size_t)1024 * 1024)

static void metrics_escrow(struct metrics *m, const struct web_api *a)
{
	json_t *status = escrow_client_status(a->escrow);
	struct escrow_figures figures = escrow_client_figures(a->escrow);
	const char *stopped = json_string_value(json_object_get(status, "stopped"));

	metric_family(
	        m, "netmend_escrow_up", "gauge", "1: the escrow service answers and can work.");
	metric_add(m, "netmend_escrow_up", json_is_true(json_object_get(status, "ok")), NULL);
	metric_family(m, "netmend_escrow_stopped", "gauge", "1: key release is stopped.");
	metric_add(m, "netmend_escrow_stopped", stopped && stopped[0], NULL);
	metric_family(m, "netmend_escrow_keys", "gauge", "Recovery keys in the vault.");
	metric_add(m, "netmend_escrow_keys", json_integer_value(json_object_get(status, "keys")),
	        NULL);
	metric_family(m, "netmend_escrow_released", "gauge",
	        "Keys released in the campaign of the release policy.");
	metric_add(m, "netmend_escrow_released", figures.released, NULL);
	metric_family(m, "netmend_escrow_waiting", "gauge", "Machines waiting for their key.");
	metric_add(m, "netmend_escrow_waiting", figures.waiting, NULL);
	metric_family(m, "netmend_escrow_requests", "gauge", "Releases people have to approve.");
	metric_add(m, "netmend_escrow_requests",
	        json_integer_value(json_object_get(status, "requests")), NULL);
}

/* Who calls by this route. */
static const char *group_of(const struct http_route *route)
{
	static const struct {
		const char *prefix, *group;
	} groups[] = {{"/boot", "boot"}, {"/v1/", "fixer"}, {"/api/", "api"},
	        {"/metrics", "metrics"}, {"/", "page"}};
	size_t i = 0;

	if (!route)
		return "none";
	while (strncmp(route->pattern, groups[i].prefix, strlen(groups[i].prefix)) != 0)
		i++;
	return groups[i].group;
}

#define GROUPS_MAX 8

/* Routes of one group are one sample. */
struct requests {
	size_t count;
	struct {
		const char *server, *group;
		int hundreds;
		uint64_t answers;
	} list[2 * GROUPS_MAX * 5];
	const char *server;
};

static void requests_add(
        const struct http_route *route, int hundreds, uint64_t count, void *context)
{
	struct requests *r = context;
	const char *group = group_of(route);
	size_t i = 0;

	while (i < r->count && !(r->list[i].server == r->server && r->list[i].group == group &&
	                               r->list[i].hundreds == hundreds))
		i++;
	if (i == r->count) {
		r->count++;
		r->list[i].server = r->server;
		r->list[i].group = group;
		r->list[i].hundreds = hundreds;
		r->list[i].answers = 0;
	}
	r->list[i].answers += count;
}

static void metrics_http(struct metrics *m, const struct web_api *a)
{
	struct requests r = {.server = "http"};
	char code[] = "2xx";

	http_answers(a->http, requests_add, &r);
	r.server = "https";
	http_answers(a->https, requests_add, &r);
	metric_family(m, "netmend_http_requests_total", "counter",
	        "Requests answered, by who asks and by status.");
	for (size_t i = 0; i < r.count; i++) {
		code[0] = (char)('0' + r.list[i].hundreds);
		metric_add(m, "netmend_http_requests_total", (int64_t)r.list[i].answers, "server",
		        r.list[i].server, "group", r.list[i].group, "code", code, NULL);
	}
	metric_family(m, "netmend_http_connections", "gauge", "Open connections.");
	metric_add(
	        m, "netmend_http_connections", http_connections(a->http), "server", "http", NULL);
	metric_add(
	        m, "netmend_http_connections", http_connections(a->https), "server", "https", NULL);
	metric_family(m, "netmend_pages", "gauge", "Status pages connected.");
	metric_add(m, "netmend_pages", a->feeds, NULL);
}

static void metrics_store(struct metrics *m, const struct store *s)
{
	static const char name[] = "netmend_store_seconds";
	const struct store_latency *l = store_latency(s);
	uint64_t count = 0;
	char bound[16];

	metric_family(
	        m, name, "histogram", "Transactions of the store, until they were committed.");
	for (size_t i = 0; i < STORE_BUCKETS; i++) {
		count += l->count[i];
		if (i < STORE_BUCKETS - 1)
			(void)snprintf(bound, sizeof(bound), "%g", store_latency_ms[i] / 1000.0);
		metric_add(m, "netmend_store_seconds_bucket", (int64_t)count, "le", bound, NULL);
		memcpy(bound, "+Inf", sizeof("+Inf"));
	}
	metric_add_seconds(m, "netmend_store_seconds_sum", l->seconds, NULL);
	metric_add(m, "netmend_store_seconds_count", (int64_t)count, NULL);
}

/* Names Prometheus' own libraries use. */
static void metrics_process(struct metrics *m, const struct web_api *a)
{
	int64_t resident = self_resident(&a->self), files = self_files(&a->self);
	int64_t files_max = self_files_max();

	metric_family(m, "process_cpu_seconds_total", "counter", "Processor time of netmend web.");
	metric_add_seconds(m, "process_cpu_seconds_total", self_cpu_seconds(), NULL);
	metric_family(m, "process_start_time_seconds", "gauge", "When it started, since 1970.");
	metric_add_seconds(m, "process_start_time_seconds", (double)a->fleet->started / 1000, NULL);
	if (resident >= 0) {
		metric_family(m, "process_resident_memory_bytes", "gauge", "Its memory.");
		metric_add(m, "process_resident_memory_bytes", resident, NULL);
	}
	if (files >= 0) {
		metric_family(m, "process_open_fds", "gauge", "Its open descriptors.");
		metric_add(m, "process_open_fds", files, NULL);
	}
	if (files_max >= 0) {
		metric_family(m, "process_max_fds", "gauge", "As many it may have.");
		metric_add(m, "process_max_fds", files_max, NULL);
	}
}

static void metrics_turns(struct metrics *m, const struct fleet *f)
{
	size_t loading = 0, waiting = 0;

	if (f->turns)
		turns_count(f->turns, f->clock(), &loading, &waiting);
	metric_family(m, "netmend_boot_loading", "gauge",
	        "Machines this appliance lets load kernel and initrd now.");
	metric_add(m, "netmend_boot_loading", (int64_t)loading, NULL);
	metric_family(m, "netmend_boot_waiting", "gauge", "Machines that wait for their turn to.");
	metric_add(m, "netmend_boot_waiting", (int64_t)waiting, NULL);
}

void metrics_appliance(struct metrics *m, struct web_api *a)
{
	metric_family(m, "netmend_build_info", "gauge", "1, with the version.");
	metric_add(m, "netmend_build_info", 1, "version", NETMEND_VERSION, NULL);
	metric_family(m, "netmend_handouts_total", "counter",
	        "Boots this appliance handed the fixer to, since its start.");
	metric_add(m, "netmend_handouts_total", a->fleet->handouts, NULL);
	metrics_turns(m, a->fleet);
	metric_family(m, "netmend_returned_total", "counter",
	        "Machines this appliance saw back in Windows, since its start.");
	metric_add(m, "netmend_returned_total", a->fleet->returned, NULL);
	metric_family(m, "netmend_dhcp_up", "gauge", "1: dnsmasq answers, or is not ours to run.");
	metric_add(m, "netmend_dhcp_up", a->dhcp_ok, NULL);
	metrics_escrow(m, a);
	metrics_http(m, a);
	metrics_store(m, a->fleet->store);
	metrics_process(m, a);
}

void web_api_metrics(struct http_request *r, struct web_api *a)
{
	struct metrics m = {0};

	buffer_init(&m.out, METRICS_MAX);
	metrics_appliance(&m, a);
	int e = metrics_fleet(&m, a);
	if (e == 0)
		e = metrics_progress(&m, a);
	if (e == 0)
		e = metrics_campaigns(&m, a);
	if (e == 0)
		e = metrics_hooks(&m, a);
	if (e == 0)
		e = m.failed;
	if (e < 0) {
		call_failed(r, "metrics", e);
		buffer_free(&m.out);
		return;
	}
	http_reply_memory(r, 200, METRIC_TYPE, (char *)m.out.data, m.out.len);
}
