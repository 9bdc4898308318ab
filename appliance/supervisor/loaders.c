/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/supervisor/loaders.h"

#include "appliance/boot/pe.h"
#include "appliance/boot/pin.h"
#include "appliance/boot/template.h"
#include "appliance/supervisor/signed_ipxe.h"
#include "appliance/supervisor/state.h"
#include "fixer/base/cleanup.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SHIM     "tftp/x64/shimx64.efi"
#define GRUB     "tftp/x64/grubx64.efi" /* the name shim asks for, beside itself */
#define GRUB_CFG "tftp/grub/grub.cfg"   /* where Debian's network image looks */
#define KERNEL   "tftp/boot/vmlinuz"
#define INITRD   "tftp/boot/initrd.img"

#define PEM_MAX  16384
#define FILE_MAX ((size_t)128 * 1024 * 1024)

static int copy(const struct config *config, const char *source, const char *name, bool program,
        struct error *err)
{
	char path[STATE_PATH_MAX];
	struct buffer data;

	state_path(path, config->state, name);
	int r = state_read_file(source, FILE_MAX, &data, err);
	if (r < 0)
		return r;
	if (program && !pe_begins(data.data, data.len))
		r = error_set(err, -EINVAL, REASON_USAGE, "%s is not a UEFI program", source);
	else
		r = state_write_file(path, data.data, data.len, 0644, 0, err);
	buffer_free(&data);
	return r;
}

static int write_configuration(const struct config *config, const char *cert, struct error *err)
{
	char *CLEANUP_FREE text = NULL;
	char pin[PIN_TEXT], server[32], path[STATE_PATH_MAX];
	struct buffer out, pem;

	int r = state_read_file(cert, PEM_MAX, &pem, err);
	if (r < 0)
		return r;
	r = boot_pin((const char *)pem.data, pin, err);
	buffer_free(&pem);
	if (r == 0)
		r = boot_template_load(config->templates, "grub.cfg", &text, err);
	if (r < 0)
		return r;
	(void)snprintf(server, sizeof(server), "%s:%d", config->address, config->https_port);
	const struct boot_value values[] = {
	        {"ADDRESS", config->address}, {"SECURE_SERVER", server}, {"PIN", pin}};
	buffer_init(&out, BOOT_SCRIPT_MAX);
	r = boot_render(text, values, sizeof(values) / sizeof(values[0]), &out, err);
	if (r == 0) {
		state_path(path, config->state, GRUB_CFG);
		r = state_write_file(path, out.data, out.len, 0644, 0, err);
	}
	buffer_free(&out);
	return r;
}

/* shim last: it is what tells that the others are there. */
static int put(const struct config *config, const char *cert, struct error *err)
{
	int r = copy(config, config->grub, GRUB, true, err);

	if (r == 0)
		r = copy(config, config->kernel, KERNEL, false, err);
	if (r == 0)
		r = copy(config, config->initrd, INITRD, false, err);
	if (r == 0)
		r = write_configuration(config, cert, err);
	return r < 0 ? r : copy(config, config->shim, SHIM, true, err);
}

static int take_away(const struct config *config, struct error *err)
{
	static const char *const names[] = {SHIM, GRUB, GRUB_CFG, KERNEL, INITRD};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[STATE_PATH_MAX];
		state_path(path, config->state, names[i]);
		if (unlink(path) < 0 && errno != ENOENT)
			return error_set(err, -errno, REASON_CANNOT_OPEN, "cannot remove %s: %s",
			        path, strerror(errno));
	}
	return 0;
}

int loaders_prepare(const struct config *config, const char *cert, struct error *err)
{
	int r = take_away(config, err);

	if (r < 0)
		return r;
	const char *missing = access(config->shim, R_OK) < 0   ? config->shim
	                      : access(config->grub, R_OK) < 0 ? config->grub
	                                                       : NULL;
	if (!missing)
		return put(config, cert, err);
	if (config->uefi == UEFI_SHIM)
		return error_set(err, -ENOENT, REASON_CANNOT_OPEN,
		        "[boot] uefi = shim, and %s cannot be read: install shim-signed and "
		        "grub-efi-amd64-signed",
		        missing);
	log_warning("machines with Secure Boot cannot be started: %s cannot be read; install "
	            "shim-signed and grub-efi-amd64-signed",
	        missing);
	return 0;
}

bool loaders_have_shim(const struct config *config)
{
	char path[STATE_PATH_MAX];

	state_path(path, config->state, SHIM);
	return access(path, R_OK) == 0;
}

enum loader loaders_first(const struct config *config)
{
	if (config->uefi != UEFI_AUTO)
		return config->uefi == UEFI_SHIM ? LOADER_SHIM : LOADER_IPXE;
	/* Signed iPXE starts with Secure Boot on or off, beside any DHCP server. */
	if (signed_ipxe_is_kept(config))
		return LOADER_IPXE;
	return config->dhcp_mode == DHCP_FULL || config->next_server ? LOADER_SHIM : LOADER_IPXE;
}

const char *loaders_first_name(const struct config *config)
{
	if (!loaders_have_shim(config))
		return "auto";
	return loaders_first(config) == LOADER_SHIM ? "shim" : "ipxe";
}
