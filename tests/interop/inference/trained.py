# SPDX-License-Identifier: Apache-2.0
"""A server that knows one model, "line" with two versions: y = x0 + 2 x1 + 3 x2, by least squares."""
import os
import subprocess
import tempfile
from pathlib import Path

from server import ROOT, Server

INPUTS = ["x0", "x1", "x2"]


def rows():
    values = [[float((row * 7 + i * 13) % 29) for i in range(3)] for row in range(60)]
    lines = [",".join(map(str, row + [row[0] + 2 * row[1] + 3 * row[2]])) for row in values]
    return "\n".join([",".join(INPUTS + ["y"])] + lines) + "\n"


def mltctl(server, *words):
    program = Path(os.environ.get("MLT_BUILD", ROOT / "build/release")) / "bin/mltctl"
    subprocess.run([program, *words], check=True, capture_output=True, env={**os.environ, "MLTRAINER_SERVER": server.address})


class Trained(Server):
    def start(self):
        super().start()
        with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
            file.write(rows())
            file.flush()
            mltctl(self, "datasets", "upload", file.name, "--name", "rows")
        for seed in ("1", "2"):
            mltctl(self, "jobs", "train", "linear_regression", "--dataset", "rows", "--target", "y", "--artifact", "line",
                   "--seed", seed, "--follow")
        return self
