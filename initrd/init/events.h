/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Everything init waits for, in one place: new devices, link changes, kernel messages, signals.
 * There is one init, so there is one of these.
 */
#ifndef INIT_EVENTS_H
#define INIT_EVENTS_H

#include "fixer/base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct events {
	/* Called with the modalias of each device that appears. */
	void (*on_device)(const char *modalias);
	/* Called when a network port appears. */
	void (*on_port)(void);
	/* Called when the kernel had to drop device events. */
	void (*on_devices_lost)(void);
	uint64_t last_device; /* when something about devices was heard last, ms */

	bool restart_asked; /* somebody pressed Ctrl-Alt-Del */
	pid_t child;        /* the child to watch, 0 for none */
	bool child_ended;
	int child_status; /* of waitpid(2), when child_ended */
};

extern struct events events;

/* Milliseconds since the kernel started. */
uint64_t boottime_ms(void);

/* Opens the sources. What cannot be opened is logged and left out. Call once, before any device is
 * looked for; blocks SIGCHLD, SIGINT and SIGTERM. */
void events_open(void);

/* Undoes the blocking of signals; for a child before it executes another program. */
void events_unblock_signals(void);

/* Waits until something happened or until the time `until` (ms since kernel start), and deals with
 * it. Returns false when the time was over. */
bool events_wait(uint64_t until);

#endif
