# SPDX-License-Identifier: GPL-3.0-or-later
"""A strict reader of Prometheus' text format, version 0.0.4, written from its description: every deviation raises ValueError.
https://prometheus.io/docs/instrumenting/exposition_formats/
"""
import math
import re

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
TYPES = {"counter", "gauge", "histogram", "summary", "untyped"}
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("", "_sum", "_count")}


def value_of(text):
    if text in ("+Inf", "-Inf", "NaN"):
        return float(text.replace("Inf", "inf"))
    if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", text):
        raise ValueError(f"no value: {text!r}")
    return float(text)


def quoted(text, at):
    """The string behind the quote at `at`, and where it ends."""
    out = []
    while True:
        if at >= len(text):
            raise ValueError("a label's value has no end")
        if text[at] == '"':
            return "".join(out), at + 1
        if text[at] == "\\":
            out.append({"\\": "\\", '"': '"', "n": "\n"}[text[at + 1]])  # KeyError: no such escape
            at += 2
        else:
            out.append(text[at])
            at += 1


def labels_of(text, at):
    labels = {}
    while text[at] != "}":
        name = LABEL.match(text, at)
        if not name or name[0].startswith("__") or text[name.end():name.end() + 2] != '="':
            raise ValueError(f"labels: {text!r}")
        value, at = quoted(text, name.end() + 2)
        if name[0] in labels:
            raise ValueError(f"label {name[0]} twice: {text!r}")
        labels[name[0]] = value
        if text[at] == ",":
            at += 1
        elif text[at] != "}":
            raise ValueError(f"labels: {text!r}")
    return labels, at + 1


class Family:
    def __init__(self, name, kind, text):
        self.name, self.kind, self.help = name, kind, text
        self.samples = {}  # (name, ((label, value), ...)): number

    def take(self, line):
        name = NAME.match(line)
        if not name:
            raise ValueError(f"no sample: {line!r}")
        labels, at = labels_of(line, name.end() + 1) if line[name.end()] == "{" else ({}, name.end())
        fields = line[at:].split(" ")
        if fields[0] != "" or len(fields) not in (2, 3):
            raise ValueError(f"no value: {line!r}")
        if len(fields) == 3 and not re.fullmatch(r"-?\d+", fields[2]):
            raise ValueError(f"time: {line!r}")
        if name[0] not in {self.name + s for s in SUFFIXES.get(self.kind, ("",))}:
            raise ValueError(f"{name[0]} is not of {self.name}")
        key = (name[0], tuple(sorted(labels.items())))
        if key in self.samples:
            raise ValueError(f"twice: {line!r}")
        self.samples[key] = value_of(fields[1])
        if self.kind == "counter" and not self.samples[key] >= 0:
            raise ValueError(f"a counter below 0: {line!r}")

    def check(self):
        if self.kind != "histogram":
            return
        series = {}
        for (name, labels), number in self.samples.items():
            rest = tuple(pair for pair in labels if pair[0] != "le")
            one = series.setdefault(rest, {"buckets": []})
            if name.endswith("_bucket"):
                one["buckets"].append((value_of(dict(labels)["le"]), number))
            else:
                one[name[len(self.name):]] = number
        for one in series.values():
            bounds, counts = zip(*one["buckets"])
            if list(bounds) != sorted(set(bounds)) or list(counts) != sorted(counts):
                raise ValueError(f"{self.name}: buckets do not rise")
            if not math.isinf(bounds[-1]) or counts[-1] != one["_count"] or "_sum" not in one:
                raise ValueError(f"{self.name}: the last bucket is not the count")


def parse(data):
    """{name: Family} of an answer's bytes."""
    text = data.decode("utf-8")
    if not text.endswith("\n") or "\r" in text:
        raise ValueError("lines end with a line feed, the last one too")
    families, help_of, current = {}, {}, None
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            name, _, words = line[7:].partition(" ")
            if name in help_of or not words or re.search(r"\\(?![\\n])", words):
                raise ValueError(f"help: {line!r}")
            help_of[name] = words
        elif line.startswith("# TYPE "):
            name, _, kind = line[7:].partition(" ")
            if name in families or kind not in TYPES or not NAME.fullmatch(name):
                raise ValueError(f"type: {line!r}")
            if name not in help_of:
                raise ValueError(f"{name} has no help before its type")
            current = families[name] = Family(name, kind, help_of[name])
        elif line.startswith("#") or not line:
            raise ValueError(f"neither help, type nor sample: {line!r}")
        elif current is None:
            raise ValueError(f"a sample without its type: {line!r}")
        else:
            current.take(line)
    for family in families.values():
        family.check()
    return families
