# SPDX-License-Identifier: Apache-2.0
"""What models of ours cost beside the libraries that they are held against: fit and predict, the same data, CPU time of
one thread, in one run; the median of five, or of as many as take 0.3 s.

Groups are in tests/bench/models/*.py. Ours is measured in a C program that calls the plugin as a worker does (no pool, no
transport); the other side in a Python process of its own. A ratio is ours over theirs. The scores show that both sides did
the same: the share of the target that is explained, or the mean of a column that both give.

A group: ROWS, DATA (a function's name below), FEATURES, BESIDE (the library), given(columns) (what its references get, made
before the clock starts) and CASES. A case: model, parameters, rows and repeats where they differ, and the other side, one of
    reference   a function that makes an object with fit(*given) and predict(given[0]), as scikit-learn has them
    fit         a function of given that makes a model, with predict(model, given, ahead)
    compute     a function of given
ahead: so many rows are predicted; score: r2 or our output's column; said(model, given): theirs of it, where it is not what
was predicted; target: None where nothing is learnt; slower: the reason where ours is.
"""
import argparse
import array
import datetime
import importlib.util
import json
import math
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("MLT_BUILD", ROOT / "build/release"))
GROUPS = ROOT / "tests/bench/models"
REQUIREMENTS = ROOT / "tests/golden/models/requirements.txt"
RECORD = GROUPS / "recorded.json"
SMOKE_ROWS = 200
REPEATS_MAX, ENOUGH_MS = 1000, 300  # as bench_models.c has them: what is quick is run until it has taken so long
KINDS = {"bool": "b", "integer": "i", "number": "n", "numbers": "p", "text": "t"}
HEADS = ["", "fit ours ms", "theirs", "ratio", "predict", "theirs", "ratio", "score ours", "theirs"]
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
    parameters = re.findall(r"^  - name: (\S+)\n(?:    aka: .*\n)?    type: (bool|integer|number|numbers|text)\n    default: (.*)$",
                            text, re.M)
    return head["family"], head["algorithm"], {name: (KINDS[kind], value.strip('"')) for name, kind, value in parameters}


# ---- Data: the same in C and in NumPy, made here without either, so that the smoke needs no package ----

def uniform(state=12345):
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2 ** 64
        yield (state >> 11) / 2 ** 53


def regression(rows, features):
    """Features x0 … between -2 and 2 and a target of theirs that is partly linear."""
    draw = uniform()
    columns = {f"x{i}": array.array("d", (next(draw) * 4 - 2 for _ in range(rows))) for i in range(features)}
    x = list(columns.values())
    columns["*y"] = array.array("d", (math.sin(2 * x[0][r]) * 2 + x[1][r] * x[2 % features][r] + (x[-1][r] > 0.5)
                                      + 0.3 * x[3 % features][(r * 7) % rows] for r in range(rows)))
    return columns


def normal(draw):
    return sum(next(draw) for _ in range(12)) - 6


def blobs(rows, features):
    """50 groups of the same deviation, 0.1, in a cube of side 2."""
    draw = uniform()
    centres = [[2 * next(draw) for _ in range(features)] for _ in range(50)]
    columns = {f"x{i}": array.array("d") for i in range(features)}
    for row in range(rows):
        for centre, column in zip(centres[row % 50], columns.values()):
            column.append(centre + 0.1 * normal(draw))
    return columns


def bars(rows, features):
    """Daily bars whose variance follows GARCH(1, 1) and whose level drifts; returns in percent are the target."""
    draw, close, variance, miss = uniform(), 100.0, 1.0, 0.0
    columns = {name: array.array("d") for name in ("open", "high", "low", "close", "volume", "*returns")}
    for _ in range(rows):
        variance = 0.05 + 0.1 * miss ** 2 + 0.85 * variance
        miss = math.sqrt(variance) * normal(draw)
        before, close = close, close * math.exp((0.002 + miss) / 100 - 0.01 * math.log(close / 100) / 100)
        spread = 0.004 * next(draw) * close
        values = before, max(before, close) + spread, min(before, close) - spread, close, 1e6 * (1 + next(draw)), 0.002 + miss
        for column, value in zip(columns.values(), values):
            column.append(value)
    return columns


