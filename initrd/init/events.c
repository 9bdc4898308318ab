/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "initrd/init/events.h"
#include "fixer/base/log.h"
#include "fixer/base/screen.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct events events;

enum { SOURCE_DEVICES, SOURCE_LINKS, SOURCE_KERNEL_LOG, SOURCE_SIGNALS, SOURCES };
static struct pollfd sources[SOURCES];

uint64_t boottime_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- opening -----------------------------------------------------------------------------------
 */

static int open_netlink(int protocol, unsigned groups, int receive_buffer)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);

	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer, sizeof(receive_buffer));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

/* From here on only emergencies reach the consoles directly, so the screen stays ours; warnings
 * come to the serial consoles by way of handle_kernel_log(). */
static int open_kernel_log(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0) {
		(void)klogctl(8 /* SYSLOG_ACTION_CONSOLE_LEVEL */, NULL, 1);
		(void)lseek(fd, 0, SEEK_END);
	}
	return fd;
}

static void signal_set(sigset_t *set)
{
	(void)sigemptyset(set);
	(void)sigaddset(set, SIGCHLD);
	(void)sigaddset(set, SIGINT); /* the kernel's word for Ctrl-Alt-Del */
	(void)sigaddset(set, SIGTERM);
}

static int open_signals(void)
{
	sigset_t set;

	signal_set(&set);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

void events_unblock_signals(void)
{
	sigset_t set;

	signal_set(&set);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
}

void events_open(void)
{
	static const char *const names[SOURCES] = {
	        "device events", "link events", "kernel log", "signals"};
	const int fds[SOURCES] = {
	        [SOURCE_DEVICES] = open_netlink(NETLINK_KOBJECT_UEVENT, 1, 4 * 1024 * 1024),
	        [SOURCE_LINKS] = open_netlink(NETLINK_ROUTE, RTMGRP_LINK, 256 * 1024),
	        [SOURCE_KERNEL_LOG] = open_kernel_log(),
	        [SOURCE_SIGNALS] = open_signals()};

	for (unsigned i = 0; i < SOURCES; i++) {
		sources[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
		if (fds[i] < 0)
			log_error("cannot listen to %s", names[i]);
	}
}

/* ---- handling ----------------------------------------------------------------------------------
 */

/* A message is "ACTION@PATH" and then NAME=VALUE, each ended by a NUL. */
static void handle_device(const char *message, size_t len)
{
	const char *modalias = NULL, *subsystem = "";
	bool added = strncmp(message, "add@", 4) == 0;

	for (const char *p = message; p < message + len; p += strlen(p) + 1) {
		if (strncmp(p, "MODALIAS=", 9) == 0)
			modalias = p + 9;
		if (strncmp(p, "SUBSYSTEM=", 10) == 0)
			subsystem = p + 10;
	}
	events.last_device = boottime_ms();
	if (added && modalias && events.on_device)
		events.on_device(modalias);
	if (added && strcmp(subsystem, "net") == 0 && events.on_port)
		events.on_port();
}

static void handle_devices(int fd)
{
	char message[8192];
	struct sockaddr_nl from;
	socklen_t from_len = sizeof(from);
	ssize_t n;

	while ((n = recvfrom(fd, message, sizeof(message) - 1, 0, (struct sockaddr *)&from,
	                &from_len)) > 0) {
		message[n] = 0;
		if (from.nl_pid == 0) /* from the kernel */
			handle_device(message, (size_t)n);
	}
	if (n < 0 && errno == ENOBUFS && events.on_devices_lost)
		events.on_devices_lost();
}

/* Their content does not matter: whoever waits looks at the link again. */
static void drain_links(int fd)
{
	char message[8192];

	while (recv(fd, message, sizeof(message), 0) > 0)
		;
}

/* A record is "PRIORITY,SEQUENCE,TIME,FLAGS;TEXT\n" and more lines. What programs log (facility
 * not 0) goes out from "info" on, the kernel's own words from "warning" on. */
static void handle_kernel_log(int fd)
{
	char record[4096];
	ssize_t n;

	while ((n = read(fd, record, sizeof(record) - 1)) > 0 || (n < 0 && errno == EPIPE)) {
		record[n > 0 ? n : 0] = 0;
		unsigned long priority = strtoul(record, NULL, 10);
		char *text = strchr(record, ';');
		if (!text || priority % 8 > (priority >= 8 ? 6 : 4))
			continue;
		text[strcspn(text, "\n")] = 0;
		screen_serial(text + 1);
	}
}

static void handle_signals(int fd)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	while (read(fd, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo == SIGINT)
			events.restart_asked = true;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == events.child) {
			events.child = 0;
			events.child_ended = true;
			events.child_status = status;
		}
}

bool events_wait(uint64_t until)
{
	static void (*const handlers[SOURCES])(int) = {[SOURCE_DEVICES] = handle_devices,
	        [SOURCE_LINKS] = drain_links,
	        [SOURCE_KERNEL_LOG] = handle_kernel_log,
	        [SOURCE_SIGNALS] = handle_signals};
	uint64_t now = boottime_ms();
	uint64_t left = until > now ? until - now : 0;
	int n = poll(sources, SOURCES, left > 60000 ? 60000 : (int)left);

	for (unsigned i = 0; i < SOURCES && n > 0; i++)
		if (sources[i].revents)
			handlers[i](sources[i].fd);
	return boottime_ms() < until;
}
