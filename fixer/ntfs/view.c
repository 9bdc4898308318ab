/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/ntfs/view.h"
#include "fixer/base/bytes.h"
#include "fixer/block/content.h"
#include "fixer/ntfs/internal.h"

#include <ntfs-3g/cache.h>
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

static int mount_device(struct ntfs_view *view)
{
	struct ntfs_device *device = ntfs_device_alloc("volume", 0, &ntfs_block_operations, view);

	if (!device)
		return -ENOMEM;
	/* Forensic: no look at hibernation and journal (we look ourselves), no change while
	 * mounting. */
	view->vol = ntfs_device_mount(device, NTFS_MNT_FORENSIC);
	if (view->vol) {
		/* Without them the library finds nothing in \$Extend, and a delete leaves the
		 * file's entries in the indexes there. */
		ntfs_create_lru_caches(view->vol);
		return 0;
	}
	int r = ntfs_errno();
	(void)ntfs_device_free(device);
	return r;
}

/* As ntfs_mirror_mend(). */
static int mend_mirror(struct ntfs_view *view, const uint8_t *boot)
{
	struct ntfs_geometry g;

	if (view->io_error < 0 || volume_content(boot) != CONTENT_NTFS ||
	        !ntfs_geometry_read(boot, view->dev->size, &g))
		return 0;
	return ntfs_mirror_mend(view->dev, &g);
}

static int mount_view(struct ntfs_view *view, struct error *err)
{
	uint8_t boot[512];

	int r = block_read(view->dev, 0, boot, sizeof(boot));
	if (r < 0)
		return error_set(err, r, REASON_DISK_READ_ERROR,
		        "reading the NTFS boot sector failed: %s", strerror(-r));
	ntfs_log_set_handler(ntfs_log_handler_null);
	r = mount_device(view);
	int mended = r < 0 && r != -ENOMEM ? mend_mirror(view, boot) : 0;
	if (mended < 0)
		return error_set(err, mended, REASON_NTFS_DAMAGED,
		        "the first records of $MFT and of its copy $MFTMirr differ, and %s",
		        mended == -EROFS ? "they cannot be made equal here"
		                         : "those of $MFT are damaged");
	if (mended > 0) {
		view->facts.mirror_differs = true;
		r = mount_device(view);
	}
	if (r < 0)
		return mount_failure(view, r, boot, err);
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

bool ntfs_has_pending(const struct ntfs_facts *facts)
{
	return journal_is_unclean(facts->journal);
}

bool ntfs_is_settled(const struct ntfs_facts *facts)
{
	return (facts->journal == JOURNAL_CLEAN || facts->journal == JOURNAL_EMPTY) &&
	       !(facts->flags & NTFS_FLAG_DIRTY);
}

int ntfs_refusal(const struct ntfs_facts *facts, struct error *err)
{
	if (facts->hibernated)
		return error_set(err, -EBUSY, REASON_NTFS_HIBERNATED,
		        "hiberfil.sys holds a sleeping Windows (hibernation or fast start-up)");
	if (facts->journal == JOURNAL_DAMAGED)
		return error_set(err, -EBADMSG, REASON_NTFS_JOURNAL_DAMAGED,
		        "$LogFile has no valid restart page");
	/* An unclean journal explains it: Windows writes the mirror last. */
	if (facts->mirror_differs && !ntfs_has_pending(facts))
		return error_set(err, -EBADMSG, REASON_NTFS_MIRROR_DIFFERS,
		        "the first records of $MFT and of $MFTMirr differ, with nothing in the "
		        "journal that explains it");
	return 0;
}

int ntfs_view_set_dirty(struct ntfs_view *view)
{
	ntfs_inode *ni = view->vol->vol_ni;
	ntfs_attr_search_ctx *ctx = ntfs_attr_get_search_ctx(ni, NULL);
	int r = -EBADMSG;

	if (!ctx)
		return ntfs_errno();
	if (ntfs_attr_lookup(
	            AT_VOLUME_INFORMATION, AT_UNNAMED, 0, CASE_SENSITIVE, 0, NULL, 0, ctx) != 0) {
		r = ntfs_errno();
	} else if (!ctx->attr->non_resident &&
	           le32_to_cpu(ctx->attr->value_length) >= sizeof(VOLUME_INFORMATION)) {
		/* ntfs_volume_write_flags() would drop the bits it does not know, such as 0x0080,
		 * which every Windows 10 sets. */
		VOLUME_INFORMATION *info =
		        (VOLUME_INFORMATION *)((uint8_t *)ctx->attr +
		                               le16_to_cpu(ctx->attr->value_offset));
		info->flags |= VOLUME_IS_DIRTY;
		ntfs_inode_mark_dirty(ni);
		r = 0;
	}
	ntfs_attr_put_search_ctx(ctx);
	if (r == 0 && ntfs_inode_sync(ni) != 0)
		r = ntfs_errno();
	return r;
}
