#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of the BitLocker layer, everything compared within this run and in turn:

the sector ciphers, alone and through a volume, against bare libcrypto (bench_cipher);
whole processes on cryptsetup's images: opening a volume with its recovery password, decrypting it
whole, and reading what is in the clear, by our programs and by cryptsetup, libbde and dislocker.
"""
import configparser
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile

RUNS = 3
BUILD = os.environ.get("B", "build")
ARCHIVE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../shared/data/bitlk-images.tar.xz")
METHODS = ["xts-aes-128", "xts-aes-256", "aes-cbc-128", "aes-cbc-256", "aes-cbc-128-diffuser", "aes-cbc-256-diffuser"]
FIXER = os.path.join(BUILD, "fixer.bin")
MKDISK, MKPLAIN = (os.path.join(BUILD, "tests/generators", name) for name in ("mkdisk", "mkplain"))
BENCH_CIPHER = os.path.join(BUILD, "tests/bench/bench_cipher")


def ciphers(work):
    print("Sector ciphers in MB/s of CPU time. (a) libcrypto, one call and IV per sector, and the diffuser's plain formula;\n"
          "(b) libcrypto, one call over everything, no diffuser.", flush=True)
    subprocess.run([BENCH_CIPHER], check=True)
    images = []
    for method in METHODS:
        for sector_size in ("512", "4096"):
            images.append(os.path.join(work, f"{method}-{sector_size}.img"))
            subprocess.run([MKDISK, "--volume-only", "--clear-key", "--size", "64", "--files", "10", "--method", method,
                            "--sector-size", sector_size, "--output", images[-1]], check=True, stdout=subprocess.DEVNULL)
    print("\nThe same through volumes over memory; for libcrypto too the copy from or to that memory counts.", flush=True)
    subprocess.run([BENCH_CIPHER, *images], check=True)


def cpu_seconds(command):
    """User and system time of the whole process, which other people's load does not change much; None when it fails."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime if child.returncode == 0 else None


def compare(name, commands, output):
    """commands: tool -> command, ours first. Prints medians; gives tool -> median of the ratios ours : tool."""
    times = {tool: [] for tool in commands}
    for _ in range(RUNS):
        for tool, command in commands.items():
            if os.path.exists(output):
                os.unlink(output)
            times[tool].append(cpu_seconds(command))
    ours = next(iter(commands))
    ratios, words = {}, []
    for tool, measured in times.items():
        if None in measured:
            words.append(f"{tool} fails")
            continue
        words.append(f"{tool} {1000 * statistics.median(measured):.0f} ms")
        if tool != ours and None not in times[ours]:
            ratios[tool] = statistics.median(a / b for a, b in zip(times[ours], measured))
    print(f"  {name}: " + ", ".join(words), flush=True)
    return ratios


def opening(image, password, key_file, _):
    return {
        "fixer inspect": [FIXER, "inspect", image, "--recovery-password-file", key_file],
        "cryptsetup": ["cryptsetup", "bitlkDump", image, "--dump-volume-key", "--key-file", key_file, "-q"],
        "bdeinfo": ["bdeinfo", "-r", password, image],
    }


def decrypting(image, password, _, output):
    return {
        "mkplain": [MKPLAIN, "--volume", image, "--recovery-password", password, "--output", output],
        "dislocker-file": ["dislocker-file", "-q", "-V", image, f"-p{password}", "--", output],
    }


def looking(image, *_):
    return {
        "fixer inspect": [FIXER, "inspect", image],
        "cryptsetup": ["cryptsetup", "bitlkDump", image],
        "dislocker-metadata": ["dislocker-metadata", "-V", image],
    }


def volumes_that_open(work):
    """(image, recovery password, file with it) of each volume in the archive that our program opens with it."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(work)
    folder = os.path.join(work, "bitlk-images")
    conf = configparser.ConfigParser(strict=False, interpolation=None)
    conf.read(os.path.join(folder, "images.conf"))
    for name in conf.sections():
        image, password = os.path.join(folder, name + ".img"), conf[name].get("RP", "")
        key_file = image + ".password"
        with open(os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
            f.write(password)
        said = subprocess.run(opening(image, password, key_file, "")["fixer inspect"], capture_output=True, text=True)
        if "opened with" in said.stdout:
            yield image, password, key_file


def processes(work):
    if not os.path.exists(ARCHIVE):
        print("\nskipped: whole processes, no bitlk-images.tar.xz")
        return
    output, volumes = os.path.join(work, "out.plain"), list(volumes_that_open(work))
    for title, commands_of in (("Opening a volume with its recovery password", opening), ("Decrypting it whole", decrypting),
                               ("What is in the clear", looking)):
        print(f"\n{title}: whole processes, CPU time, median of {RUNS}", flush=True)
        all_ratios = {}
        for image, password, key_file in volumes:
            commands = commands_of(image, password, key_file, output)
            for tool, ratio in compare(os.path.basename(image), commands, output).items():
                all_ratios.setdefault(tool, []).append(ratio)
        for tool, ratios in all_ratios.items():
            print(f"  ours : {tool}, {len(ratios)} images: {min(ratios):.2f} / {statistics.median(ratios):.2f} / "
                  f"{max(ratios):.2f} (min / median / max)")


def main():
    if not os.path.exists(BENCH_CIPHER):
        sys.exit("not built: make bench")
    with tempfile.TemporaryDirectory() as work:
        ciphers(work)
        processes(work)


if __name__ == "__main__":
    main()
