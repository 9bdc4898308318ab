# SPDX-License-Identifier: GPL-3.0-or-later
"""What bitlocker_matrix_test.py asks, and what each reader is expected to answer."""
from bitlocker_readers import CRASHES, DIFFUSER_128, LONG, NOT_ASKED, OK, REFUSES, SHORT, WRONG

RW = "read+write"
DIFFER = "read-only BITLOCKER_COPIES_DIFFER"
VISTA = "BITLOCKER_VISTA"
METADATA_BAD = "BITLOCKER_METADATA_BAD"


class Case:
    """One row: a volume, one key for it, and the expected answers."""

    def __init__(self, name, key, ours=RW, cryptsetup=OK, dislocker=OK, bdemount=OK, repair=NOT_ASKED):
        self.name, self.key = name, key
        self.expected = {"ours": ours, "cryptsetup": cryptsetup, "dislocker": dislocker, "bdemount": bdemount,
                         "repair": repair}

    def title(self):
        return f"{self.name}, {self.key}"


class Windows(Case):
    """One of cryptsetup's images, with a credential of images.conf."""

    def __init__(self, image, method, key, **expected):
        super().__init__(image, key, **expected)
        self.method = method


def windows(image, method, *keys, **expected):
    """One case for each key."""
    return [Windows(image, method, key, **expected) for key in keys]


class Generated(Case):
    """A volume of mkdisk, made with options (one string). Opened by a startup key unless said otherwise: of all keys it is the
    one that need not be stretched, which each reader takes a second for."""

    def __init__(self, name, options="", key="startup-key", repair="repaired", used_space_only=False, **expected):
        super().__init__(name, key, repair=repair, **expected)
        self.options = options if used_space_only else options + " --full-encryption"


# images.conf's name of each credential.
CREDENTIALS = {"recovery": "RP", "recovery 2": "RP2", "passphrase": "PW", "startup-key": "SK_VMK_GUID",
               "clear": "CLEARKEY_VMK_GUID"}
BOTH = ("recovery", "passphrase")
# bdemount 20190102: no XTS-256, no encrypt-on-write GUID, no clear key; both bdemount and dislocker 0.7.3 try one recovery
# protector only. dislocker ends with a segmentation fault whenever it cannot open a volume.
NOT_THE_FIRST = {"dislocker": CRASHES, "bdemount": REFUSES}
UNFINISHED = {"ours": METADATA_BAD, "dislocker": CRASHES, "bdemount": REFUSES}

WINDOWS = [
    *windows("aes-cbc-128", 0x8002, *BOTH),
    *windows("aes-cbc-256", 0x8003, *BOTH),
    *windows("aes-xts-128", 0x8004, *BOTH),
    *windows("aes-xts-256", 0x8005, *BOTH, bdemount=REFUSES),
    *windows("aes-cbc-elephant-128", DIFFUSER_128, *BOTH),
    *windows("aes-cbc-elephant-256", 0x8001, *BOTH),
    *windows("aes-cbc-128-4k", 0x8002, *BOTH),
    *windows("aes-xts-128-4k", 0x8004, *BOTH),
    *windows("togo-aes-cbc-128", 0x8002, *BOTH),
    *windows("togo-aes-xts-128", 0x8004, *BOTH),
    *windows("aes-xts-128-crc", 0x8004, *BOTH, ours=DIFFER),
    *windows("aes-xts-128-new-entry", 0x8004, *BOTH),
    *windows("aes-xts-128-first-recovery", 0x8004, *BOTH),
    *windows("aes-xts-128-two-recovery", 0x8004, *BOTH),
    *windows("aes-xts-128-two-recovery", 0x8004, "recovery 2", **NOT_THE_FIRST),
    *windows("aes-xts-128-smart-card", 0x8004, "recovery"),
    *windows("aes-xts-128-startup-key", 0x8004, "recovery", "startup-key"),
    *windows("aes-xts-128-startup-key-win11", 0x8004, "recovery"),
    # The .BEK of Windows 11 has a datum of type 0x17 that this dislocker does not know.
    *windows("aes-xts-128-startup-key-win11", 0x8004, "startup-key", dislocker=CRASHES),
    *windows("aes-xts-128-unicode", 0x8004, "recovery"),
    # cryptsetup before 2.8.1 and dislocker take the passphrase's bytes for characters.
    *windows("aes-xts-128-unicode", 0x8004, "passphrase", cryptsetup=REFUSES, dislocker=CRASHES),
    *windows("aes-xts-128-clearkey-only", 0x8004, "clear", cryptsetup=NOT_ASKED, bdemount=REFUSES),
    # The encrypt-on-write map was wiped by those who made these two. cryptsetup's key is compared with the one it gave when this
    # was written; the second's was seen to decrypt the boot sector.
    *windows("aes-xts-128-eow", 0x8004, *BOTH, cryptsetup="key ba5035e4", **UNFINISHED),
    *windows("partially-encrypted-aes-cbc-128", 0x8002, *BOTH, cryptsetup="key 2e810013", **UNFINISHED),
    *windows("partially-encrypted-aes-cbc-128", 0x8002, "clear", cryptsetup=NOT_ASKED, **UNFINISHED),
]

