# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk of mkdisk's, and what cryptsetup and dislocker make of a BitLocker volume. Build folder in B."""
import hashlib
import json
import os
import subprocess

BUILD = os.environ.get("B", "build")
MKDISK = os.path.join(BUILD, "tests", "generators", "mkdisk")
MIB = 1024 * 1024
STANDIN = "/EFI/Microsoft/Boot/standin/"


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, **options).stdout


def sha256_file(path):
    digest = hashlib.sha256()
    with open(path, "rb") as f:
        while block := f.read(MIB):
            digest.update(block)
    return digest.hexdigest()


class Disk:
    def __init__(self, folder, *options):
        self.folder = folder
        self.path = os.path.join(folder, "disk.raw")
        run(MKDISK, "--output", self.path, *options)
        with open(self.path + ".json") as f:
            self.info = json.load(f)

    def slice(self, number):
        """A partition as a file of its own."""
        part = self.info["partitions"][number - 1]
        path = os.path.join(self.folder, f"part{number}")
        run("dd", f"if={self.path}", f"of={path}", "bs=1M", f"skip={part['start'] // MIB}",
            f"count={part['size'] // MIB}", "conv=sparse", "status=none")
        os.truncate(path, part["size"])
        return path

    def esp_file(self, name):
        return run("mtype", "-i", f"{self.path}@@{self.info['partitions'][0]['start']}", "::" + name)

    def passwords(self):
        return [p["password"] for p in self.info["bitlocker"]["recovery_passwords"]]

    def manifest(self):
        lines = self.esp_file(STANDIN + "manifest").decode().splitlines()
        return {line[66:]: line[:64] for line in lines}


def volume(folder, *options):
    """A small volume without a disk around it, all of it encrypted where that is not to be otherwise."""
    return Disk(folder, "--volume-only", "--size", "32", "--files", "30", "--full-encryption", *options)


def volume_key(image, password, *how):
    """What cryptsetup takes out of the volume with this password (or, by how, another key)."""
    text = run("cryptsetup", "bitlkDump", "--dump-volume-key", "--batch-mode", *(how or ("--key-file", "-")), image,
               input=password.encode()).decode()
    return text.split("MK dump:")[1].replace("\t", " ").replace("\n", " ").replace(" ", "")


def expected_key(bitlocker):
    """cryptsetup leaves out the gaps of the shorter diffuser keys."""
    key = bitlocker["fvek"]
    return key[:32] + key[64:96] if bitlocker["method"] == "aes-cbc-128-diffuser" else key


def decrypted(image, *key):
    """The name of the file that dislocker decrypts the volume to."""
    output = image + ".plain"
    if os.path.exists(output):
        os.unlink(output)
    run("dislocker-file", "-V", image, *key, "--", output)
    return output
