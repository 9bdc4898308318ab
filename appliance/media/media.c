/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/media/media.h"
#include "appliance/boot/pe.h"
#include "appliance/boot/template.h"
#include "appliance/media/check.h"
#include "appliance/media/work.h"
#include "appliance/supervisor/state.h"
#include "fixer/base/cleanup.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Names in the work directory. */
#define KERNEL "vmlinuz"
#define INITRD "initrd.img"
#define SHIM   "shim.efi"
#define GRUB   "grub.efi"
#define CONFIG "grub.cfg"
#define EARLY  "early.cfg" /* built into GRUB for BIOS */
#define CORE   "core.img"
#define ESP    "esp.img"
#define INFO   "info"
#define IMAGE  "image.iso"

#define FILE_MAX  ((size_t)128 * 1024 * 1024)
#define MARK_TEXT 17
#define MEGABYTE  ((size_t)1024 * 1024)
/* For the FAT itself, its directories and grub.cfg. */
#define ESP_SPARE (2 * MEGABYTE)

struct making {
	const struct media_order *order;
	struct work work;
	char mark[MARK_TEXT]; /* of kernel, initrd and what the command line says */
	size_t esp_size;
};

static int copy(struct making *m, const char *source, const char *name, bool program,
        crypto_hash_sha256_state *hash, struct error *err)
{
	struct buffer data;

	int r = state_read_file(source, FILE_MAX, &data, err);
	if (r < 0)
		return r;
	if (program && !pe_begins(data.data, data.len))
		r = error_set(err, -EINVAL, REASON_USAGE, "%s is not a UEFI program", source);
	else
		r = work_write(&m->work, name, data.data, data.len, err);
	if (hash)
		(void)crypto_hash_sha256_update(hash, data.data, data.len);
	else
		m->esp_size += data.len;
	buffer_free(&data);
	return r;
}

static int copy_all(struct making *m, struct error *err)
{
	const struct media_order *o = m->order;
	crypto_hash_sha256_state hash;
	uint8_t sum[crypto_hash_sha256_BYTES];

	(void)crypto_hash_sha256_init(&hash);
	int r = copy(m, o->kernel, KERNEL, false, &hash, err);
	if (r == 0)
		r = copy(m, o->initrd, INITRD, false, &hash, err);
	if (r == 0)
		r = copy(m, o->shim, SHIM, true, NULL, err);
	if (r == 0)
		r = copy(m, o->grub, GRUB, true, NULL, err);
	(void)crypto_hash_sha256_update(&hash, (const uint8_t *)o->pin, strlen(o->pin));
	(void)crypto_hash_sha256_update(&hash, (const uint8_t *)o->url, strlen(o->url));
	(void)crypto_hash_sha256_final(&hash, sum);
	hex_encode(sum, (MARK_TEXT - 1) / 2, m->mark);
	m->esp_size = (m->esp_size + ESP_SPARE + MEGABYTE - 1) / MEGABYTE * MEGABYTE;
	return r;
}

static int write_configuration(struct making *m, struct error *err)
{
	CLEANUP_FREE char *text = NULL;
	char appliance[MEDIA_URL_TEXT + 16] = "", early[160], info[64];
	struct buffer out;

	int r = boot_template_load(m->order->templates, "media.cfg", &text, err);
	if (r < 0)
		return r;
	if (m->order->url[0])
		(void)snprintf(appliance, sizeof(appliance), "netmend.url=%s", m->order->url);
	const struct boot_value values[] = {
	        {"MARK", m->mark}, {"PIN", m->order->pin}, {"APPLIANCE", appliance}};
	buffer_init(&out, BOOT_SCRIPT_MAX);
	r = boot_render(text, values, sizeof(values) / sizeof(values[0]), &out, err);
	if (r == 0)
		r = work_write(&m->work, CONFIG, out.data, out.len, err);
	buffer_free(&out);
	int n = snprintf(early, sizeof(early),
	        "search --no-floppy --file --set=root /netmend/%s\nset prefix=($root)/boot/grub\n",
	        m->mark);
	if (r == 0)
		r = work_write(&m->work, EARLY, early, (size_t)n, err);
	n = snprintf(info, sizeof(info), "netmend %s\n", m->mark);
	return r < 0 ? r : work_write(&m->work, INFO, info, (size_t)n, err);
}

static int make_bios_core(struct making *m, struct error *err)
{
	const char *const argv[] = {"grub-mkimage", "-O", "i386-pc-eltorito", "-d", m->order->bios,
	        "-p", "/boot/grub", "-c", EARLY, "-o", CORE, "biosdisk", "iso9660", "part_gpt",
	        "part_msdos", "search", "linux", "normal", "echo", "sleep", "reboot", NULL};
	char kernel[WORK_PATH_MAX];

	(void)snprintf(kernel, sizeof(kernel), "%s/boot_hybrid.img", m->order->bios);
	if (access(kernel, R_OK) < 0)
		return error_set(err, -errno, REASON_CANNOT_OPEN, "%s: %s. apt install grub-pc-bin",
		        kernel, strerror(errno));
	return work_run(&m->work, "grub-common", argv, err);
}

