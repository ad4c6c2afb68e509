# SPDX-License-Identifier: Apache-2.0
"""What jobs and predictions of mltrainerd cost, beside a bare socket pair and Python's executors.

The server has one core, the load another. Settings: measure_execution/settings.toml.
"""
import argparse
import json
import signal
import sys
import tempfile
from pathlib import Path

from measure.machine import machine
from measure_execution import MEASURES
from measure_execution.bench import Bench, read_settings

ROOT = Path(__file__).resolve().parents[2]


def main():
    parser = argparse.ArgumentParser(prog="tests/bench/run execution", description=__doc__)
    parser.add_argument("--only", action="append", choices=MEASURES, help="this measure; may be given again")
    parser.add_argument("--smoke", action="store_true", help="small, only to show that it works")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))   # so that no server is left behind
    sys.stdout.reconfigure(line_buffering=True)
    settings = read_settings(arguments.smoke)
    result = {"machine": machine(), "settings": settings}
    print("\n".join(f"{name}: {value}" for name, value in result["machine"].items()))
    print("\n".join(f"{section}: {json.dumps(values)}" for section, values in settings.items()))
    with tempfile.TemporaryDirectory(prefix="mlt-bench-") as folder:
        bench = Bench(settings, Path(folder))
        for name in arguments.only or MEASURES:
            result[name] = MEASURES[name].measure(bench)
            MEASURES[name].report(bench, result[name])
    out = ROOT / "build/bench/execution.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":   # ProcessPoolExecutor may import it again
    main()
