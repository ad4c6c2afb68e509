# SPDX-License-Identifier: Apache-2.0
"""What layout and drawing cost, beside Graphviz, D2 (where it is installed) and the plan's own matplotlib script, all in one run.

CPU time, warm, the median of repeats; a peer's is that of its process, without the start of its interpreter or the search for fonts
where it can be taken apart. Goals: issue 7, Speed. The spec is the overview with figures (tests/golden/diagram).
"""
import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("MLT_BUILD", ROOT / "build/release"))
SPEC = ROOT / "tests/golden/diagram/system-overview.yaml"
GOALS_MS = {"overview_svg": 0.1, "overview_png_300": 40, "forwards_100_200": 2, "forwards_1000_2000": 100, "tangled_100_200": 2,
            "tangled_1000_2000": 100}


def measure_ours(repeats, folder):
    command = [BUILD / "tests/bench_diagram", SPEC, str(repeats), *([folder] if folder else [])]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    figures = {name: float(value) for name, value in (line.split() for line in lines)}
    return {name: value if name.endswith("_kib") else value / 1000 for name, value in figures.items()}


def measure_process(command, limit_s):
    """CPU ms of a process from its start to its end; a text when it takes longer than @limit_s."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        subprocess.run(command, check=True, timeout=limit_s, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return f"> {limit_s:.0f} s"
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def measure_peers(folder, limit_s):
    """SVGs by Graphviz, and by D2 (its default engine, dagre) where somebody has installed it: it is no package of Debian's."""
    drawn = [name for name in GOALS_MS if name != "overview_png_300"]
    graphviz = {name: measure_process(["dot", "-Tsvg", "-o", os.devnull, f"{folder}/{name}.dot"], limit_s) for name in drawn}
    program = shutil.which("d2")
    d2 = {name: measure_process([program, f"{folder}/{name}.d2", f"{folder}/d2.svg"], limit_s) for name in drawn} if program else {}
    return graphviz, d2


def measure_matplotlib(repeats, folder):
    script = ROOT / "tests/bench/peers/seed_overview.py"
    done = subprocess.run(["/usr/bin/python3", script, str(repeats), f"{folder}/seed.png"], check=True, capture_output=True,
                          text=True)
    seconds, peak_kib = done.stdout.split()
    return {"overview_png_300": float(seconds) * 1000, "overview_peak_kib": float(peak_kib)}


def show(value):
    return "-" if value is None else value if isinstance(value, str) else f"{value:.2f}" if value < 10 else f"{value:.0f}"


def main():
    parser = argparse.ArgumentParser(prog="tests/bench/run diagram", description=__doc__)
    parser.add_argument("--repeats", type=int, default=25)
    parser.add_argument("--limit", type=float, default=600, metavar="SECONDS", help="for one graph in Graphviz or D2 [600]")
    parser.add_argument("--smoke", action="store_true", help="small, without peers, only to show that it works")
    arguments = parser.parse_args()
    if not arguments.smoke:
        packages = ROOT / "tests/bench/peers/diagram-packages.txt"
        subprocess.run([ROOT / "server/packaging/install-packages", packages], check=True)
    graphviz, d2, matplotlib = {}, {}, {}
    with tempfile.TemporaryDirectory() as folder:
        ours = measure_ours(1 if arguments.smoke else arguments.repeats, None if arguments.smoke else folder)
        if not arguments.smoke:
            matplotlib = measure_matplotlib(5, folder)
            graphviz, d2 = measure_peers(folder, arguments.limit)
    print(f"processor: {platform.processor() or platform.machine()}, CPU ms, median of {1 if arguments.smoke else arguments.repeats}")
    print(f"{'':20} {'ours':>10} {'goal':>8} {'graphviz':>10} {'d2':>10} {'matplotlib':>11}")
    for name, value in ours.items():
        goal = 32 * 1024 if name == "overview_peak_kib" else GOALS_MS[name]
        print(f"{name:20} {show(value):>10} {show(goal):>8} {show(graphviz.get(name)):>10} {show(d2.get(name)):>10} {show(matplotlib.get(name)):>11}")
    out = ROOT / "build/bench/diagram.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps({"ours": ours, "graphviz": graphviz, "d2": d2, "matplotlib": matplotlib, "goals_ms": GOALS_MS}, indent=2) + "\n")


main()
