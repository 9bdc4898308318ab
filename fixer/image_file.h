/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Disk images of other formats, as if they were raw. Raw images, fixed VHDs and devices are left to
 * file_device_open(). For the others qemu-storage-daemon mounts the disk inside the image, through
 * FUSE, over the image's own path, in a mount namespace only this process and its children see:
 * from then on that path is the raw disk. Whatever happens to either process, nothing is left
 * mounted.
 */
#ifndef FIXER_IMAGE_FILE_H
#define FIXER_IMAGE_FILE_H

#include "fixer/block/image_format.h"

struct image_file;

/*
 * Looks at what path is and attaches it for reading: the file itself is only opened for reading.
 * *ret is to be freed with image_file_close(). Errors: those of image_format_probe();
 * REASON_IMAGE_FORMAT too when what is needed is not installed; REASON_DISK_IN_USE when QEMU's
 * locks say so; REASON_CANNOT_OPEN.
 */
int image_file_open(const char *path, struct image_file **ret, struct error *err);

/* Of the file, not of the disk inside. For a device IMAGE_RAW. */
const struct image_info *image_file_info(const struct image_file *image);

/* True when the path is served by the daemon: it can only be written after
 * image_file_make_writable(). */
bool image_file_is_served(const struct image_file *image);

/*
 * Opens the image for writing. Files that were opened through the path before are dead afterwards.
 * Nothing to do for an image that is not served. Errors as image_file_open(); the image is then
 * served no longer.
 */
int image_file_make_writable(struct image_file *image, struct error *err);

/* Ends the daemon, which brings the image up to date, and frees image (NULL is fine). An error
 * means that this may have failed: REASON_DISK_WRITE_ERROR, only after image_file_make_writable().
 */
int image_file_close(struct image_file *image, struct error *err);

#endif
