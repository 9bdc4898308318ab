/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/windows/stop_code.h"

#include <stddef.h>

/* Set in codes that were reported with a small dump's worth of information ("..._M"). */
#define SMALL_FORM 0x10000000

struct stop_code {
	uint32_t code;
	unsigned instruction; /* which parameter, from 1, is its address; 0: none */
	const char *name;
};

static const struct stop_code codes[] = {
        {0x0a, 4, "IRQL_NOT_LESS_OR_EQUAL"},
        {0x12, 0, "TRAP_CAUSE_UNKNOWN"},
        {0x18, 0, "REFERENCE_BY_POINTER"},
        {0x19, 0, "BAD_POOL_HEADER"},
        {0x1a, 0, "MEMORY_MANAGEMENT"},
        {0x1e, 2, "KMODE_EXCEPTION_NOT_HANDLED"},
        {0x23, 0, "FAT_FILE_SYSTEM"},
        {0x24, 0, "NTFS_FILE_SYSTEM"},
        {0x3b, 2, "SYSTEM_SERVICE_EXCEPTION"},
        {0x3f, 0, "NO_MORE_SYSTEM_PTES"},
        {0x4a, 0, "IRQL_GT_ZERO_AT_SYSTEM_SERVICE"},
        {0x4e, 0, "PFN_LIST_CORRUPT"},
        {0x50, 3, "PAGE_FAULT_IN_NONPAGED_AREA"},
        {0x51, 0, "REGISTRY_ERROR"},
        {0x67, 0, "CONFIG_INITIALIZATION_FAILED"},
        {0x6b, 0, "PROCESS1_INITIALIZATION_FAILED"},
        {0x74, 0, "BAD_SYSTEM_CONFIG_INFO"},
        {0x76, 0, "PROCESS_HAS_LOCKED_PAGES"},
        {0x77, 0, "KERNEL_STACK_INPAGE_ERROR"},
        {0x7a, 0, "KERNEL_DATA_INPAGE_ERROR"},
        {0x7b, 0, "INACCESSIBLE_BOOT_DEVICE"},
        {0x7c, 0, "BUGCODE_NDIS_DRIVER"},
        {0x7e, 2, "SYSTEM_THREAD_EXCEPTION_NOT_HANDLED"},
        {0x7f, 0, "UNEXPECTED_KERNEL_MODE_TRAP"},
        {0x80, 0, "NMI_HARDWARE_FAILURE"},
        {0x8e, 2, "KERNEL_MODE_EXCEPTION_NOT_HANDLED"},
        {0x9c, 0, "MACHINE_CHECK_EXCEPTION"},
        {0x9f, 0, "DRIVER_POWER_STATE_FAILURE"},
        {0xa0, 0, "INTERNAL_POWER_ERROR"},
        {0xa5, 0, "ACPI_BIOS_ERROR"},
        {0xbe, 0, "ATTEMPTED_WRITE_TO_READONLY_MEMORY"},
        {0xc1, 0, "SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION"},
        {0xc2, 0, "BAD_POOL_CALLER"},
        {0xc4, 0, "DRIVER_VERIFIER_DETECTED_VIOLATION"},
        {0xc5, 4, "DRIVER_CORRUPTED_EXPOOL"},
        {0xcc, 3, "PAGE_FAULT_IN_FREED_SPECIAL_POOL"},
        {0xcd, 3, "PAGE_FAULT_BEYOND_END_OF_ALLOCATION"},
        {0xce, 3, "DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS"},
        {0xd0, 4, "DRIVER_CORRUPTED_MMPOOL"},
        {0xd1, 4, "DRIVER_IRQL_NOT_LESS_OR_EQUAL"},
        {0xd3, 4, "DRIVER_PORTION_MUST_BE_NONPAGED"},
        {0xd5, 3, "DRIVER_PAGE_FAULT_IN_FREED_SPECIAL_POOL"},
        {0xd6, 3, "DRIVER_PAGE_FAULT_BEYOND_END_OF_ALLOCATION"},
        {0xda, 0, "SYSTEM_PTE_MISUSE"},
        {0xe2, 0, "MANUALLY_INITIATED_CRASH"},
        {0xea, 0, "THREAD_STUCK_IN_DEVICE_DRIVER"},
        {0xed, 0, "UNMOUNTABLE_BOOT_VOLUME"},
        {0xef, 0, "CRITICAL_PROCESS_DIED"},
        {0xf4, 0, "CRITICAL_OBJECT_TERMINATION"},
        {0xf7, 0, "DRIVER_OVERRAN_STACK_BUFFER"},
        {0xfc, 0, "ATTEMPTED_EXECUTE_OF_NOEXECUTE_MEMORY"},
        {0xfe, 0, "BUGCODE_USB_DRIVER"},
        {0x101, 0, "CLOCK_WATCHDOG_TIMEOUT"},
        {0x109, 0, "CRITICAL_STRUCTURE_CORRUPTION"},
        {0x10d, 0, "WDF_VIOLATION"},
        {0x10e, 0, "VIDEO_MEMORY_MANAGEMENT_INTERNAL"},
        {0x113, 0, "VIDEO_DXGKRNL_FATAL_ERROR"},
        {0x116, 0, "VIDEO_TDR_FAILURE"},
        {0x119, 0, "VIDEO_SCHEDULER_INTERNAL_ERROR"},
        {0x124, 0, "WHEA_UNCORRECTABLE_ERROR"},
        {0x12b, 0, "FAULTY_HARDWARE_CORRUPTED_PAGE"},
        {0x133, 0, "DPC_WATCHDOG_VIOLATION"},
        {0x139, 0, "KERNEL_SECURITY_CHECK_FAILURE"},
        {0x13a, 0, "KERNEL_MODE_HEAP_CORRUPTION"},
        {0x144, 0, "BUGCODE_USB3_DRIVER"},
        {0x154, 0, "UNEXPECTED_STORE_EXCEPTION"},
        {0x157, 0, "KERNEL_THREAD_PRIORITY_FLOOR_VIOLATION"},
        {0x18b, 0, "SECURE_KERNEL_ERROR"},
        {0xc000021a, 0, "WINLOGON_FATAL_ERROR"},
        {0xc0000221, 0, "STATUS_IMAGE_CHECKSUM_MISMATCH"},
        {0xdeaddead, 0, "MANUALLY_INITIATED_CRASH1"},
};

static const struct stop_code *find(uint32_t code)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].code == code)
			return &codes[i];
	if (code >> 16 == SMALL_FORM >> 16)
		return find(code & ~SMALL_FORM);
	return NULL;
}

const char *stop_code_name(uint32_t code)
{
	const struct stop_code *c = find(code);

	return c ? c->name : "";
}

uint64_t stop_code_address(uint32_t code, const uint64_t parameters[4])
{
	const struct stop_code *c = find(code);

	return c && c->instruction ? parameters[c->instruction - 1] : 0;
}
