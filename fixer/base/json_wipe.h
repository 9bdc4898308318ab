/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_JSON_WIPE_H
#define BASE_JSON_WIPE_H

/* From now on jansson wipes what it frees: passphrases and recovery passwords pass through it.
 * Once, before the first JSON. */
void json_wipe_init(void);

/* For text of json_dumps(), which is freed by its caller: wipes, then frees. NULL is fine. */
void json_wipe_text(char *text);

#endif
