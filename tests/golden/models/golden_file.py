# SPDX-License-Identifier: Apache-2.0
"""Write golden files: see README.md."""
import pathlib

import numpy as np


def number(value):
    value = float(value)
    return "nan" if np.isnan(value) else repr(value)


def cell(value):
    return value if isinstance(value, str) else number(value)


def table(name, columns):
    rows = len(next(iter(columns.values())))
    lines = [f"table {name} {rows} {len(columns)}", " ".join(columns)]
    lines += [" ".join(cell(columns[c][row]) for c in columns) for row in range(rows)]
    return lines


def write(script, case, plugin, operation, algorithm, parameters, tolerance, tables, target=None, metrics=None):
    """One file with one case that names an algorithm. parameters: list of (kind, name, value); tables: {name: {column:
    values}}."""
    lines = [f"operation {operation}", f"plugin {plugin}", f"algorithm {algorithm}"]
    lines += [f"parameter {kind} {name} {value}" for kind, name, value in parameters]
    if target:
        lines.append(f"target {target}")
    lines.append(f"tolerance {tolerance!r}")
    for name, columns in tables.items():
        lines += table(name, columns)
    for name, value in (metrics or {}).items():
        lines.append(f"metric {name} {number(value)}")
    path = pathlib.Path(script).parent / f"{case}.golden"
    path.write_text("\n".join(lines) + "\n")


def parameter(name, value):
    if isinstance(value, bool):
        return f"parameter bool {name} {int(value)}"
    if isinstance(value, str):
        return f"parameter text {name} {value}"
    if isinstance(value, (list, tuple)) and isinstance(value[0], str):
        return f"parameter texts {name} {len(value)} " + " ".join(value)
    if isinstance(value, (list, tuple)):
        return f"parameter numbers {name} {len(value)} " + " ".join(number(v) for v in value)
    return f"parameter {'integer' if isinstance(value, int) else 'number'} {name} {value!r}"


class Golden:
    """A file of many cases that name models and share their inputs; a few rows of each result are kept.

        golden = Golden(__file__, "volume")
        golden.input("bars", {"close": ..., "volume": ...})
        golden.case("obv_model", "bars", {"obv": expected})
        golden.write()
    """

    def __init__(self, script, name, tolerance=1e-9, rows=12):
        self.path = pathlib.Path(script).parent / f"{name}.golden"
        self.tolerance, self.rows = tolerance, rows
        self.lines, self.inputs, self.names = [], {}, set()

    def input(self, name, columns):
        columns = {key: np.asarray(values) for key, values in columns.items()}
        self.inputs[name] = columns
        self.lines += table(name, columns)
        return columns

    def chosen_rows(self, columns):
        """Evenly over the rows where something is known, and one before that."""
        values = np.column_stack([np.asarray(c, dtype=float) for c in columns.values()])
        known = np.flatnonzero(np.isfinite(values).any(axis=1))
        if len(known) == 0:
            return []
        rows = {int(known[i]) for i in np.linspace(0, len(known) - 1, self.rows).round().astype(int)}
        for column in range(values.shape[1]):  # signals are mostly 0: a few rows where they are not
            rare = np.flatnonzero(np.isfinite(values[:, column]) & (values[:, column] != 0))
            if len(rare) < len(known) / 4:
                rows |= {int(r) for r in rare[:3]}
        unknown = np.flatnonzero(~np.isfinite(values).all(axis=1))
        return sorted(rows | ({int(unknown[-1])} if len(unknown) else set()))

    def case(self, model, input, expected, parameters=None, tolerance=None, target=None, unseen=None, metrics=None,
             all_rows=False, compute_target=None):
        """expected: {column: values for each row of the input, or of unseen}. With target it is trained first; what
        computes without training and has one is given compute_target."""
        name = f"{input}-{model}"
        while name in self.names:
            name += "+"
        self.names.add(name)
        lines = [f"case {name} {model} {input}"]
        if target or metrics or unseen:
            lines.append("operation train")
        lines += [f"target {target or compute_target}"] if target or compute_target else []
        lines += [f"unseen {unseen}"] if unseen else []
        lines += [parameter(key, value) for key, value in (parameters or {}).items()]
        lines.append(f"tolerance {tolerance or self.tolerance!r}")
        expected = {key: np.atleast_1d(np.asarray(values, dtype=float)) for key, values in expected.items()}
        rows = range(len(next(iter(expected.values())))) if all_rows else self.chosen_rows(expected)
        lines += [f"sample {len(rows)} {len(expected)}", " ".join(expected)]
        lines += [f"{row} " + " ".join(number(expected[c][row]) for c in expected) for row in rows]
        lines += [f"metric {key} {number(value)}" for key, value in (metrics or {}).items()]
        self.lines += lines

    def write(self):
        self.path.write_text("\n".join(self.lines) + "\n")
