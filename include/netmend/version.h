/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NETMEND_VERSION_H
#define NETMEND_VERSION_H

#define NETMEND_VERSION "0.1.0"

/* Version of the fixer's API (README.md here); both sides refuse another one. */
#define NETMEND_WIRE_VERSION 1

#endif
