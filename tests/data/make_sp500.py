# SPDX-License-Identifier: Apache-2.0
"""Write sp500.csv from the series that the Python package arch carries. Run: pip install arch==8.0.0; python3 make_sp500.py

The numbers are copied as they are; the dates become ISO 8601 and the column names identifiers.
"""
import csv
import gzip
from importlib.resources import files
from pathlib import Path

NAMES = ["date", "open", "high", "low", "close", "adj_close", "volume"]
source = files("arch.data.sp500").joinpath("sp500.csv.gz").read_bytes()
rows = list(csv.reader(gzip.decompress(source).decode().splitlines()))[1:]
with open(Path(__file__).with_name("sp500.csv"), "w", newline="") as out:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(NAMES)
    for date, *values in rows:
        month, day, year = date.split("/")
        writer.writerow([f"{year}-{int(month):02}-{int(day):02}", *values])
