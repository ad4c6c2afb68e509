# SPDX-License-Identifier: Apache-2.0
"""Run every client against a server of its own and pass its lines on; a cell that a client did not report has failed."""
import subprocess
import sys
import traceback

from server import ROOT, Server

BUILT = ROOT / "build/interop"
CELLS = ("reflection unary_registry unary_execution unary_diagram unary_admin unary_health server_streaming "
         "client_streaming bidi_streaming cancel deadline error_details").split()
WEB_CELLS = "unary unary_large server_streaming metadata error_details deadline cancel".split()
WEB = ("web-http1", "web-http2", "web-gzip", "web-fetch", "web-google",
       "connect-http1", "connect-http2", "connect-gzip", "connect-get", "connect-fetch")
CONNECT_GO_CELLS = ("unary unary_json unary_gzip get get_json metadata server_streaming client_streaming error_details "
                    "deadline").split()
CLIENT_S = 600
HERE = ROOT / "tests/interop"


def commands(address, pid):
    run = [address, str(pid)]
    return {
        "python": [sys.executable, str(HERE / "python/client.py"), *run],
        "go": [str(BUILT / "go/bin/client"), *run],
        "connect-go": [str(BUILT / "go/bin/connect"), *run],
        "grpcurl": [sys.executable, str(HERE / "command_line/client.py"), "grpcurl", str(BUILT / "go/bin/grpcurl"), *run],
        "node": ["node", str(BUILT / "node/client.mjs"), *run, str(ROOT / "proto")],
        **{name: ["node", str(BUILT / "web/client.mjs"), name, *run] for name in WEB},
        "buf": [sys.executable, str(HERE / "command_line/client.py"), "buf", str(BUILT / "node/node_modules/.bin/buf"), *run],
    }


def run_client(name):
    """The client's lines, and at the end whether the server was still the same and stopped cleanly."""
    reported, ran = set(), False
    try:
        with Server() as server:
            ran = True
            command = commands(server.address, server.pid)[name]
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=CLIENT_S)
            for line in done.stdout.splitlines():
                print(line)
                if line.startswith(("ok ", "not ok ")):
                    reported.add(line.split()[-1])
        print(f"ok {name}/server_stays_and_stops")
    except Exception as error:
        output = getattr(error, "output", None)
        print(output.decode() if isinstance(output, bytes) else output or "")
        print(traceback.format_exc(), f"not ok {name}/server_stays_and_stops", sep="")
    for cell in CONNECT_GO_CELLS if name == "connect-go" else WEB_CELLS if name in WEB else CELLS:
        if ran and f"{name}/{cell}" not in reported:
            print(f"{name} did not report it\nnot ok {name}/{cell}")
    sys.stdout.flush()


def main():
    names = sys.argv[1:] or ["python", "go", "grpcurl", "node", "buf", *WEB, "connect-go"]
    for name in names:
        run_client(name)


main()
