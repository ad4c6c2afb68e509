# SPDX-License-Identifier: Apache-2.0
"""Runs the fenced sh blocks of README.md and docs/guide that blocks.txt lists as "run", or as "tools": blocks.py WORK_FOLDER [HOW].
/tmp/ in a block becomes the work folder, and what a block leaves running is ended, so that nothing is left behind. Prints "ok NAME" or
"not ok NAME". blocks.py --check only holds blocks.txt against the documents; tests/lint does."""
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
LIMIT_S = 300  # hangs end here; a document takes a few seconds


def blocks_of(document):
    text = (ROOT / document).read_text()
    return re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S)


PATHS = [ROOT / "README.md", *sorted((ROOT / "docs/guide").rglob("*.md"))]


def documents():
    return {str(path.relative_to(ROOT)): blocks for path in PATHS if (blocks := blocks_of(path.relative_to(ROOT)))}


def unlabelled():
    """Fences that do not say what they hold, and code that is only indented: commands could hide there."""
    for path in PATHS:
        text, place = path.read_text(), path.relative_to(ROOT)
        opening = re.findall(r"^```(.*)$", text, re.M)[::2]
        if "" in opening:
            yield f"{place}: fence {opening.index('') + 1} names no language (sh, text, …)"
        for line in re.findall(r"\n\n( {4}\S.*)$", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S), re.M):
            yield f"{place}: code without a fence: {line.strip()}"


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
        if how not in ("run", "tools", "own", "skip") or (how in ("own", "skip")) != bool(reason):
            faults.append(f"blocks.txt: {place}: \"run\", \"tools\", \"own CHECK\" or \"skip REASON\"")
        if how == "own" and reason not in (HERE / "run").read_text():
            faults.append(f"blocks.txt: {place}: tests/guide/run has no check {reason}")
    return faults


def run(document, script, work):
    folder = work / document.replace("/", "_")
    folder.mkdir()
    with open(folder / "output", "w+") as said:
        shell = subprocess.Popen(["bash", "-euxo", "pipefail", "-c", script.replace("/tmp/", f"{folder}/")], cwd=ROOT,
                                 stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True)
        try:
            status = shell.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            status = None
        try:
            os.killpg(shell.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it left nothing running
        if status != 0:
            said.seek(0)
            print(said.read(), f"exit status {status}")
    report(f"blocks_of_{document}", status == 0)


def report(name, passed):
    print(f"{'ok' if passed else 'not ok'} {name}", flush=True)


def main():
    found, listed = documents(), read_list()
    if sys.argv[1] == "--check":
        faults = faults_of(listed, found) + list(unlabelled())
        print(*faults, sep="\n", end="\n" if faults else "")
        sys.exit(1 if faults else 0)
    work, wanted = Path(sys.argv[1]), (sys.argv[2:] or ["run"])[0]
    for document, blocks in found.items():
        script = "".join(block for number, block in enumerate(blocks, 1)
                         if listed.get(f"{document}#{number}", listed.get(document, ("",)))[0] == wanted)
        if script:
            run(document, script, work)


main()
