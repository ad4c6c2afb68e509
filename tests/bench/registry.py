# SPDX-License-Identifier: Apache-2.0
"""What the registry of mltrainerd costs and how fast it tells, beside Debian's etcd where that does the same.

The server has one core, the load another. Settings: measure_registry/settings.toml.
"""
import argparse
import json
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from measure.machine import machine
from measure_registry import MEASURES
from measure_registry.bench import ROOT, Bench, read_settings


def main():
    parser = argparse.ArgumentParser(prog="tests/bench/run registry", description=__doc__)
    parser.add_argument("--only", action="append", choices=MEASURES, help="this measure; may be given again")
    parser.add_argument("--no-etcd", action="store_true", help="leave etcd out")
    parser.add_argument("--smoke", action="store_true", help="small, without etcd, only to show that it works")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))   # so that no server is left behind
    sys.stdout.reconfigure(line_buffering=True)
    settings = read_settings(arguments.smoke)
    settings["durable"]["etcd"] = not (arguments.smoke or arguments.no_etcd)
    if settings["durable"]["etcd"] and "durable" in (arguments.only or MEASURES):
        subprocess.run([ROOT / "server/packaging/install-packages", ROOT / "tests/bench/registry/packages.txt"], check=True)
    result = {"machine": machine(), "settings": settings}
    print("\n".join(f"{name}: {value}" for name, value in result["machine"].items()))
    print("\n".join(f"{section}: {json.dumps(values)}" for section, values in settings.items()))
    with tempfile.TemporaryDirectory(prefix="mlt-bench-") as folder:
        bench = Bench(settings, Path(folder))
        for name in arguments.only or MEASURES:
            result[name] = MEASURES[name].measure(bench)
            MEASURES[name].report(bench, result[name])
    out = ROOT / "build/bench/registry.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(result, indent=2) + "\n")


main()
