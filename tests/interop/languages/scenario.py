# SPDX-License-Identifier: Apache-2.0
"""The example in each language (docs/guide/examples) does what it says, against the real server.

    scenario.py [LANGUAGE...]

Each trains on the same data and must predict the same number; keeps an instance registered across a deregistration and
a kill of the server; and watches the same happen. Over TLS as well (Rust in the long run alone: there it is compiled).
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

from cases import case, main, wait_until
from server import ROOT, Server
from tls_server import tls_server

CSV = ROOT / "tests/data/sp500.csv"
LONG = os.environ.get("MLT_LONG") == "1"
BUILD = Path(__file__).resolve().with_name("build.sh")
NEEDS = {"python": "python3", "go": "go", "node": "npm", "java": "mvn", "rust": "cargo"}
commands = {}


class Program:
    """One that runs: its lines as they come."""

    def __init__(self, language, address, *arguments):
        environment = dict(os.environ, MLTRAINER_SERVER=address, PYTHONPATH=str(ROOT / "build/languages/python"))
        self.process = subprocess.Popen([*commands[language].split(), *arguments], env=environment, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        self.lines = []
        threading.Thread(target=lambda: self.lines.extend(iter(self.process.stdout.readline, "")), daemon=True).start()

    def wait_line(self, pattern, after=0):
        """The match of the first line that matches, after so many lines."""
        def found():
            return next((m for m in (re.match(pattern, line) for line in self.lines[after:]) if m), None)
        return wait_until(found, f"{pattern!r} in {self.lines}", 180)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(120) in (0, 143), (self.process.returncode, self.lines)  # Java tells the signal


def trained(language, address, **environment):
    done = subprocess.run([*commands[language].split(), "train", str(CSV), "close"], text=True, capture_output=True, timeout=300,
                          env=dict(os.environ, MLTRAINER_SERVER=address, PYTHONPATH=str(ROOT / "build/languages/python"), **environment))
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert re.fullmatch(r"dataset example@1, 5031 rows", lines[0]) and "succeeded" in lines, lines
    assert any(re.match(r"rmse 5\.78337e-05$|rmse 0\.0000578[0-9]+$", line) for line in lines), lines
    return round(float(re.fullmatch(r"prediction (\S+)", lines[-1])[1]), 4)


def refused(language, address, what, *arguments):
    """An error of the server comes to the user's eyes, and as the exit status."""
    done = subprocess.run([*commands[language].split(), *arguments], text=True, capture_output=True, timeout=300,
                          env=dict(os.environ, MLTRAINER_SERVER=address, PYTHONPATH=str(ROOT / "build/languages/python")))
    assert done.returncode != 0 and what in done.stdout + done.stderr, (done.returncode, done.stdout, done.stderr)


def make(language):
    def trains_and_predicts(server):
        assert trained(language, server.address) == 2506.85
        refused(language, server.address, "no_such_column", "train", str(CSV), "no_such_column")

    def stays_registered(server):
        service = f"example-{language}"
        watcher = Program(language, server.address, "watch", service)
        keeper = Program(language, server.address, "keep", service, "a", "127.0.0.1", "8080")
        first = int(keeper.wait_line(rf"registered {service}/a, incarnation (\d+)")[1])
        watcher.wait_line(r"(added|present) a healthy")
        seen, kept = len(watcher.lines), len(keeper.lines)
        subprocess.run([ROOT / os.environ.get("MLT_BUILD", "build/release") / "bin/mltctl", "--server", server.address, "registry", "deregister",
                        f"{service}/a"], check=True, capture_output=True)
        watcher.wait_line(r"removed a ", seen)
        assert int(keeper.wait_line(rf"registered {service}/a, incarnation (\d+)", kept)[1]) > first
        watcher.wait_line(r"added a healthy", seen)
        seen = len(watcher.lines)
        keeper.end()
        keeper.wait_line(f"deregistered {service}/a$", kept)
        watcher.wait_line(r"removed a ", seen)
        watcher.process.kill()
        watcher.process.wait()

    def over_tls(_):
        with tls_server() as (server, folder):
            assert trained(language, f"localhost:{server.port}", MLTRAINER_CA=f"{folder}/ca.pem") == 2506.85
            refused(language, f"localhost:{server.port}", "", "watch", "web")  # in clear text

    def stubs_have_types(server):
        """What build.sh compiled runs; a name that is not there does not compile."""
        folder = ROOT / "build/languages/examples/node"
        done = subprocess.run(["node", folder / "services.js"], text=True, capture_output=True, timeout=300,
                              env=dict(os.environ, MLTRAINER_SERVER=server.address))
        assert "mltrainer/mltrainerd" in done.stdout.splitlines(), done.stdout + done.stderr
        (folder / "slip.ts").write_text((folder / "services.ts").read_text().replace("healthyCount", "healthyCuont"))
        options = ["--strict", "--noEmit", "--module", "nodenext", "--types", "node", "--skipLibCheck", "--ignoreConfig"]
        done = subprocess.run(["npx", "tsc", *options, "slip.ts"], cwd=folder, text=True, capture_output=True, timeout=300)
        assert done.returncode != 0 and "healthyCuont" in done.stdout and done.stdout.count("error") == 1, done.stdout + done.stderr

    cells = [trains_and_predicts, stays_registered] + ([over_tls] if language != "rust" or LONG else [])
    cells += [stubs_have_types] if language == "node" else []
    for cell in cells:
        cell.__name__ = f"{language}_{cell.__name__}"
        case(cell)


def all_come_back(server):
    """The server is killed and starts again: all are there again."""
    keepers = {language: Program(language, server.address, "keep", "example-all", language, "127.0.0.1", "8080") for language in commands}
    for language, keeper in keepers.items():
        keeper.wait_line(rf"registered example-all/{language}")
    kept = {language: len(keeper.lines) for language, keeper in keepers.items()}
    server.kill()
    server.start()
    for language, keeper in keepers.items():
        keeper.wait_line(rf"registered example-all/{language}", kept[language])
        keeper.end()


for name in sys.argv[1:] or NEEDS:
    if not shutil.which(NEEDS[name]):
        print(f"skip languages/{name} # there is no {NEEDS[name]} here")
        continue
    built = subprocess.run([BUILD, name], text=True, capture_output=True)
    if built.returncode != 0:
        print(f"{built.stderr}\nnot ok languages/{name}_builds")
        continue
    commands[name] = built.stdout.splitlines()[-1]
    make(name)
case(all_come_back)
sys.argv[1:] = []
main("languages", setup=Server)