def states(rows, features):
    """Returns and ranges of three states that follow each other as a Markov chain does, each for 100 rows on average."""
    draw, now = uniform(), 0
    columns = {"returns": array.array("d"), "range": array.array("d")}
    for _ in range(rows):
        now = (now + 1 + (next(draw) > 0.5)) % 3 if next(draw) < 0.01 else now
        columns["returns"].append((0.5, 0.0, -1.0)[now] + (0.5, 1.0, 2.0)[now] * normal(draw))
        columns["range"].append((1.0, 2.0, 4.0)[now] + 0.5 * normal(draw))
    return columns


DATA = {"regression": regression, "blobs": blobs, "bars": bars, "states": states}


class Table:
    """One set of data in a file, for both sides."""

    def __init__(self, folder, kind, rows, features):
        columns = DATA[kind](rows, features)
        self.rows, self.path, self.names = rows, f"{folder}/{kind}-{rows}", list(columns)
        with open(self.path, "wb") as file:
            for column in columns.values():
                column.tofile(file)

    def names_for(self, case):
        """The names, none of them a target where the model does not learn one."""
        target = case.get("target", "*")
        return [name.strip("*") if target is None else name for name in self.names]


# ---- The two sides ----

def score_of(case):
    return str(case.get("score", "r2" if "reference" in case else 0))


def measure_ours(case, table, repeats):
    family, algorithm, parameters = configuration(case["model"])
    for name, value in case.get("parameters", {}).items():
        parameters[name] = parameters[name][0], str(value)
    command = [BUILD / "tests/bench_models", BUILD / f"lib/mltrainer/plugins/libmltrainer_{family}.so", algorithm, table.path,
               table.rows, case.get("ahead", table.rows), ",".join(table.names_for(case)), repeats, score_of(case),
               *(f"{kind}:{name}={value}" for name, (kind, value) in parameters.items())]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, env={**os.environ, **ONE_THREAD})
    if done.returncode:
        sys.exit(f"{case['model']}: {done.stderr}")
    return {key: float(value) for key, value in (line.split() for line in done.stdout.splitlines())}


def measure_theirs(group, index, table, repeats, python):
    """Runs this file again, in the environment that has the libraries."""
    asked = json.dumps([group, index, table.path, table.rows, table.names, repeats])
    done = subprocess.run([python, __file__, "--side", asked], stdout=subprocess.PIPE, text=True, env={**os.environ, **ONE_THREAD})
    if done.returncode:
        sys.exit(f"{group}: {group_of(group).CASES[index]['model']}: the other side failed")
    return json.loads(done.stdout.splitlines()[-1])


def run_once(case, given, ahead):
    """Fit and predict, or compute: the CPU ms of each, the model and what was said."""
    import time
    model = case["reference"]() if "reference" in case else None
    start = time.process_time()
    if "compute" in case:
        said, middle = case["compute"](given), time.process_time()
    elif "reference" in case:
        model.fit(*given)
        middle = time.process_time()
        said = model.predict(given[0][:ahead])
    else:
        model = case["fit"](given)
        middle = time.process_time()
        said = case["predict"](model, given, ahead)
    return 1000 * (middle - start), 1000 * (time.process_time() - middle), model, said


def side(text):
    import contextlib
    import warnings

    import numpy as np
    warnings.simplefilter("ignore")
    group, index, path, rows, names, repeats = json.loads(text)
    module = group_of(group)
    case = module.CASES[index]
    columns = np.fromfile(path).reshape(len(names), rows)

    def given_of(columns):
        return module.given({name.strip("*"): column for name, column in zip(names, columns)})

    with contextlib.suppress(Exception):  # what is imported late is no part of a fit; few rows may be too few
        run_once(case, given_of(columns[:, :SMOKE_ROWS].copy()), min(case.get("ahead", SMOKE_ROWS), SMOKE_ROWS))
    given, ahead, fits, predictions, score = given_of(columns), case.get("ahead", rows), [], [], None
    while len(fits) < repeats or (1 < repeats and sum(fits) + sum(predictions) < ENOUGH_MS and len(fits) < REPEATS_MAX):
        fit, prediction, model, said = run_once(case, given, ahead)
        fits.append(fit)
        predictions.append(prediction)
        if score is not None:
            continue
        if score_of(case) == "r2":
            y = given[1][:ahead]
            score = 1 - ((y - said) ** 2).sum() / ((y - y.mean()) ** 2).sum()
        else:
            said = np.asarray(case["said"](model, given) if "said" in case else said, dtype=float)
            score = said[np.isfinite(said)].mean()
    print(json.dumps({"fit_ms": float(np.median(fits)), "predict_ms": float(np.median(predictions)), "score": float(score)}))


