/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The appliance's directories and the files `serve` puts into them (table in appliance/README.md).
 */
#ifndef SUPERVISOR_STATE_H
#define SUPERVISOR_STATE_H

#include "appliance/config/config.h"
#include "fixer/windows/recipe.h"
#include "fixer/base/buffer.h"

#define STATE_PATH_MAX (CONFIG_PATH_MAX + 64)

/* DIR/NAME into out; DIR alone for "". */
void state_path(char out[STATE_PATH_MAX], const char *dir, const char *name);

#define STATE_BUNDLES "web/bundles" /* saved repairs (appliance/saved) */
#define STATE_MEDIA   "media"       /* the appliance's own medium (appliance/boot/medium.h) */

/* Makes what is missing and sets owners and modes of everything. CANNOT_OPEN names the path. */
int state_prepare(const struct config *config, struct error *err);

#define STATE_UEFI_PROGRAM "tftp/x64/snponly.efi"
#define STATE_BIOS_PROGRAM "tftp/undionly.kpxe"

/* Copies the boot program to STATE_UEFI_PROGRAM, and undionly.kpxe to STATE_BIOS_PROGRAM when it
 * lies beside the first (as Debian's package has it); without it BIOS machines get no answer. */
int state_copy_programs(const struct config *config, struct error *err);

/* Writes the configured recipe to RUNTIME/recipe.ini after
 * parsing it. */
int state_write_recipe(const struct config *config, struct error *err);

/* Writes the status page carried in this binary to RUNTIME/page, where web serves it from. */
int state_write_page(const struct config *config, struct error *err);

/* Reads and parses a recipe: a built-in one's name, or a path. Gives the text (malloc()ed) when
 * ret_text is not NULL. RECIPE_BAD, CANNOT_OPEN. */
int state_read_recipe(const char *which, struct recipe *ret, char **ret_text, struct error *err);

/* Takes the lock of this runtime directory for the life of the process. The descriptor; -EBUSY when
 * another instance has it. */
int state_lock(const struct config *config, struct error *err);
/* Whether an instance has it now. */
bool state_is_locked(const struct config *config);

/* The whole file into ret, which the caller frees. CANNOT_OPEN names the path. */
int state_read_file(const char *path, size_t max, struct buffer *ret, struct error *err);

/* Writes data to path in one step (a temporary file beside it, renamed), flushed. */
int state_write_file(
        const char *path, const void *data, size_t len, mode_t mode, gid_t gid, struct error *err);

#endif
