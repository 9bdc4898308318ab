/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_JSON_TEXT_H
#define BASE_JSON_TEXT_H

#include <jansson.h>

/* A JSON string of any bytes: firmware and disks may tell names in no known encoding, and JSON
 * takes only UTF-8. Text that is not UTF-8 has every byte over 0x7e replaced by '?'. NULL without
 * memory. */
json_t *json_text(const char *text);

#endif
