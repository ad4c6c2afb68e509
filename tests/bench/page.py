# SPDX-License-Identifier: Apache-2.0
"""What a reader of the page waits for (Debian's Chromium over loopback), and what an open page costs the server: two streams
on a connection of HTTP/2, beside a bare nghttp2 responder's connection. Goals: issue 7, Speed."""
import argparse
import json
import os
import shutil
import statistics
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("MLT_BUILD", ROOT / "build/release"))
TOOLS = ROOT / "build/interop/page"


def main():
    parser = argparse.ArgumentParser(prog="tests/bench/run page", description=__doc__)
    parser.add_argument("--loads", type=int, default=20)
    parser.add_argument("--changes", type=int, default=100)
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--smoke", action="store_true", help="small, only to show that it works")
    arguments = parser.parse_args()
    loads, changes, pages = (1, 2, 20) if arguments.smoke else (arguments.loads, arguments.changes, arguments.pages)
    subprocess.run([ROOT / "tests/interop/page/build.sh"], check=True)
    shutil.copy(ROOT / "tests/bench/page/measure.mjs", TOOLS)
    done = subprocess.run(["node", TOOLS / "measure.mjs", str(loads), str(changes), str(pages), BUILD / "bin/bare_responder"],
                          check=True, capture_output=True, text=True, env=dict(os.environ, MLT_BUILD=str(BUILD)))
    figures = json.loads(done.stdout.splitlines()[-1])
    rows = [(f"{text}, {kind}", take(figures[name]), goal if kind != "at most" else None)
            for name, text, goal in (("empty_paint_ms", "first paint of a page of one word, ms", None), ("first_paint_ms", "first paint, ms", 200), ("picture_ms", "live picture there, ms", None),
                                     ("change_ms", "health change on the screen, ms", 200))
            for kind, take in (("median", statistics.median), ("at most", max))]
    rows += [("bare responder's connection, KiB", figures["bare_kib"], None), ("open page, KiB", figures["page_kib"], None),
             ("  beyond the bare one, KiB", figures["page_kib"] - figures["bare_kib"], 24)]
    print(f"{'':45} {'measured':>9} {'asked':>6}   {loads} loads, {changes} changes, {pages} open pages")
    for text, value, goal in rows:
        print(f"{text:45} {value:9.1f} {goal if goal is not None else '':>6}")
    out = ROOT / "build/bench/page.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(figures, indent=2) + "\n")


main()
