# SPDX-License-Identifier: GPL-3.0-or-later
"""`fixer --image` on a copy of a volume, judged by dislocker and ntfs-3g: only the bad files are gone, or nothing changed."""
import json
import os
import subprocess

import bitlocker_readers as readers

FIXER = os.path.join(readers.BUILD, "fixer.bin")
REPAIRED = "repaired"
OPTIONS = {"recovery": "--recovery-password-file", "passphrase": "--passphrase-file", "startup-key": "--startup-key-file"}

listings = {}  # SHA-256 of a plain volume: its files


def files_of(plain, folder):
    """{path: SHA-256} of every file of a plain NTFS volume, through ntfs-3g."""
    point = os.path.join(folder, "ntfs")
    os.mkdir(point)
    subprocess.run(["ntfs-3g", "-o", "ro", plain, point], check=True, capture_output=True)
    try:
        return {os.path.relpath(os.path.join(at, name), point): readers.sha256_of(os.path.join(at, name))
                for at, _, names in os.walk(point) for name in names}
    finally:
        readers.unmount(point)
        os.rmdir(point)


def files_before(volume, folder):
    if volume.sha256 not in listings:
        listings[volume.sha256] = files_of(volume.plain, folder)
    return listings[volume.sha256]


def key_options(key, folder):
    if key.kind not in OPTIONS:
        return []
    file = key.value
    if key.kind != "startup-key":
        file = os.path.join(folder, "key")
        with open(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as f:
            f.write(key.value + "\n")
    return [OPTIONS[key.kind], file]


def decrypt(image, volume, folder, by_dislocker):
    """The repaired volume in plain; by our layer where dislocker is known not to be able to."""
    output = os.path.join(folder, "after")
    command = readers.dislocker_command if by_dislocker else readers.mkplain_command
    subprocess.run(command(image, volume.by_vmk(), output), check=True, capture_output=True, timeout=readers.LIMIT)
    return output


def repair(volume, bad_files, folder, by_dislocker):
    """(REPAIRED, or the reason why nothing was done; what the fixer said). Anything else is an error in words."""
    if not os.access("/dev/fuse", os.W_OK):
        return readers.MISSING, "/dev/fuse"
    image = os.path.join(folder, "copy")
    subprocess.run(["cp", "--sparse=always", volume.path, image], check=True)
    done = subprocess.run([FIXER, "--image", image, "--json", "--bundle", os.path.join(folder, "bundle"),
                           *key_options(volume.key, folder)], capture_output=True, text=True, timeout=readers.LIMIT)
    result = json.loads(done.stdout)
    said = f"{result['reason']}: {result['text']}"
    if done.returncode != 0:
        unchanged = readers.sha256_of(image) == readers.sha256_of(volume.path)
        return result["reason"] if unchanged else "CHANGED, " + result["reason"], said
    bad = {f["path"].replace("\\", "/").lstrip("/") for f in bad_files}
    before = files_before(volume, folder)
    after = files_of(decrypt(image, volume, folder, by_dislocker), folder)
    if not bad or not bad <= set(before):
        return "no bad file before", said
    if after != {path: digest for path, digest in before.items() if path not in bad}:
        return "other files changed", str(sorted(set(before.items()) ^ set(after.items())))[:400]
    return REPAIRED if result["reason"] == "REPAIRED" else result["reason"], said
