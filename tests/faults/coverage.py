# SPDX-License-Identifier: Apache-2.0
"""COVERAGE against the tests: every test that it names exists, and every row that a test carries is in it.

A line is a row and the tests for it: "wire/NAME" is one of this suite's script, "FILE:FUNCTION" a test in C or Python, "FILE" a
program whose comments say the row. A row that is here has a test, which need not show all of it. --write makes the file anew from what the tests say.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COVERAGE = ROOT / "tests/faults/COVERAGE"
ROW = r"[HGPTARXDSON]\d\d"
# Where comments name rows; elsewhere such words are escapes and figures.
SPOKEN = ("tests/faults/store", "tests/faults/worker", "tests/unit/api", "tests/unit/store", "tests/unit/registry",
          "tests/unit/diagram", "tests/unit/scene", "tests/integration")


def rows_in_names(path, text):
    for rows, rest in re.findall(rf"^(?:static void|def) ((?:{ROW}_)+)(\w+)\(", text, re.M | re.I):
        for row in rows.split("_")[:-1]:
            yield row.upper(), f"{path}:{rows}{rest}"


def rows_in_comments(path, text):
    for comment in re.findall(r"/\*.*?\*/|//[^\n]*|\"\"\".*?\"\"\"", text, re.S):
        for row in re.findall(rf"\b{ROW}\b", comment):
            yield row, str(path)


def found():
    rows = {}
    for file in sorted((ROOT / "tests").rglob("*_test.c")) + sorted(
            path for folder in ("integration", "faults/access", "faults/network", "faults/process") for path in (ROOT / "tests" / folder).rglob("*.py")):
        path, text = file.relative_to(ROOT), file.read_text()
        named = list(rows_in_names(path, text))
        if not named and str(path).startswith(SPOKEN):
            named = rows_in_comments(path, text)
        for row, test in named:
            rows.setdefault(row, set()).add(test)
    for file in sorted((ROOT / "tests/faults/wire").glob("*.py")):
        for name in re.findall(rf'^@row\("({ROW}_\w+)"', file.read_text(), re.M):
            rows.setdefault(name[:3], set()).add(f"wire/{name}")
    return rows


def read():
    lines = [line.split() for line in COVERAGE.read_text().splitlines()]
    return {line[0]: set(line[1:]) for line in lines}


def main():
    rows = found()
    if sys.argv[1:] == ["--write"]:
        COVERAGE.write_text("".join(f"{row} {' '.join(sorted(tests))}\n" for row, tests in sorted(rows.items())))
    written = read()
    gaps = [f"{row} has a test, and no line" for row in rows.keys() - written.keys()]
    gaps += [f"{row}: there is no {test}" for row in written for test in sorted(written[row] - rows.get(row, set()))]
    for gap in sorted(gaps):
        print(f"  coverage: {gap}")
    print("not ok coverage" if gaps else "ok coverage")


main()