def show(label, ours, theirs):
    cells = [label]
    for key in ("fit_ms", "predict_ms"):
        said = theirs and theirs[key] > 0.01  # what computes has nothing to predict
        cells += [f"{ours[key]:.1f}", f"{theirs[key]:.1f}" if theirs else "-", f"{ours[key] / theirs[key]:.3f}" if said else "-"]
    cells += [f"{ours['score']:.5g}", f"{theirs['score']:.5g}" if theirs else "-"]
    print("".join(f"{cell:>12}" if i else f"{cell:34}" for i, cell in enumerate(cells)), flush=True)


def measure_group(name, arguments, folder):
    """{model: what was measured} of one group's cases."""
    group, tables, results = group_of(name), {}, {}
    features = getattr(group, "FEATURES", 0)
    for index, case in enumerate(group.CASES):
        if arguments.only and not re.search(arguments.only, case["model"]):
            continue
        rows = case.get("rows", group.ROWS)
        rows = min(rows, SMOKE_ROWS) if arguments.smoke else min(rows, arguments.rows or rows)
        if rows not in tables:
            tables[rows] = Table(folder, group.DATA, rows, features)
            print(f"\n{name}: {rows} rows, CPU ms of one thread, median of {arguments.repeats}")
            print("".join(f"{head:>12}" if i else f"{head:34}" for i, head in enumerate(HEADS)))
        repeats = 1 if arguments.smoke else min(arguments.repeats, case.get("repeats", arguments.repeats))
        ours = measure_ours(case, tables[rows], repeats)
        theirs = None if arguments.smoke else measure_theirs(name, index, tables[rows], repeats, arguments.python)
        show(case["model"], ours, theirs)
        results[case["model"]] = {"group": name, "rows": rows, "features": features, "repeats": repeats, "beside": group.BESIDE,
                                  "ours": ours, "theirs": theirs}
        if "slower" in case:
            results[case["model"]]["slower"] = case["slower"]
    return results


def record(results, command):
    """Beside what was recorded of other models; a model is measured again in whole."""
    said = subprocess.run(["git", "-C", ROOT, "log", "-1", "--format=%h"], capture_output=True, text=True).stdout.strip()
    before = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    for result in results.values():
        result.update({"date": f"{datetime.datetime.now():%Y-%m-%d %H:%M}", "commit": said, "command": command})
    RECORD.write_text(json.dumps({**before, **results}, indent=1, sort_keys=True) + "\n")


def main():
    parser = argparse.ArgumentParser(prog="tests/bench/run models", description=__doc__)
    parser.add_argument("groups", nargs="*", help="of tests/bench/models [all]")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--rows", type=int, help="instead of each group's own number")
    parser.add_argument("--only", help="models whose name matches this expression")
    parser.add_argument("--python", default=sys.executable,
                        help=f"one that has {REQUIREMENTS.relative_to(ROOT)} [the one that runs this]")
    parser.add_argument("--record", action="store_true",
                        help=f"keep the figures in {RECORD.relative_to(ROOT)}, for docs/guide/models.md")
    parser.add_argument("--smoke", action="store_true", help="small, ours alone, only to show that it works")
    parser.add_argument("--side", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side:
        side(arguments.side)
        return
    results = {}
    for name in arguments.groups or sorted(path.stem for path in GROUPS.glob("*.py")):
        with tempfile.TemporaryDirectory() as folder:
            results.update(measure_group(name, arguments, folder))
    out = ROOT / "build/bench/models.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(results, indent=2) + "\n")
    if arguments.record:
        record(results, shlex.join(["tests/bench/run", "models", *arguments.groups, *(["--only", arguments.only] if arguments.only else [])]))


main()
