/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * init: the first process of a machine that booted from the network. Brings up drivers, disks and
 * the network port, runs the fixer and restarts the machine as the fixer says. It never ends: what
 * goes wrong is shown, and then the machine restarts.
 */
#include "fixer/base/log.h"
#include "fixer/base/screen.h"
#include "initrd/init/drivers.h"
#include "initrd/init/events.h"
#include "initrd/init/leave.h"
#include "initrd/init/network.h"
#include "initrd/init/obtain.h"
#include "initrd/init/surroundings.h"
#include "initrd/init/sysfs.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Milliseconds. */
#define DEVICE_LIMIT  20000 /* for the first disk, and for the port, since init started */
#define SETTLED       150   /* no news of devices for so long: those there are have been found */
#define LINK_PATIENCE 6000  /* a copper port may take that long to agree with its switch */
#define NO_PORT_LIMIT 600000

#define FIXER "/bin/fixer"
/* What the fixer ends with. */
enum { FIXER_REBOOT = 0, FIXER_HOLD = 10, FIXER_AGAIN = 11 };

static uint64_t started;
static struct bootparams params;

static void show_machine(void)
{
	const struct bootparams *p = &params;
	char product[64], serial[64], line[256];

	(void)sysfs_read(product, sizeof(product), "/sys/class/dmi/id/product_name");
	(void)sysfs_read(serial, sizeof(serial), "/sys/class/dmi/id/product_serial");
	int n = snprintf(line, sizeof(line), "%s%s%s", product, product[0] ? "   " : "", serial);
	if (obtain_port_known(p))
		(void)snprintf(line + n, sizeof(line) - (size_t)n,
		        "%s%02X:%02X:%02X:%02X:%02X:%02X", serial[0] ? "   " : "", p->mac[0],
		        p->mac[1], p->mac[2], p->mac[3], p->mac[4], p->mac[5]);
	screen_machine(line);
}

/* Starts the machine's port as soon as it is there, so that it looks for a link meanwhile. */
static void start_port(void)
{
	char name[IFNAMSIZ];

	if (!obtain_port_known(&params) || !network_find(params.mac, name))
		return;
	int r = network_up(name);
	if (r < 0)
		log_error("cannot start port %s: %s", name, strerror(-r));
}

static void load_drivers(void)
{
	struct error err = {0};

	if (drivers_open(&err) < 0) {
		screen_line("%s: only drivers built into the kernel work", err.text);
		return;
	}
	events.on_port = start_port;
	drivers_load("fuse"); /* no device asks for it; the fixer's replay of a journal does */
	drivers_load("efivarfs");
	surroundings_mount_efivars();
	drivers_load_present();
}

/* Until there is a disk and its neighbours have had time to appear. No disk is the fixer's to
 * report: it tells the appliance too. */
static void wait_for_disk(void)
{
	const uint64_t limit = started + DEVICE_LIMIT;

	while (!drivers_have_disk() && boottime_ms() < limit)
		init_wait_until(boottime_ms() + 250 < limit ? boottime_ms() + 250 : limit);
	while (boottime_ms() < events.last_device + SETTLED && boottime_ms() < limit)
		init_wait_until(events.last_device + SETTLED);
}

static void show_no_port(void)
{
	const struct bootparams *p = &params;
	char text[400];
	int head = snprintf(text, sizeof(text),
	        "Booted from the port %02x:%02x:%02x:%02x:%02x:%02x; it is not there.\n", p->mac[0],
	        p->mac[1], p->mac[2], p->mac[3], p->mac[4], p->mac[5]);

	enum reason reason = network_describe(text + head, sizeof(text) - (size_t)head);
	screen_reason(reason, text);
}

/* A dock or USB adapter may still be plugged in while the reason is on the screen. */
static void wait_for_port(char ret_name[IFNAMSIZ])
{
	bool shown = false;

	while (!network_find(params.mac, ret_name)) {
		if (!shown && boottime_ms() >= started + DEVICE_LIMIT) {
			show_no_port();
			shown = true;
		}
		if (boottime_ms() >= started + NO_PORT_LIMIT)
			init_leave();
		init_wait_until(boottime_ms() + 500);
	}
}

