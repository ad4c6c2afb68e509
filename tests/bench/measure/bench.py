# SPDX-License-Identifier: Apache-2.0
"""A run: its settings, its servers, its two load generators, and how repeats become one figure."""
import json
import os
import re
import statistics
import subprocess
import tomllib
from pathlib import Path

from .processes import Pinned, free_port, on_core

ROOT = Path(__file__).resolve().parents[3]
BUILD = Path(os.environ.get("MLT_BUILD", ROOT / "build/release"))
PEERS = ROOT / "build/bench/peers"
METHOD, STREAMING_METHOD = "/helloworld.Greeter/SayHello", "/helloworld.Greeter/SayHelloStreamReply"
REQUEST = bytes([0, 0, 0, 0, 7, 0x0A, 5]) + b"world"   # HelloRequest {name: "world"} in its gRPC frame


def read_settings(smoke, repeats):
    settings = tomllib.loads((ROOT / "tests/bench/settings.toml").read_text())
    changes = settings.pop("smoke")
    if smoke:
        for section, values in changes.items():
            settings[section].update(values)
        settings["sides"] = {name: side for name, side in settings["sides"].items() if not side.get("peer")}
    if repeats:
        settings["run"]["repeats"] = repeats
    return settings


class Side:
    """One of the servers that are compared."""

    def __init__(self, name, settings, bench):
        self.name, self.bench = name, bench
        self.commands = settings
        self.grpc = settings.get("grpc", True)

    def command(self, kind, port):
        values = {"address": f"127.0.0.1:{port}", "host": "127.0.0.1", "port": port, "build": BUILD, "peers": PEERS,
                  "folder": self.bench.folder, "certificate": self.bench.folder / "certificate.pem",
                  "key": self.bench.folder / "key.pem"}
        return [word.format(**values) for word in self.commands[kind]]

    def start(self, kind="clear"):
        port = free_port()
        return Pinned(self.command(kind, port), port, self.bench.server_core, self.commands.get("environment", {}))


class Bench:
    def __init__(self, settings, folder):
        self.settings, self.folder = settings, folder
        self.repeats = settings["run"]["repeats"]
        self.server_core, self.load_core = settings["run"]["server_core"], settings["run"]["load_core"]
        self.sides = [Side(name, side, self) for name, side in settings["sides"].items()]
        self.write_files()

    def write_files(self):
        """What the servers serve and present: nghttpd's files, the request that h2load posts, a P-256 certificate."""
        streaming = self.settings["streaming"]
        message_bytes = 5 + 2 + streaming["message_bytes"]   # frame prefix, field head
        files = {"80": 80, "stream": streaming["messages_per_call"] * message_bytes,
                 "large": self.settings["large"]["message_bytes"]}
        for name, size in files.items():
            (self.folder / name).write_bytes(b"x" * size)
        (self.folder / "request").write_bytes(REQUEST)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-keyout", self.folder / "key.pem", "-out", self.folder / "certificate.pem", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)

    def interleaved(self, sides, measure, repeats=None):
        """measure(side) for each side in turn, repeats times; the medians of each figure, by the side's name."""
        figures = {side.name: [] for side in sides}
        for _ in range(repeats or self.repeats):
            for side in sides:
                figures[side.name].append(measure(side))
        return {name: {key: statistics.median(one[key] for one in several) for key in several[0]}
                for name, several in figures.items()}

    def h2load(self, side, server, calls, connections, streams, path=None, tls=False):
        """The same bytes to every server; a file in place of a call for nghttpd."""
        command = ["h2load", "-n", str(calls), "-c", str(connections), "-m", str(streams)]
        if side.grpc:
            command += ["-d", str(self.folder / "request"), "-H", "content-type: application/grpc", "-H", "te: trailers"]
        path = METHOD if side.grpc else path or "/80"
        command += [f"{'https' if tls else 'http'}://127.0.0.1:{server.port}{path}"]
        before = server.cpu_seconds()
        report = on_core(self.load_core, command)
        used = server.cpu_seconds() - before
        done = int(re.search(r"(\d+) succeeded", report)[1])
        if done != calls:
            raise RuntimeError(f"{side.name}: only {done} of {calls} calls succeeded\n{report}")
        per_second = float(re.search(r"([\d.]+) req/s", report)[1])
        return {"us_per_call": used / calls * 1e6, "calls_per_second": per_second, "busy": used * per_second / calls}

    def client(self, server, settings, method=METHOD, **options):
        """mrpc_bench_client, whose figures are of its measured seconds only."""
        command = [str(BUILD / "bin/mrpc_bench_client"), "--target", f"127.0.0.1:{server.port}", "--method", method,
                   "--connections", str(settings["connections"]), "--streams", str(settings["streams"]),
                   "--seconds", str(settings["seconds"]), "--server-pid", str(server.pid)]
        for name, value in {"warmup": 0.3, **options}.items():
            command += [f"--{name}"] if value is True else [f"--{name}", str(value)]
        return json.loads(on_core(self.load_core, command))
