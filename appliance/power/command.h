/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend-power order`: one order to one BMC, in this process; for trying one out. */
#ifndef POWER_COMMAND_H
#define POWER_COMMAND_H

extern const char power_command_usage[];

/* argv[0] is "order". Prints the answer's JSON. Exit status: 0 done, 3 not (the answer says why),
 * 1 it could not even be tried, 2 usage. */
int power_command(int argc, char **argv);

#endif
