# SPDX-License-Identifier: Apache-2.0
"""gRPC's interop cases between our programs and those of other languages, both ways, in clear text and over TLS.

    testing_matrix.py [CELL]...      all cells, or those whose name contains one of the words: ours-go/tls/ping_pong

A cell is CLIENT-SERVER/SECURITY/CASE. What a peer cannot do is in EXCLUDED, with the reason; a cell that is excluded is
printed as such and not run.
"""
import concurrent.futures
import os
import re
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "tests/interop"
BUILT = ROOT / "build/interop"
BUILD = Path(os.environ["MLT_BUILD"])
LONG = "MLT_LONG" in os.environ
READY_S, CLIENT_S = 60, 180 if not LONG else 1800
SERVER_NAME = "interop.test"    # in the certificate; clients come to 127.0.0.1 and say --server_host_override

CORE = ("empty_unary large_unary client_streaming server_streaming ping_pong empty_stream custom_metadata "
        "status_code_and_message special_status_message unimplemented_method unimplemented_service cancel_after_begin "
        "cancel_after_first_response timeout_on_sleeping_server").split()
COMPRESSION = "client_compressed_unary server_compressed_unary client_compressed_streaming server_compressed_streaming".split()
SOAK = "rpc_soak channel_soak".split()
HTTP2 = ("goaway rst_after_header rst_during_data rst_after_data ping max_streams data_frame_padding "
         "no_df_padding_sanity_test").split()
# Ours alone: features of the server that no case of gRPC's asserts, and requests in gzip to whoever takes them, also to
# peers that cannot say whether they came so.
FEATURES = "observe_interval_us cancel_in_interval half_duplex cacheable_headers".split()
GZIP = "large_unary+gzip client_streaming+gzip ping_pong+gzip".split()
PEERS = ["go", "python", "node"]

# (side, peer, case): why it cannot be. A client of these that cannot see the flag of a response asserts all the rest.
EXCLUDED = {
    ("client", "go", "client_compressed_streaming"): "grpc-go compresses all messages of a call or none",
    ("server", "go", "server_compressed_streaming"): "grpc-go compresses all messages of a call or none",
    ("client", "python", "client_compressed_streaming"): "a grpcio client compresses all messages of a call or none",
    ("server", "python", "client_compressed_unary"): "grpcio does not tell a server whether a request came compressed",
    ("server", "python", "client_compressed_streaming"): "grpcio does not tell a server whether a request came compressed",
    ("server", "node", "client_compressed_unary"): "grpc-js does not tell a server whether a request came compressed",
    ("server", "node", "client_compressed_streaming"): "grpc-js does not tell a server whether a request came compressed",
    ("server", "node", "server_compressed_unary"): "a grpc-js server does not compress",
    ("server", "node", "server_compressed_streaming"): "a grpc-js server does not compress",
}

ENVIRONMENT = dict(os.environ, PYTHONPATH=str(BUILT / "python/testing"), GRPC_GO_LOG_SEVERITY_LEVEL="info", GRPC_VERBOSITY="NONE")


def about_compression(case):
    return case in COMPRESSION + GZIP


def client_command(peer, case):
    return {
        "ours": [str(BUILD / "bin/mrpc-interop-client")],
        "go": [str(BUILT / "go/bin" / ("interop-compression" if about_compression(case) else "interop-client"))],
        "python": [sys.executable, str(HERE / "python/interop_client.py")],
        "node": ["node", str(BUILT / "node/interop_client.mjs")],
    }[peer]


def server_command(peer, case):
    if case in HTTP2:
        return [sys.executable, str(HERE / "python/http2_server.py"), f"--test_case={case}"]
    return {
        "ours": [str(BUILD / "bin/mrpc-interop-server"), "--port=0"],
        "go": [str(BUILT / "go/bin/interop-compression"), "--serve"] if about_compression(case) else
              [str(BUILT / "go/bin/interop-server"), "--port=0"],
        "python": [sys.executable, str(HERE / "python/interop_server.py")],
        "node": ["node", str(BUILT / "node/interop_server.mjs")],
    }[peer]


class Certificate:
    def __init__(self, folder):
        self.file, self.key = str(folder / "certificate.pem"), str(folder / "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", f"/CN={SERVER_NAME}", "-addext", f"subjectAltName=DNS:{SERVER_NAME}", "-keyout", self.key,
                        "-out", self.file], check=True, capture_output=True)

    def server_flags(self, peer):
        use = [] if peer in ("python", "node") else ["--use_tls=true"]
        return use + [f"--tls_cert_file={self.file}", f"--tls_key_file={self.key}"]

    def client_flags(self, peer):
        trust = ["--use_test_ca=true"] if peer in ("ours", "go-own") else []
        return ["--use_tls" if peer in ("python", "node") else "--use_tls=true", *trust, f"--ca_file={self.file}",
                f"--server_host_override={SERVER_NAME}"]


