# SPDX-License-Identifier: Apache-2.0
"""The programs of docs/guide/xds.md, run as they stand against a backend."""
import os
import re
import subprocess
import sys
import tempfile

from scenario import BUILT, World, bootstrap_for
from server import ROOT, Server

PROGRAM_S = 120


def program(language):
    page = (ROOT / "docs/guide/xds.md").read_text()
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert len(blocks) == 1, f"{len(blocks)} programs in {language}"
    return blocks[0]


def placed(language, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(program(language))
    return str(path)


def commands():
    go = BUILT / "go/src"
    return {
        "python": lambda: ([sys.executable, placed("python", BUILT / "python/guide_xds.py")], ROOT),
        "go": lambda: (["go", "run", placed("go", go / "guide_xds/main.go")], go),
        "node": lambda: (["node", placed("js", BUILT / "node/guide_xds.mjs")], ROOT),
    }


def run(name, environment):
    command, folder = commands()[name]()
    done = subprocess.run(command, cwd=folder, env=environment, timeout=PROGRAM_S, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    assert done.returncode == 0 and done.stdout.splitlines()[-1:] == ["SERVING"], f"{done.returncode}: {done.stdout}"


def main():
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        world = World(server, None)
        environment = dict(os.environ, GRPC_XDS_BOOTSTRAP=str(bootstrap_for(server, folder)),
                           PROTO_PATH=str(ROOT / "proto/external"), GOTOOLCHAIN="local", GOFLAGS="-buildvcs=false")
        try:
            world.start("orders", "b1")
            for name in sys.argv[1:] or commands():
                try:
                    run(name, environment)
                    print(f"ok xds/guide_{name}", flush=True)
                except Exception as error:
                    print(f"{error}\n{server.log_tail()}\nnot ok xds/guide_{name}", flush=True)
        finally:
            world.close()


main()
