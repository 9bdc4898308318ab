# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways a disk hangs on a machine, as QEMU's options. {drive} becomes the disk, {error} what its write errors do."""

SECTORS_4K = ",logical_block_size=4096,physical_block_size=4096"
SCSI_DISK = "scsi-hd,id=hd,drive={drive},bus={bus}.0,{error}"


def scsi(adapter, more=""):
    return [f"{adapter},id=scsi", SCSI_DISK.replace("{bus}", "scsi") + more]


# name -> what `-device` gets, the disk itself last
CONTROLLERS = {
    "virtio": ["virtio-blk-pci,id=hd,drive={drive},{error}"],
    "virtio-4k": ["virtio-blk-pci,id=hd,drive={drive},{error}" + SECTORS_4K],
    "nvme": ["nvme,id=hd,drive={drive},serial=nvme0"],
    "nvme-4k": ["nvme,id=hd,drive={drive},serial=nvme0" + SECTORS_4K],
    "ahci": ["ide-hd,id=hd,drive={drive},bus=ide.0,{error}"],  # q35's own
    "ide": ["ide-hd,id=hd,drive={drive},bus=ide.0,{error}"],  # with machine type pc: PIIX
    "usb": ["qemu-xhci,id=xhci", "usb-storage,id=hd,drive={drive},bus=xhci.0"],
    "usb-ehci": ["usb-ehci,id=ehci", "usb-storage,id=hd,drive={drive},bus=ehci.0"],
    "uas": ["qemu-xhci,id=xhci", "usb-uas,id=uas,bus=xhci.0", SCSI_DISK.replace("{bus}", "uas") + ",scsi-id=0,lun=0"],
    "virtio-scsi": scsi("virtio-scsi-pci"),
    "virtio-scsi-4k": scsi("virtio-scsi-pci", SECTORS_4K),
    "megasas": scsi("megasas"),
    "megasas-gen2": scsi("megasas-gen2"),
    "pvscsi": scsi("pvscsi"),
    "mptsas": scsi("mptsas1068", ",scsi-id=1,wwn=0x5000c50015ea71ac"),  # without a name Linux does not attach it
    "lsi53c895a": scsi("lsi53c895a"),
    "sd": ["sdhci-pci,id=sd", "sd-card,id=hd,drive={drive}"],
}


def devices(name, drive, werror):
    return [text.replace("{drive}", drive).replace("{error}", f"werror={werror}") for text in CONTROLLERS[name]]
