# SPDX-License-Identifier: Apache-2.0
"""What pandas reads from each cases/*.csv, as expected/*.txt for csv_test.c (needs pandas; prints its version there).

    python3 make_expected.py

One line a value: doubles as the 16 hexadecimal digits of their bits, so that the last bit counts; "-" where it is absent.
"""
import struct
from pathlib import Path

import pandas

HERE = Path(__file__).parent
NA = ["", "NA", "N/A", "NaN", "nan", "null", "NULL"]


def kind(column):
    values = column.dropna()
    if pandas.api.types.is_bool_dtype(values.infer_objects()):
        return "bool"
    if pandas.api.types.is_integer_dtype(column):
        return "integer"
    if pandas.api.types.is_float_dtype(column):
        return "double"
    try:
        if len(values) and all(len(v) == 10 and pandas.Timestamp(v) is not None and v[4] == "-" for v in values):
            return "date"
    except ValueError:
        pass
    return "text"


def shown(value, name):
    if value is None or value is pandas.NA or (isinstance(value, float) and value != value):
        return "-"
    if name == "double":
        return struct.pack(">d", float(value)).hex()
    if name == "bool":
        return "true" if value else "false"
    return str(value)


for source in sorted(HERE.glob("cases/*.csv")):
    table = pandas.read_csv(source, sep=None, engine="python", keep_default_na=False, na_values=NA) \
        if source.stem == "semicolon" else \
        pandas.read_csv(source, keep_default_na=False, na_values=NA)
    lines = [f"# pandas {pandas.__version__}"]
    for name in table.columns:
        this = kind(table[name])
        lines.append(f"{name} {this}")
        lines += [shown(value, this) for value in table[name]]
    (HERE / "expected").mkdir(exist_ok=True)
    (HERE / "expected" / (source.stem + ".txt")).write_text("\n".join(lines) + "\n")
