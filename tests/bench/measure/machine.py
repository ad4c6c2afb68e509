# SPDX-License-Identifier: Apache-2.0
"""On what, when and with which commit a benchmark ran."""
import datetime
import platform
import subprocess
from pathlib import Path

from .bench import ROOT


def machine():
    model = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    return {"date": datetime.datetime.now().isoformat(timespec="minutes"), "processor": model, "kernel": platform.release(),
            "commit": commit}
