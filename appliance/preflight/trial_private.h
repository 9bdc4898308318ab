/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of a test boot, all inside its namespaces. */
#ifndef PREFLIGHT_TRIAL_PRIVATE_H
#define PREFLIGHT_TRIAL_PRIVATE_H

#include "appliance/preflight/trial.h"
#include "appliance/supervisor/state.h"
#include "fixer/base/error.h"

#define TRIAL_FLOOR "nmfloor" /* the bridge the machines, and the site's DHCP server, are on */
#define TRIAL_PORT  "nmport"  /* the appliance's end of its cable there */

struct trial {
	const struct config *config;
	const char *folder; /* a file system of the trial's own */
	char conf[STATE_PATH_MAX], log[STATE_PATH_MAX];
	char self[STATE_PATH_MAX], qemu[STATE_PATH_MAX], ip[STATE_PATH_MAX];
	bool secure;
	struct trial_facts *facts;
};

/* What the trial needs of this host: qemu, ip, room for addresses. false: facts say what is
 * missing. */
bool trial_possible(struct trial *t);

/* trial_floor.c: bridge, one tap a machine, the appliance's cable into the namespace of process
 * `appliance` (which its configured interface is made in), the site's DHCP server in proxy mode.
 * 0 or -errno. */
int trial_floor_make(const struct trial *t, pid_t appliance, struct error *err);
int trial_floor_site(const struct trial *t, struct error *err);
/* Writes the second appliance's configuration. */
int trial_write_config(const struct trial *t, struct error *err);
/* Address of the site's DHCP server and its range, in the appliance's network; false: no room. */
bool trial_addresses(const struct config *config, char site[16], char range[40]);

/* trial_machine.c: powers the n-th machine on. Its process; -errno. */
pid_t trial_machine_start(const struct trial *t, size_t n, struct error *err);
/* Reads in the second appliance's store how far it is. */
void trial_machine_look(const struct trial *t, struct trial_machine *m);
/* The last line of its serial line: what its screen would show. */
void trial_machine_last_line(const struct trial *t, size_t n);

/* trial_command.c. Starts a program with our rights, its output into that file; it dies with us.
 * Its process; -errno. */
pid_t trial_spawn(const char *const *argv, const char *output);
/* To its end, with what it printed (the caller frees it). -EIO: it failed; err has the first line
 * of what it said. */
int trial_capture(
        const struct trial *t, const char *const *argv, struct buffer *ret, struct error *err);
int trial_command(const struct trial *t, const char *const *argv, struct error *err);

#endif