METHODS = {"aes-cbc-128-diffuser": DIFFUSER_128, "aes-cbc-256-diffuser": 0x8001, "aes-cbc-128": 0x8002,
           "aes-cbc-256": 0x8003, "xts-aes-128": 0x8004, "xts-aes-256": 0x8005}


SECTORS = (512, 4096)


def no_xts_256(method):
    return {"bdemount": REFUSES} if method == "xts-aes-256" else {}


METHOD_CASES = [
    Generated(f"{method}, {size}{', used space only' if used else ''}", f"--method {method} --sector-size {size}",
              used_space_only=used, **no_xts_256(method))
    for used in (False, True) for method in METHODS for size in SECTORS]

# bdemount does not know the version of a clear key's entry and gives up; cryptsetup before 2.8.2 would not open the volume either,
# but gives its key.
CLEAR = {"bdemount": REFUSES}
NO_RECOVERY = {"key": "vmk", "cryptsetup": NOT_ASKED, "bdemount": NOT_ASKED, "repair": "BITLOCKER_NO_RECOVERY"}
MANY = "--recovery-protectors 2 --passphrase correct-horse --startup-key KEY.BEK --tpm-pin --certificate"

PROTECTOR_CASES = [
    Generated("TPM, 3 recovery", "--recovery-protectors 3", "recovery"),
    *(Generated("TPM, 3 recovery", "--recovery-protectors 3", f"recovery {n}", **NOT_THE_FIRST) for n in (2, 3)),
    Generated("TPM, clear key, recovery", "--clear-key", "recovery", **CLEAR),
    Generated("TPM, clear key, recovery", "--clear-key", "clear", cryptsetup=NOT_ASKED, **CLEAR),
    Generated("clear key only", "--clear-key --no-tpm --recovery-protectors 0", "clear", cryptsetup=NOT_ASKED, **CLEAR),
    Generated("passphrase, recovery", "--no-tpm --passphrase correct-horse", "passphrase"),
    Generated("passphrase beyond ASCII", "--no-tpm --passphrase Schlüssel-€-𝄞", "passphrase", cryptsetup=REFUSES,
              dislocker=CRASHES),
    Generated("TPM+PIN, recovery", "--tpm-pin", "recovery"),
    Generated("certificate, recovery", "--no-tpm --certificate", "recovery"),
    *(Generated("all kinds", MANY, key) for key in ("recovery", "passphrase", "startup-key")),
    Generated("TPM only", "--recovery-protectors 0", **NO_RECOVERY),
    Generated("TPM+PIN only", "--recovery-protectors 0 --no-tpm --tpm-pin", **NO_RECOVERY),
    Generated("certificate only", "--recovery-protectors 0 --no-tpm --certificate", **NO_RECOVERY),
    # The flags are there, but the key is stretched as ever: nobody knows how Windows would. The others do not look at them.
    Generated("stretched in an unknown way", "--stretch-flags 10", "recovery", ours="BITLOCKER_STRETCH_FLAGS",
              repair="BITLOCKER_STRETCH_FLAGS"),
]

# cryptsetup before 2.8.2 and bdemount take the first copy without looking at its CRC, and here it is the key that is damaged.
FIRST_ONLY = {"cryptsetup": REFUSES, "bdemount": REFUSES}
BAD_COPIES = {"ours": DIFFER, "repair": "BITLOCKER_COPIES_DIFFER"}

