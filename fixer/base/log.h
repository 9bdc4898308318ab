/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One line per event on standard error: "<6>netmend[web]: text key=value". The <N> prefix is what
 * journald reads. Text from outside is printed with control characters replaced. Programs log;
 * format code (block, bitlocker, ntfs) never does.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

void log_init(const char *program, bool debug);
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
