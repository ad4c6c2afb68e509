# SPDX-License-Identifier: Apache-2.0
"""A run: its settings, the server on one core, the load on another."""
import json
import os
import resource
import subprocess
import tomllib
from pathlib import Path

from measure.processes import on_core
from measure_registry.bench import BUILD, Pinned, Server, show  # noqa: F401


def read_settings(smoke):
    settings = tomllib.loads((Path(__file__).parent / "settings.toml").read_text())
    changes = settings.pop("smoke")
    if smoke:
        for section, values in changes.items():
            settings[section].update(values)
    return settings


class Free(Pinned):
    def start(self):
        return Server.start(self)


class Bench:
    def __init__(self, settings, folder):
        self.settings, self.folder = settings, folder
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 20000)), hard))

    def server(self, name, *arguments):
        return Pinned(self, name, *arguments)

    def free_server(self, name, *arguments):
        """On all cores: for what divides its work."""
        return Free(self, name, *arguments)

    def csv(self, path, repeats):
        """csv_load on the load's core; its figures."""
        return json.loads(on_core(self.settings["run"]["load_core"], [str(BUILD / "bin/csv_load"), str(path), str(repeats)]))

    def pool(self, what, count, in_flight=1):
        """pool_load; its figures. Not pinned: two processes that talk are on two cores if the machine has them."""
        done = subprocess.run([BUILD / "bin/pool_load", what, str(count), str(in_flight)], capture_output=True, text=True,
                              check=True)
        return json.loads(done.stdout)

    def load(self, server, method, request, **options):
        """mrpc_bench_client on the load's core; its figures."""
        path = self.folder / "request"
        path.write_bytes(request)
        words = [str(BUILD / "bin/mrpc_bench_client"), "--target", server.address, "--method", method, "--request", str(path),
                 "--server-pid", str(server.pid)]
        for name, value in options.items():
            words += ["--" + name.replace("_", "-"), str(value)]
        return json.loads(on_core(self.settings["run"]["load_core"], words))

    def mltctl(self, server, *words):
        environment = {**os.environ, "MLTRAINER_SERVER": server.address}
        done = subprocess.run([BUILD / "bin/mltctl", *words], capture_output=True, text=True, env=environment)
        if done.returncode != 0:
            raise RuntimeError(f"mltctl {' '.join(words)}: {done.stderr}")
        return done.stdout
