# SPDX-License-Identifier: Apache-2.0
"""What libmrpc's server costs, beside a bare nghttp2 responder, nghttpd, grpc-go and grpc++, all in one run.

The servers have one core, the load another. CPU is the servers' own, from the scheduler's account. Figures are medians
over repeats that are taken in turns. Settings: settings.toml. What bounds them: docs/internals/performance.md.
"""
import argparse
import json
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import client, footprint, growth, messages, tls, unary
from measure.bench import PEERS, ROOT, Bench, read_settings
from measure.machine import machine

MEASURES = {"unary": unary, "messages": messages, "tls": tls, "footprint": footprint, "growth": growth, "client": client}


def build_peers():
    here = ROOT / "tests/bench/peers"
    subprocess.run([ROOT / "server/packaging/install-packages", here / "packages.txt"], check=True)
    subprocess.run([here / "build.sh", PEERS], check=True)


def main():
    parser = argparse.ArgumentParser(prog="tests/bench/run runtime", description=__doc__)
    parser.add_argument("--repeats", type=int)
    parser.add_argument("--only", action="append", choices=MEASURES, help="this measure; may be given again")
    parser.add_argument("--sides", help="these, with commas between: bare,nghttpd,mrpc,grpc-go,grpc++ async,grpc++ callback")
    parser.add_argument("--smoke", action="store_true", help="small, without peers, only to show that it works")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))   # so that no server is left behind
    sys.stdout.reconfigure(line_buffering=True)
    settings = read_settings(arguments.smoke, arguments.repeats)
    if arguments.sides:
        settings["sides"] = {name: settings["sides"][name] for name in arguments.sides.split(",")}
    if any(side.get("peer") for side in settings["sides"].values()):
        build_peers()
    result = {"machine": machine(), "settings": settings}
    print("\n".join(f"{name}: {value}" for name, value in result["machine"].items()))
    print("\n".join(f"{section}: {json.dumps(values)}" for section, values in settings.items()))
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(settings, Path(folder))
        for name in arguments.only or MEASURES:
            result[name] = MEASURES[name].measure(bench)
            MEASURES[name].report(bench, result[name])
    out = ROOT / "build/bench/runtime.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(result, indent=2) + "\n")


main()
