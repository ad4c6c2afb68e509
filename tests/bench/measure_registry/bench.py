# SPDX-License-Identifier: Apache-2.0
"""A run: its settings, the server on one core, the load on another, and a table of what was asked."""
import json
import os
import resource
import shutil
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/support"))

from measure.processes import on_core  # noqa: E402
from server import Server  # noqa: E402

BUILD = Path(os.environ.get("MLT_BUILD", ROOT / "build/release"))


def read_settings(smoke):
    settings = tomllib.loads((Path(__file__).parent / "settings.toml").read_text())
    changes = settings.pop("smoke")
    if smoke:
        for section, values in changes.items():
            settings[section].update(values)
    return settings


class Pinned(Server):
    """mltrainerd with the server's core for itself, as far as the machine has it."""

    def __init__(self, bench, name, *arguments):
        self.core = bench.settings["run"]["server_core"]
        super().__init__("--log-level", "warn", "--limits-connections", "20000",
                         "--execution-workers", "1", *arguments, data_dir=bench.folder / name)
        self.data_dir.mkdir(exist_ok=True)

    def start(self):
        all_cores = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {self.core})   # inherited
        try:
            return super().start()
        finally:
            os.sched_setaffinity(0, all_cores)

    def remove(self):
        super().remove()
        shutil.rmtree(self.data_dir, ignore_errors=True)


class Bench:
    def __init__(self, settings, folder):
        self.settings, self.folder = settings, folder
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, settings["run"]["files"])), hard))

    def server(self, name, *arguments):
        return Pinned(self, name, *arguments)

    def load(self, server, command, **options):
        """registry_load on the load's core; its figures."""
        return self.run(command, target=server.address, server_pid=server.pid, **options)

    def run(self, command, **options):
        words = [str(BUILD / "bin/registry_load"), command]
        for name, value in options.items():
            flag = "--" + name.replace("_", "-")
            words += [flag] if value is True else [flag, str(value)]
        return json.loads(on_core(self.settings["run"]["load_core"], words))


def show(title, rows):
    """rows: (label, figure, format, what is asked as text)."""
    width = max(len(title), *(len(label) for label, *_ in rows))
    print(f"\n{title.ljust(width)}  {'measured':>10}  asked")
    for label, figure, form, asked in rows:
        print(f"{label.ljust(width)}  {format(figure, form):>10}  {asked}".rstrip())
