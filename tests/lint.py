#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""House rules that a program can check, over the files git knows. Exits 1 when one is broken."""
import os
import re
import subprocess
import sys

TOP = {"Makefile", "README.md", "COPYING", "appliance", "fixer", "include", "initrd", "netboot", "tests"}
BANNED = re.compile(r"\b(strcpy|strcat|sprintf|vsprintf|gets|atoi|atol|strtok|system|alloca)\(")
UNDONE = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
# Folder -> what its #includes of the tree may start with. Arrows point down only (design, layers).
LAYERS = {
    "fixer/base": ["netmend/", "fixer/base/"],
    "fixer/block": ["netmend/", "fixer/base/", "fixer/block/"],
    "fixer/bitlocker": ["netmend/", "fixer/base/", "fixer/block/", "fixer/bitlocker/"],
    "fixer/fat": ["netmend/", "fixer/base/", "fixer/block/", "fixer/fat/"],
    "fixer/windows": ["netmend/", "fixer/base/", "fixer/block/", "fixer/ntfs/", "fixer/windows/"],
    "fixer/ntfs": ["netmend/", "fixer/base/", "fixer/block/", "fixer/ntfs/", "fixer/windows/recipe.h"],
    "fixer/repair": ["netmend/", "fixer/base/", "fixer/block/", "fixer/bitlocker/", "fixer/ntfs/", "fixer/fat/", "fixer/windows/",
                     "fixer/repair/"],
    "fixer/link": ["netmend/", "fixer/base/", "fixer/link/"],
    "fixer/machine": ["netmend/", "fixer/base/", "fixer/machine/"],
    "fixer": ["netmend/", "fixer/"],
    "initrd": ["netmend/", "fixer/base/", "initrd/"],
    "appliance/escrow": ["netmend/", "fixer/base/", "fixer/bitlocker/bitlocker.h", "appliance/guard/", "appliance/escrow/"],
    "appliance/fetch": ["netmend/", "fixer/base/", "appliance/guard/", "appliance/fetch/"],
    "appliance/power": ["netmend/", "fixer/base/", "appliance/guard/", "appliance/power/"],
    "appliance/guard": ["netmend/", "fixer/base/", "appliance/guard/"],
    "appliance": ["netmend/", "fixer/base/", "fixer/windows/recipe.h", "appliance/"],
}
MAX_LINES = 500


def files():
    text = subprocess.run(["git", "ls-files"], check=True, capture_output=True, text=True).stdout
    return [f for f in text.splitlines() if os.path.isfile(f)]


def layer_of(path):
    folder = os.path.dirname(path)
    while folder:
        if folder in LAYERS:
            return LAYERS[folder]
        folder = os.path.dirname(folder)
    return None


def check_file(path, found):
    if path.startswith(("tests/fuzz/corpus/", "tests/vendor/axe-core/")):
        return  # inputs and other people's programs, byte for byte
    with open(path, errors="replace") as f:
        text = f.read()
    lines = text.splitlines()
    if not path.endswith((".md", ".gitignore")) and path != "COPYING" and not path.startswith("."):
        if "SPDX-License-Identifier: GPL-3.0-or-later" not in "\n".join(lines[:3]):
            found(path, 1, "no SPDX line")
    if len(lines) > MAX_LINES and path != "COPYING" and not path.endswith((".5", ".8")):
        found(path, len(lines), f"over {MAX_LINES} lines")
    for number, line in enumerate(lines, 1):
        if UNDONE.search(line):
            found(path, number, "left undone")
        if line != line.rstrip():
            found(path, number, "blank at the end of the line")
    if path.endswith((".c", ".h")):
        check_c(path, lines, found)


def check_c(path, lines, found):
    allowed = layer_of(path)
    for number, line in enumerate(lines, 1):
        if BANNED.search(re.sub(r'"(\\.|[^"\\])*"', '""', line.split("//")[0])):
            found(path, number, "banned call")
        include = re.match(r'#include "([^"]+)"', line)
        if include and allowed and not include.group(1).startswith(tuple(allowed)):
            found(path, number, f"this layer may not include {include.group(1)}")


def check_format(paths, found):
    result = subprocess.run(["clang-format", "--dry-run", *paths], capture_output=True, text=True)
    for path in sorted(set(re.findall(r"^(\S+?):\d+:\d+: warning: code should be", result.stderr, re.M))):
        found(path, 1, "not as .clang-format wants it (clang-format -i)")


def main():
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    problems = []

    def found(path, number, what):
        problems.append(f"{path}:{number}: {what}")

    listed = files()
    for name in {f.split("/")[0] for f in listed}:
        if name not in TOP and not name.startswith("."):
            found(name, 0, "not part of the top level")
    folders = {os.path.dirname(f) for f in listed} | {f.split("/")[0] for f in listed if "/" in f}
    for folder in folders:
        if folder and folder.count("/") <= 1 and not folder.startswith(".") and folder + "/README.md" not in listed:
            found(folder, 0, "no README.md")
    for path in listed:
        if not path.endswith(".png"):
            check_file(path, found)
    check_format([f for f in listed if f.endswith((".c", ".h"))], found)
    for problem in sorted(set(problems)):
        print(problem)
    print(f"lint: {len(listed)} files, {len(set(problems))} findings")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
