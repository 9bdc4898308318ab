#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""pack.py FROM TO: the page's files as they are carried in the binary: without what only their readers need, comments and white space.

Of a script every token stays as it is, and every end of a line that is not empty, so that semicolons are inserted where they were. What
cannot be told apart for certain (a regular expression from a division) ends the build. index.html becomes two files: the lines between
<!-- signed in: and --> are in fleet.html alone, which those get who are signed in.
"""
import os
import re
import sys

WORD = re.compile(r"[\w$#\u0080-\uffff]+")
STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"' r"|'(?:[^'\\\n]|\\.)*'", re.DOTALL)
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
SPACE = re.compile(r"\s+")
REGEX = re.compile(r"/(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/\w*")
PIECE = re.compile(r"(?:[^`\\$]|\\.|\$(?!\{))*", re.DOTALL)  # of a template, up to its end or an expression
OPERAND_FOLLOWS = frozenset("return typeof case in of new delete void throw instanceof do else yield await".split())
ALONE = frozenset("{}()[];,:=?")  # no blank is needed beside them


class Unclear(Exception):
    pass


def template_end(text, at):
    """Behind the template that begins at `at`: what it says is copied, expressions in it as well."""
    at += 1
    while True:
        at = PIECE.match(text, at).end()
        if at >= len(text):
            raise Unclear("a template does not end")
        if text[at] == "`":
            return at + 1
        at = expression_end(text, at + 2)


def expression_end(text, at):
    """Behind the brace that ends the expression of a template."""
    depth, before = 1, "{"
    while depth:
        kind, end = token(text, at, before)
        part = text[at:end]
        depth += (part == "{") - (part == "}")
        if kind != "space":
            before = part
        at = end
    return at


def slash(text, at, before):
    operand = not before or before in OPERAND_FOLLOWS or not (before[-1] in ")]}\"'`" or WORD.fullmatch(before))
    if operand:
        found = REGEX.match(text, at)
        if not found:
            raise Unclear("neither a division nor a regular expression")
        return found.end()
    if before in (")", "}") and "/" in text[at + 1:].split("\n", 1)[0].split("//", 1)[0]:
        raise Unclear("a division or a regular expression")
    return at + 1


def token(text, at, before):
    """(kind, end) of what begins there. before: the last token that was none of white space."""
    if at >= len(text):
        raise Unclear("it ends too early")
    for kind, pattern in (("space", SPACE), ("space", COMMENT), ("string", STRING), ("word", WORD)):
        if found := pattern.match(text, at):
            return kind, found.end()
    if text[at] == "`":
        return "template", template_end(text, at)
    if text[at] in "\"'":
        raise Unclear("a string does not end")
    if text[at] == "/":
        return "slash", slash(text, at, before)
    return "sign", at + 1


def script(text):
    out, at, before, gap = [], 0, "", ""
    while at < len(text):
        try:
            kind, end = token(text, at, before)
        except Unclear as error:
            raise SystemExit(f"line {text.count(chr(10), 0, at) + 1}: {error}") from error
        part = text[at:end]
        at = end
        if kind == "space":
            gap += part
            continue
        if "\n" in gap:
            out.append("\n" if out else "")
        elif gap and before[-1:] not in ALONE and part[0] not in ALONE:
            out.append(" ")
        out.append(part)
        before, gap = part, ""
    return "".join(out) + "\n"


def style(text):
    text = re.sub(r'("(?:[^"\\\n]|\\.)*")|/\*.*?\*/', lambda m: m[1] or "", text, flags=re.DOTALL)
    return lines(text)


def lines(text):
    return "".join(line.strip() + "\n" for line in text.splitlines() if line.strip())


SIGNED_IN = re.compile(r"<!-- signed in:\n(.*?)-->\n", re.DOTALL)


def markup(text, signed_in):
    text = SIGNED_IN.sub(r"\1" if signed_in else "", text)
    return lines(re.sub(r"<!--.*?-->\n?", "", text, flags=re.DOTALL))


def main(source, target):
    os.makedirs(target, exist_ok=True)
    for name in sorted(os.listdir(source)):
        with open(os.path.join(source, name), encoding="utf-8") as f:
            text = f.read()
        if name.endswith(".js"):
            made = {name: script(text)}
        elif name.endswith(".css"):
            made = {name: style(text)}
        elif name == "index.html":
            made = {name: markup(text, False), "fleet.html": markup(text, True)}
        else:
            made = {name: text}
        for to, packed in made.items():
            with open(os.path.join(target, to), "w", encoding="utf-8") as f:
                f.write(packed)


if __name__ == "__main__":
    main(*sys.argv[1:])
