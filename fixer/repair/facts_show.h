/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Facts in words and in JSON. */
#ifndef REPAIR_FACTS_SHOW_H
#define REPAIR_FACTS_SHOW_H

#include "fixer/repair/facts.h"

#include <jansson.h>

#define FACTS_TEXT 320

/* "Windows 11 Pro 23H2 (22631.3880)"; "version unknown". */
void facts_windows_words(const struct windows_version *v, char out[FACTS_TEXT]);

/* "0x50 PAGE_FAULT_IN_NONPAGED_AREA, csagent.sys (minidump of 2024-07-19T05:02:11Z)"; "" when
 * there is no crash. */
void facts_crash_words(const struct windows_crash *crash, char out[FACTS_TEXT]);

/* "188, modified 2024-06-01T... to 2024-07-18T...". */
void facts_folder_words(const struct windows_folder *f, char out[FACTS_TEXT]);

/* The list "installations" of include/netmend/README.md, of the first max; NULL without memory. */
json_t *facts_json_installations(const struct volume_facts *facts, size_t max);

#endif
