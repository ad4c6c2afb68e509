# SPDX-License-Identifier: Apache-2.0
"""What models of ours cost beside the libraries that they are held against: fit and predict, the same data, CPU time of
one thread, in one run.

Groups are in tests/bench/models/*.py. Ours is measured in a C program that calls the plugin as a worker does (no pool, no
transport); the other side in a Python process of its own. A ratio is ours over theirs.
"""
import argparse
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("MLT_BUILD", ROOT / "build/release"))
GROUPS = ROOT / "tests/bench/models"
REQUIREMENTS = ROOT / "tests/golden/models/requirements.txt"
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}


def group_of(name):
    spec = importlib.util.spec_from_file_location(name, GROUPS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def configuration(model):
    """Family, algorithm and parameters (kind:name=default) of a model, from its configuration."""
    path = next((ROOT / "server/plugins").glob(f"*/models/{model}.yaml"))
    text = path.read_text()
    head = dict(re.findall(r"^(family|algorithm): (\S+)$", text, re.M))
    parameters = re.findall(r"^  - name: (\S+)\n    type: (bool|integer|number|text)\n    default: (.*)$", text, re.M)
    return head["family"], head["algorithm"], {name: (kind[0], value) for name, kind, value in parameters}


def measure_ours(case, data, rows, features, repeats):
    family, algorithm, parameters = configuration(case["model"])
    for name, value in case.get("parameters", {}).items():
        parameters[name] = parameters[name][0], str(value)
    command = [BUILD / "tests/bench_models", BUILD / f"lib/mltrainer/plugins/libmltrainer_{family}.so", algorithm, data,
               str(rows), str(features), str(repeats), *(f"{kind}:{name}={value}" for name, (kind, value) in parameters.items())]
    lines = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, **ONE_THREAD}).stdout
    return {key: float(value) for key, value in (line.split() for line in lines.splitlines())}


def make_data(path, rows, features):
    """The same in C and in NumPy: made here without either, so that the smoke needs no package."""
    state, columns = 12345, []
    import array
    import math
    for _ in range(features):
        column = array.array("d")
        for _ in range(rows):
            state = (state * 6364136223846793005 + 1442695040888963407) % 2 ** 64
            column.append((state >> 11) / 2 ** 53 * 4 - 2)
        columns.append(column)
    target = array.array("d", (math.sin(2 * columns[0][r]) * 2 + columns[1][r] * columns[2 % features][r]
                               + (columns[-1][r] > 0.5) + 0.3 * columns[3 % features][(r * 7) % rows] for r in range(rows)))
    with open(path, "wb") as file:
        for column in (*columns, target):
            column.tofile(file)


def measure_theirs(group, index, data, rows, features, repeats, python):
    """Runs this file again, in the environment that has the libraries."""
    command = [python, __file__, "--side", f"{group}:{index}:{data}:{rows}:{features}:{repeats}"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, **ONE_THREAD})
    return json.loads(done.stdout.splitlines()[-1])


def side(text):
    import time

    import numpy as np
    group, index, data, rows, features, repeats = text.split(":")
    values = np.fromfile(data).reshape(int(features) + 1, int(rows))
    x, y = np.ascontiguousarray(values[:-1].T), values[-1]
    case, fits, predictions = group_of(group).CASES[int(index)], [], []
    for _ in range(int(repeats)):
        model = case["reference"]()
        start = time.process_time()
        model.fit(x, y)
        middle = time.process_time()
        said = model.predict(x)
        predictions.append(1000 * (time.process_time() - middle))
        fits.append(1000 * (middle - start))
    share = 1 - ((y - said) ** 2).sum() / ((y - y.mean()) ** 2).sum()
    print(json.dumps({"fit_ms": float(np.median(fits)), "predict_ms": float(np.median(predictions)), "r2": float(share)}))


def show(label, ours, theirs):
    cells = [label]
    for key in ("fit_ms", "predict_ms"):
        cells += [f"{ours[key]:.1f}", f"{theirs[key]:.1f}" if theirs else "-",
                  f"{ours[key] / max(theirs[key], 1e-3):.3f}" if theirs else "-"]
    cells += [f"{ours['r2']:.3f}", f"{theirs['r2']:.3f}" if theirs else "-"]
    print("".join(f"{cell:>12}" if i else f"{cell:28}" for i, cell in enumerate(cells)), flush=True)


def main():
    parser = argparse.ArgumentParser(prog="tests/bench/run models", description=__doc__)
    parser.add_argument("groups", nargs="*", help="of tests/bench/models [all]")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--rows", type=int, help="instead of each group's own number")
    parser.add_argument("--only", help="models whose name matches this expression")
    parser.add_argument("--python", default=sys.executable,
                        help=f"one that has {REQUIREMENTS.relative_to(ROOT)} [the one that runs this]")
    parser.add_argument("--smoke", action="store_true", help="small, ours alone, only to show that it works")
    parser.add_argument("--side", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side:
        side(arguments.side)
        return
    results = {}
    heads = ["", "fit ours ms", "theirs", "ratio", "predict", "theirs", "ratio", "R2 ours", "theirs"]
    for name in arguments.groups or sorted(path.stem for path in GROUPS.glob("*.py")):
        group = group_of(name)
        rows = 500 if arguments.smoke else arguments.rows or group.ROWS
        print(f"\n{name}: {rows} rows, {group.FEATURES} features, CPU ms of one thread, median of {arguments.repeats}")
        print("".join(f"{head:>12}" if i else f"{head:28}" for i, head in enumerate(heads)))
        with tempfile.TemporaryDirectory() as folder:
            data = f"{folder}/data"
            make_data(data, rows, group.FEATURES)
            for index, case in enumerate(group.CASES):
                if arguments.only and not re.search(arguments.only, case["model"]):
                    continue
                repeats = 1 if arguments.smoke else min(arguments.repeats, case.get("repeats", arguments.repeats))
                ours = measure_ours(case, data, rows, group.FEATURES, repeats)
                theirs = None if arguments.smoke else measure_theirs(name, index, data, rows, group.FEATURES, repeats,
                                                                     arguments.python)
                show(case["model"], ours, theirs)
                results[case["model"]] = {"rows": rows, "features": group.FEATURES, "ours": ours, "theirs": theirs}
    out = ROOT / "build/bench/models.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(results, indent=2) + "\n")


main()
