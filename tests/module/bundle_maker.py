# SPDX-License-Identifier: GPL-3.0-or-later
"""Saved repairs as fixer/repair/README.md describes them, made with Python's tarfile and Debian's zstd: none of our code."""
import hashlib
import io
import json
import struct
import subprocess
import tarfile

SECTOR = 512
# (lba, count, stage)
RUNS = ((786434, 1, "record"), (786500, 2, "record"), (790000, 1, "rest"), (812345, 2, "index"), (900000, 1, "journal"))
PATH = "\\Windows\\System32\\drivers\\CrowdStrike\\C-00000291-00000000-00000032.sys"
CONTENT = b"\xaa\xaa\xaa\xaa" * 100
NO_METADATA = {"allocated": 4096, "initialized": 400, "resident": False, "compression_unit": 0, "cluster_size": 4096, "clusters": [],
               "clusters_left_out": 0, "names": [], "names_left_out": 0, "streams": [], "streams_left_out": 0, "security_id": 0,
               "descriptor_size": 0, "descriptor": "", "object_id": ""}


def sha(data):
    return hashlib.sha256(data).hexdigest()


def sectors(runs, side):
    return [bytes([side + n % 100]) * SECTOR * count for n, (_, count, _) in enumerate(runs)]


def file(path=PATH, renamed_to="", content=CONTENT):
    when = {"utc": "2024-07-19T04:20:00Z", "filetime": "133658436000000000"}
    return {"n": 0, "path": path, "renamed_to": renamed_to, "size": len(content), "created": when, "modified": when, "mft_modified": when,
            "accessed": when, "attributes": 32, "mft_reference": "281474976710700", "sha256": sha(content), "metadata": NO_METADATA}


def manifest(runs=RUNS, files=None, **changes):
    old, new = sectors(runs, 1), sectors(runs, 101)
    return {"v": 2, "program": "fixer 0.1.0", "host": "PC01", "recipe": "crowdstrike-291", "plan": "delete", "journal": "clean",
            "disk": {"id": "7A1B6B0F-10AA-4F1B-8C1E-6B1C3A5D7E9F", "size": 1 << 38, "sector": SECTOR}, "partition": 3,
            "volume_id": "063EA4E1-220C-4293-BA01-4754620A96E7",
            "runs": [{"lba": lba, "count": count, "stage": stage, "old_sha256": sha(old[n]), "new_sha256": sha(new[n])}
                     for n, (lba, count, stage) in enumerate(runs)], "files": [file()] if files is None else files} | changes


def pack(*entries):
    """(name, bytes) in this order, compressed and sealed."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in entries:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return seal(subprocess.run(["zstd", "-3", "-c"], input=out.getvalue(), check=True, capture_output=True).stdout)


def seal(packed):
    return packed + struct.pack("<II", 0x184D2A50, 32) + hashlib.sha256(packed).digest()


def bundle(runs=RUNS, text=None, **changes):
    """text: instead of the manifest's."""
    return pack(("manifest.json", text if text is not None else json.dumps(manifest(runs, **changes), indent=1).encode()),
                ("sectors.old", b"".join(sectors(runs, 1))), ("sectors.new", b"".join(sectors(runs, 101))), ("files/0", CONTENT))
