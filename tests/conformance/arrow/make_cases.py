# SPDX-License-Identifier: Apache-2.0
"""Arrow files as pyarrow writes them, cases/*.arrow, and what pyarrow reads from them, expected/*.txt, for arrow_test.c
(needs pyarrow; prints its version there). refused/*.arrow is what tables do not hold.

    python3 make_cases.py

One line a value: doubles as the 16 hexadecimal digits of their bits; "-" where it is absent, or not a number.
"""
import datetime
import decimal
import struct
from pathlib import Path

import pyarrow as pa
from pyarrow import ipc

HERE = Path(__file__).parent
DAY = 86400
DAYS = [-719162, -1, 0, 19000, None, 2932896]


def column(values, kind):
    return pa.array(values, kind)


def numbers():
    whole = {f"{sign}int{bits}": column([0, 1, None, 2 ** (bits - (not sign)) - 1 if bits < 64 else 2 ** 63 - 1],
                                        getattr(pa, f"{sign}int{bits}")())
             for sign in ("", "u") for bits in (8, 16, 32, 64)}
    low = {f"low{bits}": column([-(2 ** (bits - 1)), None, -1, 7], getattr(pa, f"int{bits}")()) for bits in (8, 16, 32, 64)}
    import numpy
    half = numpy.array([0.1, -2.0, 65504, 6e-8], numpy.float16)
    return pa.table({**whole, **low, "half": pa.array(half), "single": column([0.1, None, -1e30, 3], pa.float32()),
                     "double": column([0.1, float("nan"), None, 1e308], pa.float64()),
                     "nothing": column([None] * 4, pa.null()), "truth": column([True, None, False, True], pa.bool_())})


def texts():
    return pa.table({"text": ["a", "", None, "größer", "\U0001f600"],
                     "large": column(["x" * 300, None, "", "y", "z"], pa.large_string()),
                     "coded": pa.array(["b", "a", None, "b", "c"]).dictionary_encode(),
                     "bytes": pa.DictionaryArray.from_arrays(pa.array([1, 0, None, 1, 0], pa.uint8()), ["one", None]),
                     "days": pa.DictionaryArray.from_arrays(pa.array([0, 1, 1, None, 0], pa.int16()),
                                                            pa.array([1, 2], pa.date32()))})


def dates():
    units = {"s": 1, "ms": 1000, "us": 10 ** 6}
    stamps = {f"at_{u}": column([None if d is None else d * DAY * n for d in DAYS], pa.timestamp(u))
              for u, n in units.items()}
    return pa.table({"date32": column(DAYS, pa.date32()),
                     "date64": column([None if d is None else d * DAY * 1000 for d in DAYS], pa.date64()), **stamps,
                     "at_ns": column([0, DAY * 10 ** 9, None, -DAY * 10 ** 9, 0, 0], pa.timestamp("ns", "UTC"))})


def long():
    return pa.table({"row": list(range(5000)), "even": [i % 2 == 0 or None for i in range(5000)],
                     "word": [None if i % 7 == 0 else f"w{i % 50}" for i in range(5000)]})


def as_file(table, options=None, rows=None):
    out = pa.BufferOutputStream()
    with ipc.new_file(out, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=rows)
    return out.getvalue().to_pybytes()


def as_stream(table, options=None, rows=None):
    out = pa.BufferOutputStream()
    with ipc.new_stream(out, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=rows)
    return out.getvalue().to_pybytes()


def dictionaries(deltas):
    """Three batches, each of which knows more words or others."""
    out, schema = pa.BufferOutputStream(), pa.schema([("word", pa.dictionary(pa.int8(), pa.string()))])
    with ipc.new_stream(out, schema, options=ipc.IpcWriteOptions(emit_dictionary_deltas=deltas)) as writer:
        for words in (["a", "b"], ["a", "b", "c"], ["a", "b", "c", "d"]) if deltas else (["a"], ["b", "c"], ["d"]):
            positions = pa.array(list(range(len(words))) + [None], pa.int8())
            writer.write_batch(pa.record_batch([pa.DictionaryArray.from_arrays(positions, words)], schema))
    return out.getvalue().to_pybytes()


OPTIONS = ipc.IpcWriteOptions
CASES = {
    "numbers_file": as_file(numbers()),
    "numbers_stream": as_stream(numbers()),
    "texts_file": as_file(texts()),
    "texts_stream": as_stream(texts()),
    "texts_batches": as_file(texts(), rows=2),
    "dates": as_file(dates()),
    "long_plain": as_stream(long().slice(3, 900), rows=100),
    "long_lz4": as_file(long(), OPTIONS(compression="lz4"), 1000),
    "long_zstd": as_stream(long(), OPTIONS(compression="zstd"), 1700),
    "texts_lz4": as_stream(texts(), OPTIONS(compression="lz4")),
    "texts_zstd": as_file(texts(), OPTIONS(compression="zstd")),
    "legacy": as_stream(numbers(), OPTIONS(use_legacy_format=True, metadata_version=ipc.MetadataVersion.V4)),
    "no_rows": as_file(texts().slice(0, 0)),
    "no_batches": as_stream(texts().slice(0, 0), rows=1),
    "deltas": dictionaries(True),
    "replaced": dictionaries(False),
}
REFUSED = {
    "list": pa.table({"x": [[1], [2]]}),
    "decimal": pa.table({"x": [decimal.Decimal("1.5")]}),
    "binary": pa.table({"x": [b"a"]}),
    "time_of_day": pa.table({"x": column([0, 1], pa.timestamp("s"))}),
    "zone": pa.table({"x": column([0], pa.timestamp("s", "Europe/Berlin"))}),
    "large_whole": pa.table({"x": column([1, 2 ** 63], pa.uint64())}),
    "view": pa.table({"x": column(["a"], pa.string_view())}),
    "twice": pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["x", "x"]),
    "late": pa.table({"x": column([2932897], pa.date32())}),
    "nul": pa.table({"x": ["a\0b"]}),
}


def kind(type_):
    if pa.types.is_dictionary(type_):
        return kind(type_.value_type)
    if pa.types.is_integer(type_):
        return "integer"
    if pa.types.is_floating(type_) or pa.types.is_null(type_):
        return "double"
    if pa.types.is_boolean(type_):
        return "bool"
    return "text" if pa.types.is_string(type_) or pa.types.is_large_string(type_) else "date"


def shown(value, name):
    if value is None or value != value:
        return "-"
    if name == "double":
        return struct.pack(">d", float(value)).hex()
    if name == "bool":
        return "true" if value else "false"
    if isinstance(value, datetime.datetime):
        value = value.date()
    return value.isoformat() if name == "date" else str(value)


def read(data):
    opened = ipc.open_file(data) if data.startswith(b"ARROW1") else ipc.open_stream(data)
    return opened.read_all()


for folder in ("cases", "expected", "refused"):
    (HERE / folder).mkdir(exist_ok=True)
for case, data in CASES.items():
    (HERE / "cases" / f"{case}.arrow").write_bytes(data)
    lines = [f"# pyarrow {pa.__version__}"]
    table = read(data)
    for name in table.column_names:
        this = kind(table.schema.field(name).type)
        lines.append(f"{name} {this}")
        for value in table[name]:
            lines.append(shown(value.as_py(), this))
    (HERE / "expected" / f"{case}.txt").write_text("\n".join(lines) + "\n")
for case, table in REFUSED.items():
    (HERE / "refused" / f"{case}.arrow").write_bytes(as_stream(table))
