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
    """parameters: list of (kind, name, value); tables: {name: {column: values}}."""
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