class Server:
    """A process that says where it listens: "ready ADDRESS:PORT", or in grpc-go's log."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                        env=ENVIRONMENT)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.said = b""
        self.port = self._wait_port()

    def _wait_port(self):
        selector, deadline = selectors.DefaultSelector(), time.monotonic() + READY_S
        selector.register(self.process.stdout, selectors.EVENT_READ)
        while True:
            found = re.search(rb"(?:^ready|listening on) \S*:(\d+)\s", self.said, re.MULTILINE)
            if found:
                return int(found[1])
            if not selector.select(max(0, deadline - time.monotonic())):
                self.stop()
                raise RuntimeError(f"not ready within {READY_S} s: {self.said.decode()}")
            some = os.read(self.process.stdout.fileno(), 65536)
            if not some:
                raise RuntimeError(f"it ended with {self.process.wait()}: {self.said.decode()}")
            self.said += some

    def stop(self):
        """Its exit status."""
        self.process.send_signal(signal.SIGTERM)
        try:
            rest, _ = self.process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            rest, _ = self.process.communicate()
        self.said += rest or b""
        return self.process.returncode


class Matrix:
    def __init__(self, folder, words):
        self.certificate, self.words, self.servers = Certificate(folder), words, {}

    def cells(self):
        pairs = [("ours", "ours")] + [pair for peer in PEERS for pair in (("ours", peer), (peer, "ours"))]
        for client, server in pairs:
            for security in ("clear", "tls"):
                own = (GZIP if client == "ours" else []) + (FEATURES if client == server else [])
                for case in CORE + COMPRESSION + SOAK + own:
                    yield client, server, security, case
        for case in HTTP2:
            yield "ours", "http2", "clear", case

    def wanted(self, name):
        return not self.words or any(word in name for word in self.words)

    @staticmethod
    def server_key(peer, security, case):
        return peer, security, peer == "go" and about_compression(case)

    def start_server(self, peer, security, case):
        """One server for all cells that can have it; when it does not start they fail with its error."""
        key = self.server_key(peer, security, case)
        if key in self.servers:
            return
        flags = self.certificate.server_flags(peer) if security == "tls" else []
        try:
            self.servers[key] = Server(server_command(peer, case) + flags)
        except (OSError, RuntimeError) as error:
            self.servers[key] = error

    def stop_servers(self):
        """Ours must end well; some of the others have no end of their own."""
        for (peer, security, _), server in self.servers.items():
            if isinstance(server, Server):
                code = server.stop()
                if peer == "ours":
                    print("" if code == 0 else f"{server.said.decode()}\nit ended with {code}\nnot ", end="")
                    print(f"ok ours-server/{security}/ends_well")

    def run_client(self, client, security, case, port):
        flags = ["--server_host=127.0.0.1", f"--server_port={port}", f"--test_case={case.removesuffix('+gzip')}"]
        if case in GZIP:
            flags.append("--compress_requests=true")
        if security == "tls":
            flags += self.certificate.client_flags("go-own" if client == "go" and not about_compression(case) else client)
        if case in SOAK:
            flags += [f"--soak_iterations={1000 if LONG else 10}", "--soak_per_iteration_max_acceptable_latency_ms=10000",
                      f"--soak_overall_timeout_seconds={CLIENT_S}"]
        done = subprocess.run(client_command(client, case) + flags, env=ENVIRONMENT, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", timeout=CLIENT_S)
        return done.returncode, done.stdout

    def run(self, cell):
        client, server, security, case = cell
        name = f"{client}-{server}/{security}/{case}"
        reason = EXCLUDED.get(("client", client, case)) or EXCLUDED.get(("server", server, case))
        if reason:
            return f"excluded {name} # {reason}"
        try:
            if server == "http2":
                own = Server(server_command(server, case))
                code, said = self.run_client(client, security, case, own.port)
                if own.stop() != 0:
                    code, said = 1, said + own.said.decode()
            else:
                shared = self.servers[self.server_key(server, security, case)]
                if not isinstance(shared, Server):
                    raise shared
                code, said = self.run_client(client, security, case, shared.port)
        except (OSError, RuntimeError, subprocess.SubprocessError) as error:
            code, said = 1, f"{error}\n"
        return f"ok {name}" if code == 0 else f"{said[-3000:]}not ok {name}"


def main():
    with tempfile.TemporaryDirectory(prefix="mlt-interop-") as folder:
        matrix = Matrix(Path(folder), sys.argv[1:])
        cells = [cell for cell in matrix.cells() if matrix.wanted(f"{cell[0]}-{cell[1]}/{cell[2]}/{cell[3]}")]
        try:
            for _, server, security, case in cells:
                if server != "http2" and ("server", server, case) not in EXCLUDED:
                    matrix.start_server(server, security, case)
            with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
                for line in pool.map(matrix.run, cells):
                    print(line, flush=True)
        finally:
            matrix.stop_servers()


main()