static void show_no_link(const char *name)
{
	const uint8_t *mac = params.mac;
	char text[160];

	(void)snprintf(text, sizeof(text),
	        "Port %02x:%02x:%02x:%02x:%02x:%02x (%s) sees no switch.", mac[0], mac[1], mac[2],
	        mac[3], mac[4], mac[5], name);
	screen_reason(REASON_NO_LINK, text);
}

static void wait_for_link(const char *name)
{
	const uint64_t patience = boottime_ms() + LINK_PATIENCE;
	bool shown = false;

	while (!network_has_link(name)) {
		if (!shown && boottime_ms() >= patience) {
			show_no_link(name);
			shown = true;
		}
		init_wait_until(boottime_ms() + 500); /* ended early by a change of the link */
	}
}

/* The port of the command line. */
static void bring_up_port(char ret_name[IFNAMSIZ])
{
	struct error err = {0};

	wait_for_port(ret_name);
	int r = network_up(ret_name);
	if (r < 0) {
		error_set(&err, r, REASON_INTERNAL, "cannot start port %s: %s", ret_name,
		        strerror(-r));
		init_fail(err.reason, err.text, 60);
	}
	wait_for_link(ret_name);
}

static void bring_up_network(void)
{
	struct error err = {0};
	char name[IFNAMSIZ] = "";

	screen_status("Waiting for the network", "");
	if (obtain_port_known(&params))
		bring_up_port(name);
	obtain_address(&params, name);
	if (network_configure(name, &params, &err) < 0)
		init_fail(err.reason, err.text, 60);
	obtain_appliance(&params);
	screen_line("network %s %s/%u", name, params.address, params.prefix);
}

static pid_t start_fixer(void)
{
	char *const argv[] = {(char[]){FIXER}, (char[]){"--boot"}, NULL};
	pid_t pid = fork();

	if (pid == 0) {
		events_unblock_signals();
		(void)execv(FIXER, argv);
		log_error("cannot run " FIXER ": %s", strerror(errno));
		_exit(127);
	}
	return pid;
}

/* Returns the status of waitpid(2). */
static int run_fixer(void)
{
	/* From here to its end the screen is the fixer's. */
	screen_line("fixer started at %llu ms", (unsigned long long)boottime_ms());
	events.child = start_fixer();
	if (events.child < 0)
		init_fail(REASON_INTERNAL, "cannot start a process for the fixer", 30);
	while (!events.child_ended && !events.restart_asked)
		(void)events_wait(UINT64_MAX);
	if (!events.child_ended) {
		/* Its repair is a transaction: the next boot completes what is cut short here. */
		screen_status("Restarting", "Ctrl-Alt-Del was pressed.");
		(void)kill(events.child, SIGTERM);
		const uint64_t limit = boottime_ms() + 5000;
		while (!events.child_ended && events_wait(limit))
			;
		init_leave();
	}
	return events.child_status;
}

_Noreturn static void act_on(int status)
{
	char text[80];

	if (WIFEXITED(status)) {
		switch (WEXITSTATUS(status)) {
		case FIXER_REBOOT:
		case FIXER_AGAIN:
			init_leave();
		case FIXER_HOLD:
			init_hold();
		default:
			(void)snprintf(
			        text, sizeof(text), "It ended with code %d.", WEXITSTATUS(status));
		}
	} else {
		(void)snprintf(text, sizeof(text), "It was ended by signal %d.", WTERMSIG(status));
	}
	init_fail(REASON_FIXER_CRASHED, text, 30);
}

int main(void)
{
	struct error err = {0};

	if (getpid() != 1) {
		(void)fprintf(
		        stderr, "init: this is the first process of a machine, not a command\n");
		return 2;
	}
	log_init("init", false);
	surroundings_make();
	started = boottime_ms();
	screen_open();
	screen_line("init started at %llu ms", (unsigned long long)started);
	events_open();
	show_machine(); /* also above a refusal of the parameters */
	if (bootparams_read(&params, &err) < 0)
		init_fail(err.reason, err.text, 60);
	show_machine();
	screen_status("Looking for disks", "");
	load_drivers();
	wait_for_disk();
	bring_up_network();
	screen_status("Starting the repair", "");
	act_on(run_fixer());
}
