# SPDX-License-Identifier: Apache-2.0
"""Tools of other people, as a stranger uses them: the commands of the guide with grpcurl, buf, ghz and promtool, run as they stand."""
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

from cases import case, main, wait_until
from server import ROOT, Server
from tls_server import tls_server

INTEROP = ROOT / "build/interop"
CALLS, GUIDE_S, GHZ_S, PROGRAM_S = 500, 400, 120, 240


@contextlib.contextmanager
def world():
    folders = [program.parent for program in (INTEROP / "go/bin/grpcurl", INTEROP / "tools/ghz", INTEROP / "node/node_modules/.bin/buf")]
    os.environ["PATH"] = os.pathsep.join([*map(str, folders), os.environ["PATH"]])
    with Server() as server:
        yield server


@case
def the_guides_commands_do_what_they_say(server):
    with tempfile.TemporaryDirectory() as work:
        done = subprocess.run([sys.executable, ROOT / "tests/guide/blocks.py", work, "tools"], text=True, capture_output=True,
                              env=dict(os.environ, MLTRAINER_SERVER=server.address), timeout=GUIDE_S)
    lines = re.findall(r"^(?:not )?ok .*$", done.stdout, re.M)
    assert done.returncode == 0 and lines == [f"ok blocks_of_docs/guide/{page}.md" for page in ("debugging", "prometheus")], \
        done.stdout + done.stderr


def program(language):
    """The first program in a language of the page about clients."""
    page = (ROOT / "docs/guide/clients.md").read_text()
    return re.search(rf"^```{language}\n(.*?)^```$", page, re.M | re.S)[1]


@case
def the_guides_clients_run(server):
    """In Python, Go and Node, each in the folder of the tools that are there for it."""
    go = INTEROP / "go/src"
    for language, command, path, folder in (
            ("python", [sys.executable], INTEROP / "python/guide_client.py", ROOT),
            ("go", ["go", "run"], go / "guide_client/main.go", go),
            ("js", ["node"], INTEROP / "node/guide_client.mjs", ROOT)):
        path.parent.mkdir(exist_ok=True)
        path.write_text(program(language).replace("127.0.0.1:50051", server.address)
                        .replace("example.org/client/registryv1", "mltrainer/tests/interop/gen/registry/v1"))
        done = subprocess.run([*command, path], cwd=folder, text=True, capture_output=True, timeout=PROGRAM_S,
                              env=dict(os.environ, GOTOOLCHAIN="local", GOFLAGS="-buildvcs=false"))
        assert done.returncode == 0 and "mltrainer mltrainerd 1" in done.stdout.splitlines(), done.stdout + done.stderr


@case
def grpcurl_comes_by_tls_with_a_token(_):
    with tls_server("--access-mode", "token") as (server, folder):
        mltctl = [Path(os.environ["MLT_BUILD"]) / "bin/mltctl", "--server", f"localhost:{server.port}", "--tls-ca", f"{folder}/ca.pem"]
        subprocess.run([*mltctl, "--token-file", server.data_dir / "bootstrap-token", "token", "create", "root", "--role", "admin",
                        "--to", f"{folder}/root.token"], check=True, capture_output=True)
        token = Path(folder, "root.token").read_text().strip()

        def grpcurl(*words):
            return subprocess.run(["grpcurl", "-cacert", f"{folder}/ca.pem", *words, f"localhost:{server.port}",
                                   "mltrainer.registry.v1.RegistryService/ListServices"], text=True, capture_output=True, timeout=60)

        def lists_the_server():
            allowed = grpcurl("-H", f"authorization: Bearer {token}")
            assert allowed.returncode == 0, allowed
            return "mltrainerd" in allowed.stdout
        wait_until(lists_the_server, "the server is in its own registry")
        refused = grpcurl()
    assert refused.returncode == 64 + 16 and "needs a token" in refused.stderr, refused


def counted(server, series):
    """The sum of all series that match."""
    with urllib.request.urlopen(f"http://{server.address}/metrics", timeout=30) as page:
        return sum(map(int, re.findall(rf"^{series} (\d+)$", page.read().decode(), re.M)))


@case
def ghz_gets_an_answer_to_every_call(server):
    """Unary calls and whole streams; the server has counted as many."""
    for method in ("mltrainer.registry.v1.RegistryService/ListServices", "mltrainer.diagram.v1.DiagramService/RenderStream"):
        number, data = (CALLS, "{}") if method.endswith("s") else (20, '{"drawing": {"view": "container", "format": "FORMAT_SVG"}}')
        series = rf'grpc_server_call_duration_seconds_count{{.*"{method}".*}}'
        before = counted(server, series)
        done = subprocess.run(["ghz", "--insecure", "--call", method, "-d", data, "-n", str(number), "-c", "4", "--connections", "2",
                               "-t", "60s", "-O", "json", server.address], text=True, capture_output=True, timeout=GHZ_S)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["statusCodeDistribution"] == {"OK": number}, done.stdout[:2000]
        wait_until(lambda series=series, wanted=before + number: counted(server, series) == wanted, f"{method} is counted")


@case
def nobody_was_turned_away(server):
    """What well-behaved tools do, to their goodbye, is no fault in the server's eyes."""
    assert counted(server, r"mltrainer_rejected_total\{.*\}") == 0


main("tools", setup=world)
