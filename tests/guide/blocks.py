# SPDX-License-Identifier: Apache-2.0
"""Runs the fenced sh blocks of README.md and docs/guide as blocks.txt says: blocks.py WORK_FOLDER. /tmp/ in a block becomes the
work folder, so that nothing is left behind. Prints "ok NAME" or "not ok NAME"."""
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
LIMIT_S = 300  # hangs end here; a document takes a few seconds


def blocks_of(document):
    text = (ROOT / document).read_text()
    return re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S)


def documents():
    paths = [ROOT / "README.md", *sorted((ROOT / "docs/guide").rglob("*.md"))]
    return {str(path.relative_to(ROOT)): blocks for path in paths if (blocks := blocks_of(path.relative_to(ROOT)))}


def read_list():
    """Place ("README.md" or "README.md#2") to (how, reason)."""
    listed = {}
    for line in (HERE / "blocks.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            place, how, *rest = line.split(maxsplit=2)
            listed[place] = (how, " ".join(rest))
    return listed


def faults_of(listed, found):
    faults = []
    for document, blocks in found.items():
        for number in range(1, len(blocks) + 1):
            if document not in listed and f"{document}#{number}" not in listed:
                faults.append(f"{document}: block {number} is not listed in tests/guide/blocks.txt")
    for place, (how, reason) in listed.items():
        document, _, number = place.partition("#")
        if len(found.get(document, [])) < int(number or 1):
            faults.append(f"blocks.txt: {place} has no such block")
        if how not in ("run", "own", "skip") or (how != "run") != bool(reason):
            faults.append(f"blocks.txt: {place}: \"run\", \"own CHECK\" or \"skip REASON\"")
        if how == "own" and reason not in (HERE / "run").read_text():
            faults.append(f"blocks.txt: {place}: tests/guide/run has no check {reason}")
    return faults


def run(document, script, work):
    folder = work / document.replace("/", "_")
    folder.mkdir()
    done = subprocess.run(["bash", "-euxo", "pipefail", "-c", script.replace("/tmp/", f"{folder}/")], cwd=ROOT, timeout=LIMIT_S,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        print(done.stdout)
    report(f"blocks_of_{document}", done.returncode == 0)


def report(name, passed):
    print(f"{'ok' if passed else 'not ok'} {name}", flush=True)


def main():
    work = Path(sys.argv[1])
    found, listed = documents(), read_list()
    faults = faults_of(listed, found)
    print(*faults, sep="\n", end="\n" if faults else "")
    report("every_block_is_listed", not faults)
    for document, blocks in found.items():
        script = "".join(block for number, block in enumerate(blocks, 1)
                         if listed.get(f"{document}#{number}", listed.get(document, ("",)))[0] == "run")
        if script:
            run(document, script, work)


main()