METADATA_CASES = [
    Generated("1 bad metadata copy", "--bad-copies 1", **BAD_COPIES, **FIRST_ONLY),
    Generated("2 bad metadata copies", "--bad-copies 2", **BAD_COPIES, **FIRST_ONLY),
    Generated("3 bad metadata copies", "--bad-copies 3", ours=METADATA_BAD, dislocker=CRASHES, repair=METADATA_BAD, **FIRST_ONLY),
    Generated("metadata copies differ", "--copies-differ", **BAD_COPIES),
    *(Generated(f"metadata {places}, {size}", f"--places {places} --sector-size {size}")
      for places in ("low", "high", "reversed") for size in SECTORS),
    *(Generated(f"{sectors} sectors of {size} moved", f"--header-sectors {sectors} --sector-size {size}")
      for sectors, size in ((1, 512), (200, 512), (10270, 512), (1, 4096), (1283, 4096))),
    *(Generated(f"To Go (FAT), {size}", f"--to-go --sector-size {size}", repair="NO_WINDOWS") for size in SECTORS),
    # bdemount knows 512 and 4096 only; dislocker, and our fixer on an image file, which has no sectors, take it for 512.
    Generated("boot sector without sector size, 512", "--sector-size-zero", bdemount=REFUSES),
    Generated("boot sector without sector size, 4096", "--sector-size-zero --sector-size 4096", dislocker=WRONG, bdemount=REFUSES,
              repair="NTFS_DAMAGED"),
    # dislocker leaves 8 bytes of the boot sector as they are in the encrypted volume: where the copy of $MFT is.
    Generated("Vista", "--vista", ours=VISTA, cryptsetup=REFUSES, dislocker=WRONG, bdemount=REFUSES, repair=VISTA),
    *(Generated("unknown entries", "--unknown-entries", key, cryptsetup=REFUSES, dislocker=CRASHES, bdemount=REFUSES)
      for key in ("startup-key", "recovery")),
    # bdemount takes the size from NTFS, which does not count its last sector; dislocker from the metadata.
    Generated("grown by 8 MiB", "--grow 8", dislocker=SHORT, bdemount=SHORT),
    Generated("shrunk by 5 MiB", "--shrink 5", dislocker=LONG, bdemount=SHORT),
]

IN_BETWEEN = "read-only BITLOCKER_CONVERTING"
NOT_WRITTEN = {"ours": IN_BETWEEN, "repair": "BITLOCKER_CONVERTING"}

# cryptsetup would not open any of these, but gives their keys. dislocker and bdemount end too early here, the one at the end of
# encryption, the other a sector before that of the volume.
SWITCHING = {"dislocker": CRASHES, "bdemount": WRONG, **NOT_WRITTEN}
PAUSED = {"dislocker": SHORT, "bdemount": SHORT, **NOT_WRITTEN}

STATE_CASES = [
    *(Generated(f"state {state}, {size}", f"--state {state} --sector-size {size}", **expected)
      for state, expected in (("2/4", SWITCHING), ("2/1", SWITCHING), ("3/1", PAUSED), ("3/4", PAUSED), ("5/1", PAUSED))
      for size in SECTORS),
    Generated("state 4/1", "--state 4/1", **NOT_WRITTEN),
    *(Generated(f"decrypted, {size}", f"--state 1/1 --sector-size {size}", dislocker=WRONG, bdemount=REFUSES) for size in SECTORS),
    *(Generated(name, f"--state 1/1 {option}", "none", cryptsetup=NOT_ASKED, dislocker=NOT_ASKED, bdemount=NOT_ASKED, **expected)
      for name, option, expected in (("decrypted", "", {}),
                                     ("decrypted, encrypt-on-write type", "--encrypt-on-write 0", NOT_WRITTEN))),
    *(Generated(f"encrypt-on-write {percent} %, {size}", f"--encrypt-on-write {percent} --sector-size {size} {more}",
                dislocker=CRASHES, bdemount=REFUSES, **NOT_WRITTEN)
      for percent, size, more in ((0, 512, ""), (1, 512, "--chunk-size 4"), (40, 512, "--chunk-size 4 --places low"),
                                  (50, 512, "--header-sectors 1 --places reversed --chunk-size 1024"),
                                  (70, 4096, "--method aes-cbc-256"), (99, 4096, "--places high"), (100, 512, ""))),
]

GENERATED = METHOD_CASES + PROTECTOR_CASES + METADATA_CASES + STATE_CASES
