#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`libraries.py PLUGINS`: the shared objects in that folder load what the table of server/plugins/README.md lists and
nothing else, the table lists nothing that is not loaded, nothing in it is under the GPL alone, and each family's
.licence, an SPDX expression, names the licence of every library that it loads."""
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "server/plugins"
OURS = "Apache-2.0"
SYSTEM = "LGPL-2.1-or-later"  # of glibc, which every program loads
wrong = []


def read_table(text):
    """{library: (licence, families)}"""
    table = {}
    for row in re.findall(r"^\| (`.*?) \| (.*?) \| (.*?) \|$", text, re.M):
        for library in re.findall(r"`(\S+)`", row[0]):
            table[library] = row[1], set(row[2].split(", "))
    return table


def needed(path):
    lines = subprocess.run(["readelf", "-d", path], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"\(NEEDED\).*\[(.*)\]", lines))


def licence_of(family):
    for source in (FOLDER / family).glob("*.c"):
        if found := re.search(r'\.licence = "([^"]+)"', source.read_text()):
            return set(found[1].split(" AND "))
    return set()


def check(family, libraries, table):
    licences = {OURS}
    for library in libraries:
        if library not in table:
            wrong.append(f"{family} loads {library}, which the table does not list")
            continue
        if table[library][0] != SYSTEM:
            licences.add(table[library][0])
    if licence_of(family) != licences:
        wrong.append(f"{family}: .licence is not {' AND '.join(sorted(licences))}")


table = read_table((FOLDER / "README.md").read_text().split("## Libraries")[1])
loaded = {path.name[len("libmltrainer_"):-len(".so")]: needed(path) for path in sorted(Path(sys.argv[1]).glob("*.so"))}
for family, libraries in loaded.items():
    check(family, libraries, table)
for library, (licence, families) in table.items():
    if "GPL" in licence and "LGPL" not in licence and " WITH " not in licence:
        wrong.append(f"{library}: {licence}")
    users = {family for family in loaded if library in loaded[family]}
    if users != (set(loaded) if families == {"all"} else families):
        wrong.append(f"{library} is loaded by {', '.join(sorted(users)) or 'nobody'}")
print("\n".join(sorted(set(wrong))) or f"{len(loaded)} families, {len(table)} libraries")
sys.exit(1 if wrong or len(loaded) < 30 else 0)
