# SPDX-License-Identifier: Apache-2.0
"""Make a section 3 manual page of C headers: reference.py --out FILE NAME SUMMARY FOLDER HEADER… (HEADER relative to FOLDER).

A header is blocks between blank lines: a comment that stands alone is text, a declaration stands with the comment before it.
With --check, prints what the comments do not say instead, and fails if there is anything: each function has a comment, and
"Thread:", "Ownership:" if it hands out a pointer, and "Errors:" if it can fail, are said in it or in an earlier comment of
the header that begins "Unless a function says otherwise".
"""
import contextlib
import re
import sys
from pathlib import Path

DATE = "November 29, 2026"
NOISE = re.compile(r"^(#(ifndef|ifdef|endif|include|if|else|define \w+_H$)|MRPC_(BEGIN|END)_DECLS|extern \"C\"|}\s*$).*", re.S)


def escape(text):
    text = text.replace("\\", "\\e")
    return re.sub(r"[^\x00-\x7f]", lambda c: f"\\[u{ord(c[0]):04X}]", text)


def line_of(text):
    """A line of text that roff takes for nothing else."""
    return ("\\&" if re.match(r"[.' ]", text) else "") + escape(text)


def comment_lines(comment):
    body = re.sub(r"^/\*+ ?|\s*\*/$", "", comment)
    return [re.sub(r"^ \* ?| \*$", "", line).rstrip() for line in body.splitlines()]


def sentences(line):
    """mdoc wants each sentence to begin a line: that is how it knows where one ends."""
    return re.split(r"(?<=[.!?]) +(?=[^a-z])|(?<=[.!?][)\"]) +(?=[^a-z])", line)


def print_comment(comment, first):
    """Paragraphs are filled; lines that are indented stand as they are."""
    literal, pending = False, "" if first else ".Pp"
    for line in comment_lines(comment):
        if not line.strip():
            pending = ".Pp"
            continue
        indented = line.startswith("   ")
        if indented != literal:
            print(".Bd -literal" if indented else ".Ed")
            literal, pending = indented, "" if indented else ".Pp"
        if pending and not literal:
            print(".Pp")
        elif pending:
            print()
        pending = ""
        print(line_of(line) if literal else "\n".join(map(line_of, sentences(line.strip()))))
    if literal:
        print(".Ed")


def print_code(code):
    print(".Bd -literal")
    for line in code.splitlines():
        print(line_of(line))
    print(".Ed")


def blocks(text):
    """(comment or None, code or None), from top to bottom."""
    text = re.sub(r"\A/\* SPDX.*?\*/\n", "", text)
    for block in re.findall(r"(?:[^\n]+\n?)+", join_braces(text)):
        match = re.match(r"\s*(/\*.*?\*/)\s*\n?(.*)", block, re.S)
        comment, code = match.groups() if match and "/*" in block.lstrip()[:2] else (None, block)
        code = "\n".join(line for line in code.rstrip().splitlines() if not NOISE.match(line) or line.startswith("};"))
        if comment or code.strip():
            yield comment, code.replace("\x00", "") if code.strip() else None


def join_braces(text):
    """Blank lines inside braces and comments do not end a block."""
    def keep(match):
        return re.sub(r"\n(?=\n)", "\n\x00", match[0])
    text = re.sub(r"(;[^\n]*\n)(?=/\*\*)", r"\1\n", text)  # each comment begins a block with what it documents
    text = re.sub(r"/\*.*?\*/", lambda match: re.sub(r"\n \*\n", "\n *\x00\n", match[0]), text, flags=re.S)
    return re.sub(r"^[a-z][^;\n]*\{\n.*?^\}[^\n]*;", keep, text, flags=re.S | re.M)


def functions(code):
    """(name, labels that its comment needs) of each function of the interface that is declared in @code."""
    plain = re.sub(r"/\*.*?\*/", "", code, flags=re.S)
    for result, name, parameters, rest in re.findall(r"_API\s+([\w\s*]*?)\b((?:mrpc|mlt)_\w+)\((.*?)\)([^();]*(?:\([\d, ]*\)[^;()]*)*);", plain, re.S):
        needs = {"Thread"}
        if result.strip().endswith("*") or re.search(r"\*\*\s*\w*(out|bound)\b", parameters):
            needs.add("Ownership")
        if "MUST_USE" in rest and result.strip() == "int" or "struct mlt_error *" in parameters:
            needs.add("Errors")
        yield name, needs


def gaps(header):
    """What the comments of a header do not say of its functions."""
    rules = set()
    for comment, code in blocks(header.read_text()):
        said = set(re.findall(r"\b(Thread|Ownership|Errors):", comment or ""))
        if comment and "Unless a function says otherwise" in comment:
            rules |= said
        for name, needs in functions(code or ""):
            if not comment and "/*" not in code:
                yield f"{header}: {name}() has no comment"
            missing = needs - said - rules
            if missing:
                yield f"{header}: {name}(): nothing says {', '.join(sorted(missing))}"


def print_page(name, summary, folder, headers):
    print(f'.\\" SPDX-License-Identifier: Apache-2.0\n.Dd {DATE}\n.Dt {name.upper()} 3\n.Os mlTrainer\n.Sh NAME\n.Nm {name}\n.Nd {summary}')
    print(".Sh SYNOPSIS")
    print("\n".join(f".In {header}" for header in headers))
    print(".Sh DESCRIPTION\nWhat each header declares, in the order of the headers.")
    for header in headers:
        print(f".Ss {header}")
        for at, (comment, code) in enumerate(blocks((folder / header).read_text())):
            if code:
                print_code(code.strip("\n"))
            if comment:
                print_comment(comment.replace("\x00", ""), first=at == 0 and not code)
    print(".Sh SEE ALSO\n.Xr mltctl 1 ,\n.Xr mltrainerd 8")


def main():
    arguments = sys.argv[1:]
    if arguments[0] == "--check":
        findings = [finding for header in arguments[1:] for finding in gaps(Path(header))]
        print("\n".join(findings))
        sys.exit(bool(findings))
    _, out, name, summary, folder, *headers = arguments
    with open(out, "w") as file, contextlib.redirect_stdout(file):
        print_page(name, summary, Path(folder), headers)


main()
