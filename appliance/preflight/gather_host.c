/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Clock, limits, firewall. */
#include "appliance/preflight/gather.h"
#include "appliance/supervisor/child.h"
#include "fixer/base/cleanup.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#define RULES_MAX   (8 * 1024 * 1024)
#define NFT_SECONDS 20

void gather_clock(struct clock_facts *ret)
{
	struct timex clock = {0};
	struct stat program;

	*ret = (struct clock_facts){.now = time(NULL)};
	/* Reading it takes no right; containers may be forbidden to, all the same. */
	ret->known = adjtimex(&clock) >= 0;
	ret->synchronised = ret->known && !(clock.status & STA_UNSYNC);
	if (stat("/proc/self/exe", &program) == 0)
		ret->built = program.st_mtime;
}

static long read_number(const char *path)
{
	FILE *file = fopen(path, "re");
	long number = -1;

	if (file && fscanf(file, "%ld", &number) != 1)
		number = -1;
	if (file)
		fclose(file);
	return number;
}

/* Root may go beyond its own limit up to the kernel's, unless it is root of a container. */
static uint64_t reachable_files(void)
{
	struct rlimit now, raised;
	long most = read_number("/proc/sys/fs/nr_open");

	if (getrlimit(RLIMIT_NOFILE, &now) < 0)
		return 0;
	raised = now;
	if (most > 0 && (rlim_t)most > now.rlim_max) {
		raised.rlim_max = (rlim_t)most;
		if (setrlimit(RLIMIT_NOFILE, &raised) < 0)
			raised = now;
		else
			(void)setrlimit(RLIMIT_NOFILE, &now);
	}
	return raised.rlim_max;
}

void gather_limits(struct limit_facts *ret)
{
	char path[80];

	*ret = (struct limit_facts){.files = reachable_files()};
	for (int i = 0; i < 3; i++) {
		(void)snprintf(
		        path, sizeof(path), "/proc/sys/net/ipv4/neigh/default/gc_thresh%d", i + 1);
		ret->neighbours[i] = read_number(path);
	}
}

static void no_rules(struct firewall_facts *ret, const char *why)
{
	ret->state = FIREWALL_UNKNOWN;
	(void)snprintf(ret->why, sizeof(ret->why), "%s", why);
}

/* Tables of the old kernel interface that somebody has used. */
static bool has_legacy_rules(void)
{
	FILE *names = fopen("/proc/net/ip_tables_names", "re");
	char name[64];
	bool found = false;

	while (names && fgets(name, sizeof(name), names))
		found = found || strcmp(name, "filter\n") == 0 || strcmp(name, "raw\n") == 0 ||
		        strcmp(name, "mangle\n") == 0;
	if (names)
		fclose(names);
	return found;
}

void gather_firewall(struct firewall_facts *ret)
{
	const char *program = access("/usr/sbin/nft", X_OK) == 0 ? "/usr/sbin/nft" : "/sbin/nft";
	const char *argv[] = {program, "-j", "list", "ruleset", NULL};
	const struct child nft = {
	        .name = "nft", .argv = argv, .capabilities = 1ULL << CAP_NET_ADMIN};

	*ret = (struct firewall_facts){.legacy = has_legacy_rules()};
	if (access(program, X_OK) < 0) {
		no_rules(ret, "the program nft is not installed (package nftables)");
		return;
	}
	CLEANUP_FREE char *text = malloc(RULES_MAX);
	if (!text) {
		no_rules(ret, "no memory");
		return;
	}
	int r = child_run(&nft, NFT_SECONDS, text, RULES_MAX);
	if (r != 0)
		no_rules(ret, r == -ETIMEDOUT ? "nft does not end" : "nft cannot list the rules");
	else if (!(ret->rules = json_loads(text, JSON_REJECT_DUPLICATES, NULL)))
		no_rules(ret, "nft says something that is no JSON, or too much");
	else
		ret->state = FIREWALL_READ;
}

void firewall_facts_free(struct firewall_facts *f)
{
	json_decref(f->rules);
	f->rules = NULL;
}
