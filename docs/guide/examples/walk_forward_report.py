#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""walk_forward_report.py PIPELINE FOLDER: what the trainings of a pipeline came to, window by window, beside who only holds.
Writes FOLDER/report.md, a table, and FOLDER/report.svg, a curve each: what 1 becomes by following the predicted sign, without
costs. Asks the server by mltctl ($MLTCTL) and has it draw."""
import json
import math
import os
import subprocess
import sys
from pathlib import Path

DAYS_A_YEAR = 252


def mltctl(*arguments):
    return subprocess.run([os.environ.get("MLTCTL", "mltctl"), *arguments], check=True, capture_output=True, text=True).stdout


def trainings(pipeline):
    """(task, model, result) of each training of the pipeline."""
    for task in json.loads(mltctl("-o", "json", "pipelines", "get", pipeline))["pipeline"]["tasks"]:
        job = json.loads(mltctl("-o", "json", "jobs", "get", task["job"]))["job"]
        if job.get("result", {}).get("folds"):
            yield task["key"].replace("_", " "), job["spec"]["train"]["model"], job["result"]


def figures(metrics):
    return {metric["name"]: metric["value"] for metric in metrics}


def row_of(family, model, folds, prefix=""):
    """One line of the table from the figures of each window."""
    curve = [1.0]
    for fold in folds:
        curve.append(curve[-1] * (1 + fold[f"{prefix}total_return"]))
    return {"family": family, "model": model, "curve": curve,
            "sharpe": sum(fold[f"{prefix}sharpe"] for fold in folds) / len(folds) * math.sqrt(DAYS_A_YEAR),
            "drawdown": max(fold[f"{prefix}max_drawdown"] for fold in folds)}


def rows_of(found):
    """Who holds, then the families, the best first; and the windows."""
    rows = []
    for family, model, result in found:
        folds = [figures(fold["testMetrics"]) for fold in result["folds"]]
        baselines = [figures(fold["baselineMetrics"]) for fold in result["folds"]]
        count, row = len(folds), row_of(family, model, folds)
        row["rmse"] = sum(fold["rmse"] for fold in folds) / count
        row["skill"] = 1 - row["rmse"] / (sum(fold["mean.rmse"] for fold in baselines) / count)
        row["hits"] = sum(fold["hit_rate"] for fold in folds) / count
        row["ahead"] = sum(fold["total_return"] > held["hold.total_return"] for fold, held in zip(folds, baselines))
        rows.append(row)
        hold = row_of("buy and hold", "", baselines, "hold.")
    rows.sort(key=lambda row: -row["curve"][-1])
    return hold, rows, [fold["split"] for fold in found[0][2]["folds"]]


def table(hold, rows, windows):
    first, last = windows[0], windows[-1]
    lines = [f"{len(windows)} windows, tested from {first['testBegin']} to {last['testEnd']}; each model learns from "
             f"{first['trainRows']} days and is tested on the {first['testRows']} that follow.", "",
             "| family | model | error of a day | less than the mean's | hits | Sharpe a year | worst drawdown | windows ahead | 1 becomes |",
             "|---|---|---:|---:|---:|---:|---:|---:|---:|",
             f"| **buy and hold** | | | | | {hold['sharpe']:.2f} | {hold['drawdown']:.0%} | | {hold['curve'][-1]:.2f} |"]
    lines += [f"| {row['family']} | {row['model']} | {row['rmse']:.2%} | {row['skill']:+.1%} | {row['hits']:.1%} | {row['sharpe']:.2f} | "
              f"{row['drawdown']:.0%} | {row['ahead']} of {len(windows)} | {row['curve'][-1]:.2f} |" for row in rows]
    return "\n".join(lines) + "\n"


def card(row):
    detail = f"1 becomes {row['curve'][-1]:.2f} · Sharpe {row['sharpe']:.2f}"
    if "hits" in row:
        detail += f" · {row['hits']:.1%} hits"
    family = "SVM" if row["family"] == "svm" else row["family"]
    title = f"{family} · {row['model']}" if row["model"] else family
    return {"id": row["family"].replace(" ", "-"), "title": title[0].upper() + title[1:], "detail": detail,
            "plot": " ".join(f"{math.log(value):.4f}" for value in row["curve"])}


def picture(hold, rows, windows):
    """A spec of a diagram; YAML reads JSON."""
    first, last = windows[0], windows[-1]
    return json.dumps({
        "title": "Eight families on the S&P 500, by walk-forward",
        "subtitle": f"{len(windows)} windows, {first['testBegin']} to {last['testEnd']}: what 1 becomes by following the predicted "
                    "sign, without costs; one scale, of logarithms, dashed at 1",
        "groups": [{"title": "Out of sample", "id": "out-of-sample", "color": "#2563eb", "kind": "the best family first",
                    "nodes": [card(hold), *map(card, rows)]}]})


def main(pipeline, folder):
    found = list(trainings(pipeline))
    if not found:
        sys.exit(f"{pipeline} has no training with windows")
    report = rows_of(found)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.md").write_text(table(*report))
    (folder / "report.yaml").write_text(picture(*report))
    mltctl("diagram", "render", "--spec", str(folder / "report.yaml"), "--to", str(folder / "report.svg"))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
