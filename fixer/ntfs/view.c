/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/ntfs/view.h"
#include "fixer/base/bytes.h"
#include "fixer/block/content.h"
#include "fixer/ntfs/internal.h"

#include <ntfs-3g/logging.h>
#include <string.h>

#define CLUSTER_MAX (64 * 1024) /* Windows 7 to 10's own limit before 2 MiB clusters came */
#define UPCASE_LEN  65536
#define BOOT_SERIAL 72 /* offset of the volume serial number in the boot sector */

static int mount_failure(struct ntfs_view *view, int code, const uint8_t *boot, struct error *err)
{
	struct ntfs_geometry g;

	if (view->io_error < 0)
		return error_set(err, view->io_error, REASON_DISK_READ_ERROR,
		        "reading the NTFS metadata failed: %s", strerror(-view->io_error));
	if (code == -ENOMEM)
		return error_set(
		        err, code, REASON_OUT_OF_MEMORY, "no memory to open the NTFS volume");
	enum volume_content content = volume_content(boot);
	if (content == CONTENT_UNKNOWN)
		return error_set(err, -EBADMSG, REASON_NTFS_DAMAGED, "the boot sector is not NTFS");
	if (content != CONTENT_NTFS)
		return error_set(err, -ENODEV, REASON_NO_WINDOWS, "it holds %s, not NTFS",
		        volume_content_name(content));
	if (!ntfs_geometry_read(boot, view->dev->size, &g))
		return error_set(
		        err, -EBADMSG, REASON_NTFS_DAMAGED, "the NTFS boot sector is damaged");
	if (ntfs_mirror_differs(view->dev, &g))
		return error_set(err, -EBADMSG, REASON_NTFS_DAMAGED,
		        "$MFT and its copy $MFTMirr differ in the first records");
	return error_set(err, -EBADMSG, REASON_NTFS_DAMAGED, "NTFS metadata can't be read: %s",
	        strerror(-code));
}

/* What the library would mount but we do not work on. */
static int check_supported(const ntfs_volume *vol, struct error *err)
{
	if (vol->major_ver != 3)
		return error_set(err, -ENOTSUP, REASON_NTFS_VERSION,
		        "NTFS version %u.%u; only 3.x is known", vol->major_ver, vol->minor_ver);
	if (vol->cluster_size > CLUSTER_MAX)
		return error_set(err, -ENOTSUP, REASON_NTFS_VERSION,
		        "clusters of %u bytes; at most %u are supported", vol->cluster_size,
		        CLUSTER_MAX);
	if (vol->upcase_len != UPCASE_LEN)
		return error_set(err, -EBADMSG, REASON_NTFS_DAMAGED,
		        "$UpCase has %u entries instead of %u", vol->upcase_len, UPCASE_LEN);
	return 0;
}

static int mount_view(struct ntfs_view *view, struct error *err)
{
	uint8_t boot[512];

	int r = block_read(view->dev, 0, boot, sizeof(boot));
	if (r < 0)
		return error_set(err, r, REASON_DISK_READ_ERROR,
		        "reading the NTFS boot sector failed: %s", strerror(-r));
	ntfs_log_set_handler(ntfs_log_handler_null);
	struct ntfs_device *device = ntfs_device_alloc("volume", 0, &ntfs_block_operations, view);
	if (!device)
		return mount_failure(view, -ENOMEM, boot, err);
	/* Forensic: no look at hibernation and journal (we look ourselves), no change while
	 * mounting. */
	view->vol = ntfs_device_mount(device, NTFS_MNT_FORENSIC);
	if (!view->vol) {
		r = ntfs_errno();
		(void)ntfs_device_free(device);
		return mount_failure(view, r, boot, err);
	}
	view->facts.flags = le16_to_cpu(view->vol->flags);
	view->facts.serial = get_le64(boot + BOOT_SERIAL);
	return check_supported(view->vol, err);
}

int ntfs_view_open(struct block_device *dev, struct ntfs_view **ret, struct error *err)
{
	struct ntfs_view *view = calloc(1, sizeof(*view));

	if (!view)
		return error_set(
		        err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory to open the NTFS volume");
	view->dev = dev;
	int r = mount_view(view, err);
	if (r < 0) {
		(void)ntfs_view_close(view);
		return r;
	}
	view->facts.journal = ntfs_journal_read(view->vol);
	view->facts.hibernated = ntfs_is_hibernated(view);
	*ret = view;
	return 0;
}

int ntfs_view_close(struct ntfs_view *view)
{
	int r = 0;

	if (view->vol && ntfs_umount(view->vol, FALSE) != 0)
		r = ntfs_errno();
	if (r == 0)
		r = view->io_error;
	free(view);
	return r;
}

const struct ntfs_facts *ntfs_view_facts(const struct ntfs_view *view)
{
	return &view->facts;
}

const uint16_t *ntfs_view_upcase(const struct ntfs_view *view)
{
	return view->vol->upcase;
}

int ntfs_view_error(const struct ntfs_view *view, int r, const char *doing, struct error *err)
{
	/* The overlay below says -ENOSPC when its memory is used up. */
	if (r == -ENOMEM || view->io_error == -ENOMEM || view->io_error == -ENOSPC)
		return error_set(err, r, REASON_OUT_OF_MEMORY, "%s: not enough memory", doing);
	if (view->io_error < 0)
		return error_set(err, r, REASON_DISK_READ_ERROR, "%s: the disk answered: %s", doing,
		        strerror(-view->io_error));
	return error_set(err, r, REASON_NTFS_DAMAGED, "%s: %s", doing, strerror(-r));
}

int ntfs_refusal(const struct ntfs_facts *facts, struct error *err)
{
	if (facts->journal == JOURNAL_DAMAGED)
		return error_set(err, -EBADMSG, REASON_NTFS_JOURNAL_DAMAGED,
		        "$LogFile has no valid restart page");
	if (facts->hibernated)
		return error_set(err, -EBUSY, REASON_NTFS_HIBERNATED,
		        "hiberfil.sys holds a sleeping Windows");
	if (facts->journal == JOURNAL_UNCLEAN_V1 || facts->journal == JOURNAL_UNCLEAN_V2)
		return error_set(err, -EBUSY, REASON_NTFS_UNCLEAN,
		        "$LogFile (version %s) has changes that Windows did not finish",
		        facts->journal == JOURNAL_UNCLEAN_V1 ? "1.1" : "2.0");
	if (facts->flags & NTFS_FLAG_DIRTY)
		return error_set(err, -EBUSY, REASON_NTFS_DIRTY,
		        "the volume asks for chkdsk (flags 0x%04x)", facts->flags);
	return 0;
}
