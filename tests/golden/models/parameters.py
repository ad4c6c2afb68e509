#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each id has the parameters of expected.tsv: by its own name for one or by another (aka), or it says why one is absent;
bounds and choices take in what was allowed there; defaults are the same, or DIFFERENT says why not."""
import re
import sys
from pathlib import Path

from page import PLUGINS, read_model

EXPECTED = Path(__file__).parent / "expected.tsv"
BY_VOLATILITY = "0 is the lattice of the row's volatility and rate, which the table has"
NO_LIMIT = "0 is no limit"
DIFFERENT = {
    "binomial_tree_model.up_factor": BY_VOLATILITY,
    "binomial_tree_model.risk_neutral_prob": BY_VOLATILITY,
    "clustering_regime.features": "mean and deviation, by name",
    "decision_tree.max_depth": NO_LIMIT,
    "random_forest.max_depth": NO_LIMIT,
    "ensemble_regime.models": "without any it had no members",
    "information_ratio.benchmark_returns": "the column of that role is called benchmark in all models",
    "mean_variance.target_return": "0 is none",
    "stress_testing_model.stress_scenarios": "its own three by name",
    "svr.gamma": "0 is scale: 1 over features and their variance",
    "value_at_risk.method": "the first of the three",
    "volatility_forecasting.model_type": "linear, which costs least",
    "volatility_forecasting.model_type.arima": "autoregressive has its lags, garch_volatility the moving average too",
    "voting_classifier.weights": "one weight for all is none",
}


def expected():
    """(model, name, default or None, least, most), numbers as they are written."""
    for line in EXPECTED.read_text().splitlines():
        if line.startswith("#") or line.startswith("model_id"):
            continue
        model, _, parameters = line.partition("\t")
        yield model, None, None, None, None
        for text in re.split(r";(?![^\[\]]*\])", parameters) if parameters else []:
            name, _, rest = text.partition("=")
            bounds = re.search(r"\[([^\[\],]*)\.\.([^\[\],]*)\]$", rest)
            default = rest[:bounds.start()] if bounds else rest
            yield model, name, default or None, *(bounds.groups() if bounds else (None, None))


def plain(text):
    """Numbers as numbers, lists as tuples of such."""
    text = (text or "").strip()
    if text.startswith("["):
        return tuple(plain(item) for item in text[1:-1].split(","))
    try:
        return float(text)
    except ValueError:
        return text.lower()


def complaint(model, have, name, default, least, most):
    key = f"{model}.{name}"
    parameter = next((p for p in have["parameters"] if name in p["names"]), None)
    absent = any(name == other for other, _ in have["absent"])
    if parameter is None:
        return None if absent else f"{key} is no parameter, no alias, and not absent for a reason"
    if least is not None and (plain(parameter.get("minimum", least)) > plain(least) or
                              plain(parameter.get("maximum", most)) < plain(most)):
        return f"{key} takes {parameter['minimum']} to {parameter['maximum']}, not {least} to {most}"
    choices = parameter.get("choices", "").strip("[]").split(", ")
    for choice in default.split("|") if default and "|" in default else ():
        if (choice in choices) == (f"{key}.{choice}" in DIFFERENT):
            return f"{key} {'has' if choice in choices else 'has not'} the choice {choice}; DIFFERENT says otherwise"
    same = default is None or plain(default) == plain(parameter.get("default"))
    if same == (key in DIFFERENT):
        return f"{key} has the default {parameter.get('default')}, {'and is DIFFERENT' if same else f'not {default}'}"
    return None


def main():
    models = {path.stem: read_model(path) for path in PLUGINS.glob("*/models/*.yaml")}
    complaints, compared = [], set()
    for model, name, *rest in expected():
        if model not in models:
            complaints.append(f"there is no model {model}")
        elif name:
            compared.add(f"{model}.{name}")
            complaints.append(complaint(model, models[model], name, *rest))
    complaints += [f"DIFFERENT has {key}, which nobody expects" for key in DIFFERENT
                   if ".".join(key.split(".")[:2]) not in compared]
    complaints = [c for c in complaints if c]
    print("\n".join(complaints) or f"{len(compared)} parameters of {len(set(k.split('.')[0] for k in compared))} models")
    return len(complaints) > 0


if __name__ == "__main__":
    sys.exit(main())
