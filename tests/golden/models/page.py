#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/guide/models.md from the catalog, its golden cases and the families' pages. --write makes it; else it is compared
with what is there, and the first difference is told."""
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PLUGINS, GOLDEN, PAGE = ROOT / "server/plugins", ROOT / "tests/golden/models", ROOT / "docs/guide/models.md"
RECORD = ROOT / "tests/bench/models/recorded.json"
HEAD = """# Models

Every model that the server computes, made from the configurations by `tests/golden/models/page.py --write`. `mltctl models describe ID`
says all about one: parameters with bounds, columns that it reads and gives. Parameters here are the defaults, in brackets the other names that a
request may give one by. The reference is what the results are held against in `tests/golden/models`, the tolerance how closely (relative to 1 + the value). A model without a reference
is held against the formula that its family's page states, computed by the script that made the golden values.
"""


def scalar(text):
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def read_model(path):
    """The keys that the page shows and parameters.py compares; the server's own reader is the strict one."""
    model, lists = {}, {"parameters": [], "absent": []}
    section = None
    for line in path.read_text().splitlines():
        if top := re.match(r"(\w+):(.*)", line):
            section = top[1]
            model[section] = scalar(re.sub(r"\s+#.*", "", top[2]))
        elif section in lists and (item := re.match(r"\s+(- )?(\w+):(.*)", line)):
            if item[1]:
                lists[section].append({})
            lists[section][-1][item[2]] = scalar(item[3])
    for parameter in lists["parameters"]:
        others = [name.strip() for name in parameter.get("aka", "").strip("[]").split(",") if name]
        parameter["names"] = [parameter["name"], *others]
    return model | {"parameters": lists["parameters"], "absent": [(a["name"], a["reason"]) for a in lists["absent"]]}


def shown(parameter):
    name, *others = parameter["names"]
    return (name + (f" ({', '.join(others)})" if others else "") +
            (f"={parameter['default']}" if "default" in parameter else ""))


def tolerances(family):
    """{model or algorithm: loosest tolerance} of the golden cases."""
    found = {}
    for path in sorted((GOLDEN / family).glob("*.golden")):
        key = None
        for line in path.read_text().splitlines():
            words = line.split(" ", 3)
            if words[0] == "case":
                key = words[2]
            elif words[0] == "algorithm":
                key = "algorithm " + words[1]
            elif words[0] == "tolerance":
                found[key] = max(found.get(key, 0), float(words[1]))
    return found


def title(family):
    return (PLUGINS / family / "README.md").read_text().splitlines()[0].lstrip("# ")


def ratio(result, key):
    ours, theirs = result["ours"][key], result["theirs"][key]
    return ours / theirs if theirs > 0.01 else None  # what computes has nothing to predict


def cell(value):
    return "" if value is None else f"{value:.2f}" if value >= 0.01 else "under 0.01"


def speed():
    """What `tests/bench/run models --record` measured, and what lost."""
    results = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    if not results:
        return []
    days = sorted({result["date"][:10] for result in results.values()})
    commits = sorted({result["commit"] for result in results.values()})
    lines = ["", "## Speed", "", f"CPU time of one thread, ours over the library's that stands beside it, on the same data in one run: `tests/bench/run models GROUP --record`, {' and '.join(days)}, {', '.join(commits)}.",
             "Under 1 is faster than the library. What computes has no prediction of its own; scikit-learn's neighbours do nothing when they are fitted.", "",
             "| model | rows | beside | fit | predict |", "|---|---|---|---|---|"]
    slower = []
    for name, result in sorted(results.items(), key=lambda item: (item[1]["group"], item[0])):
        fit, predict = ratio(result, "fit_ms"), ratio(result, "predict_ms")
        lines.append(f"| {name} | {result['rows']:,} | {result['beside']} | {cell(fit)} | {cell(predict)} |")
        if max(fit or 0, predict or 0) > 1.05:
            slower.append(f"| {name} | {result.get('slower', 'not looked into yet')} |")
    modest = [name for name, result in sorted(results.items()) if result["group"] == "indicators" and ratio(result, "fit_ms") > 0.1]
    if modest:
        lines += ["", f"Indicators of less than ten times the speed of pandas, {', '.join(modest)}: theirs are few passes over memory, too, in C beneath; of ours a third to a half is dividing (`perf report`), or looking whether all values are finite and clearing the result, each as long as a difference takes."]
    if slower:
        lines += ["", "Slower than the library, by more than what two runs differ:", "", "| model | why |", "|---|---|", *slower]
    lines += ["", "These are without a server. What a job's and a prediction's way through one adds to a linear model: `tests/bench/run execution --only model`, [The execution engine](../internals/performance.md#the-execution-engine)."]
    return lines


def page():
    lines, computed, unavailable, algorithms = [], 0, 0, set()
    for folder in sorted(PLUGINS.glob("*/models")):
        family = folder.parent.name
        held, absent = tolerances(family), []
        lines += ["", f"## {title(family)}", "", "| model | task | parameters | engine | reference | tolerance |",
                  "|---|---|---|---|---|---|"]
        for path in sorted(folder.glob("*.yaml")):
            m = read_model(path)
            absent += [f"| {m['id']} | {name} | {reason} |" for name, reason in m["absent"]]
            if "unavailable" in m:
                unavailable += 1
                lines.append(f"| {m['id']} | {m['task']} | UNAVAILABLE: {m['unavailable']} | | | |")
                continue
            computed += 1
            algorithms.add((family, m["algorithm"]))
            tolerance = held.get(m["id"], held.get("algorithm " + m["algorithm"]))
            reference = f"`{m['reference']}`" if m.get("reference") else "formula"
            lines.append(f"| {m['id']} | {m['task']} | {', '.join(map(shown, m['parameters']))} | {m['engine']} | {reference} | "
                         f"{f'{tolerance:g}' if tolerance else 'none'} |")
        if absent:
            lines += ["", "| model | not here | why |", "|---|---|---|", *absent]
    lines += speed()
    count = f"\nComputed: {computed} models by {len(algorithms)} algorithms. Unavailable: {unavailable}.\n"
    return HEAD + count + "\n".join(lines) + "\n"


def main():
    if "--write" in sys.argv[1:]:
        PAGE.write_text(page())
        return 0
    have, want = PAGE.read_text().splitlines() if PAGE.exists() else [], page().splitlines()
    for number, (a, b) in enumerate(zip(have + [""] * len(want), want), 1):
        if a != b:
            print(f"docs/guide/models.md:{number} is not what page.py --write makes: {b[:80]}")
            return 1
    if len(have) != len(want):
        print("docs/guide/models.md has lines that page.py --write does not make")
    return len(have) != len(want)


if __name__ == "__main__":
    sys.exit(main())
