# SPDX-License-Identifier: Apache-2.0
"""Triton's perf_analyzer, as it is, against the server: scenario.py PERF_ANALYZER. What it measures here is nobody's
figure; that it can measure, and what it reads of the server's own statistics, is what is shown."""
import csv
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from cases import case, main
from trained import INPUTS, Trained

PROGRAM = Path(sys.argv.pop(1))
LIBRARIES = PROGRAM.parents[2]  # where setup.sh puts no_cuda.c's
# Three windows of 20 requests, stable however much they differ: it is not asked how quick anything is.
BRIEFLY = ["--measurement-mode", "count_windows", "--measurement-request-count", "20", "--stability-percentage", "999999", "--max-trials", "3"]


def analyze(server, *options):
    """The lines of its report for each load, as dictionaries, and what it said."""
    with tempfile.NamedTemporaryFile("r", suffix=".csv") as report:
        command = [PROGRAM, "-m", "line", "-i", "grpc", "-u", server.address, "--service-kind", "triton", "-f", report.name, "-v", *BRIEFLY, *options]
        for name in INPUTS:
            command += ["--shape", f"{name}:4"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120,
                              env={**os.environ, "LD_LIBRARY_PATH": str(LIBRARIES)}, check=False)
        assert done.returncode == 0, f"{done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        return list(csv.DictReader(report)), done.stdout


def number_after(words, said):
    return int(said.split(words, 1)[1].split()[0])


@case
def requests_one_by_one_are_measured_on_both_sides(server):
    lines, said = analyze(server)
    assert len(lines) == 1 and float(lines[0]["Inferences/Second"]) > 0, lines
    server_side = said.split("Server:", 1)[1]
    assert number_after("Inference count:", server_side) >= 60, said
    assert number_after("Successful request count:", server_side) >= 60, said
    for column in ("Server Queue", "Server Compute Input", "Server Compute Infer", "Server Compute Output"):
        assert int(lines[0][column]) >= 0, lines


@case
def several_at_once_are_measured(server):
    lines, _ = analyze(server, "--async", "--concurrency-range", "2")
    assert [line["Concurrency"] for line in lines] == ["2"], lines


@case
def a_stream_is_measured(server):
    lines, _ = analyze(server, "--streaming")
    assert len(lines) == 1 and float(lines[0]["Inferences/Second"]) > 0, lines


main("interop/perf_analyzer", Trained)