static int make_esp(struct making *m, struct error *err)
{
	char path[WORK_PATH_MAX];
	const char *const commands[][10] = {
	        {"mkfs.fat", "--invariant", "-i", "6e6d6d64", "-n", "NETMEND", ESP},
	        {"mmd", "-i", ESP, "::/EFI", "::/EFI/BOOT", "::/EFI/debian"},
	        {"mcopy", "-i", ESP, SHIM, "::/EFI/BOOT/BOOTX64.EFI"},
	        {"mcopy", "-i", ESP, GRUB, "::/EFI/BOOT/grubx64.efi"},
	        /* Where Debian's GRUB looks first, on the partition it came from. */
	        {"mcopy", "-i", ESP, CONFIG, "::/EFI/debian/grub.cfg"},
	};
	int r = work_write(&m->work, ESP, "", 0, err);

	work_path(&m->work, ESP, path);
	if (r == 0 && truncate(path, (off_t)m->esp_size) < 0)
		r = error_set(err, -errno, REASON_CANNOT_OPEN, "cannot write %s: %s", path,
		        strerror(errno));
	for (size_t i = 0; r == 0 && i < sizeof(commands) / sizeof(commands[0]); i++)
		r = work_run(&m->work, i ? "mtools" : "dosfstools", commands[i], err);
	return r;
}

/* One file system for a CD, and tables that make a disk of it. The EFI programs are in it once
 * more, so that its files, copied to a FAT file system, start, too. */
static int make_image(struct making *m, struct error *err)
{
	char hybrid[WORK_PATH_MAX], mark[64];
	const char *const argv[] = {"xorriso", "-as", "mkisofs", "-quiet", "-V", "NETMEND", "-r",
	        "-J", "--modification-date=2026010100000000", "--set_all_file_dates",
	        "2026010100000000", "--grub2-mbr", hybrid, "-partition_offset", "16",
	        "-appended_part_as_gpt", "-append_partition", "2",
	        "C12A7328-F81F-11D2-BA4B-00A0C93EC93B", ESP, "-c", "boot.cat", "-b",
	        "boot/grub/" CORE, "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table",
	        "--grub2-boot-info", "-eltorito-alt-boot", "-e",
	        "--interval:appended_partition_2:all::", "-no-emul-boot", "-o", IMAGE,
	        "-graft-points", ".disk/info=" INFO, mark, "boot/grub/" CORE "=" CORE,
	        "boot/grub/grub.cfg=" CONFIG, "boot/vmlinuz=" KERNEL, "boot/initrd.img=" INITRD,
	        "EFI/BOOT/BOOTX64.EFI=" SHIM, "EFI/BOOT/grubx64.efi=" GRUB,
	        "EFI/debian/grub.cfg=" CONFIG, NULL};

	(void)snprintf(hybrid, sizeof(hybrid), "%s/boot_hybrid.img", m->order->bios);
	(void)snprintf(mark, sizeof(mark), "netmend/%s=" INFO, m->mark);
	return work_run(&m->work, "xorriso", argv, err);
}

static int differs(struct error *err, const char *what)
{
	return error_set(err, -EIO, REASON_INTERNAL,
	        "read back from the image, %s is not what was put in. It was not kept.", what);
}

static int compare(struct making *m, const char *name, const char *read_back, struct error *err)
{
	struct buffer a, b;

	int r = work_read(&m->work, name, &a, err);
	if (r < 0)
		return r;
	r = work_read(&m->work, read_back, &b, err);
	if (r == 0) {
		if (a.len != b.len || memcmp(a.data, b.data, a.len) != 0)
			r = differs(err, name);
		buffer_free(&b);
	}
	buffer_free(&a);
	return r;
}

/* The files as a reader of the CD sees them. */
static int check_files(struct making *m, struct error *err)
{
	static const char *const names[] = {KERNEL, INITRD, CONFIG};
	const char *const argv[] = {"xorriso", "-osirrox", "on", "-indev", IMAGE, "-extract",
	        "/boot/vmlinuz", "back-" KERNEL, "-extract", "/boot/initrd.img", "back-" INITRD,
	        "-extract", "/boot/grub/grub.cfg", "back-" CONFIG, NULL};
	char back[64];

	int r = work_run(&m->work, "xorriso", argv, err);
	for (size_t i = 0; r == 0 && i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(back, sizeof(back), "back-%s", names[i]);
		r = compare(m, names[i], back, err);
	}
	return r;
}

static int check_image(struct making *m, struct media_made *ret, struct error *err)
{
	struct media_layout layout;
	struct buffer image, esp;
	uint8_t sum[crypto_hash_sha256_BYTES];

	int r = work_read(&m->work, ESP, &esp, err);
	if (r < 0)
		return r;
	r = work_read(&m->work, IMAGE, &image, err);
	if (r == 0) {
		r = media_check(image.data, image.len, &layout, err);
		if (r == 0 && (layout.esp_len != esp.len ||
		                      memcmp(image.data + layout.esp_at, esp.data, esp.len) != 0))
			r = differs(err, "the EFI system partition");
		ret->size = image.len;
		(void)crypto_hash_sha256(sum, image.data, image.len);
		hex_encode(sum, sizeof(sum), ret->sum);
		buffer_free(&image);
	}
	buffer_free(&esp);
	return r < 0 ? r : check_files(m, err);
}

static int keep(struct making *m, const char *output, struct error *err)
{
	char path[WORK_PATH_MAX];

	work_path(&m->work, IMAGE, path);
	if (chmod(path, 0644) < 0 || rename(path, output) < 0)
		return error_set(err, -errno, REASON_CANNOT_OPEN, "cannot write %s: %s", output,
		        strerror(errno));
	return 0;
}

int media_make(const struct media_order *order, const char *output, struct media_made *ret,
        struct error *err)
{
	struct making m = {.order = order};
	struct media_made made = {0};

	int r = work_open(&m.work, output, err);
	if (r == 0)
		r = copy_all(&m, err);
	if (r == 0)
		r = write_configuration(&m, err);
	if (r == 0)
		r = make_bios_core(&m, err);
	if (r == 0)
		r = make_esp(&m, err);
	if (r == 0)
		r = make_image(&m, err);
	if (r == 0)
		r = check_image(&m, &made, err);
	if (r == 0)
		r = keep(&m, output, err);
	work_close(&m.work);
	if (r == 0)
		*ret = made;
	return r;
}
