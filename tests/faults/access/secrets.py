# SPDX-License-Identifier: Apache-2.0
"""What must stay secret, looked for in everything that comes out of a server (rows A07, A08, A11 and A12 of faults.md)."""
import base64
import contextlib
import http.client
import http.server
import os
import re
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import grpc
from mltrainer.admin.v1 import admin_pb2
from mltrainer.diagram.v1 import diagram_pb2, diagram_pb2_grpc
from mltrainer.execution.v1 import execution_pb2_grpc, job_pb2, source_pb2
from mltrainer.registry.v1 import registry_pb2

from cases import CASES, case, main, wait_until
from closed import DENIED, NOBODYS, UNAUTHENTICATED, Closed, bearer, code_of
from server import Server
from workers import workers

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def canary(what):
    return f"canary-{what}-{os.urandom(6).hex()}"


def webhook_secret():
    return "whsec_" + base64.b64encode(os.urandom(32)).decode()


class Canaries:
    """Each where a secret goes in."""

    def __init__(self):
        self.environment = {"DATA_API_KEY": canary("key"), "MLT_WEBHOOK_SECRET": webhook_secret(), "PGPASSWORD": canary("pg"),
                            "OTEL_EXPORTER_OTLP_HEADERS": "authorization=" + canary("otlp")}
        self.password, self.query_password = canary("password"), canary("password2")
        self.sent = [canary("header"), canary("query"), canary("basic")]
        self.tokens = [NOBODYS]

    def all(self):
        words = [*self.environment.values(), self.password, self.query_password, *self.sent, *self.tokens]
        return [word.removeprefix("authorization=") for word in words]


@contextlib.contextmanager
def broken_provider():
    """An HTTP interface that says 403 and repeats what it was asked, as careless ones do."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = (self.path + str(self.headers)).encode()
            self.send_response(403)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as it:
        thread = threading.Thread(target=it.serve_forever)
        thread.start()
        try:
            yield it.server_port
        finally:
            it.shutdown()
            thread.join()


@contextlib.contextmanager
def talkative(canaries):
    """A server that says all it can."""
    with tempfile.TemporaryDirectory() as folder, broken_provider() as port:
        file, log = Path(folder, "mltrainerd.yaml"), Path(folder, "binary.log")
        file.write_text(f"""
access.mode: token
log.level: debug
log.calls: all
log.calls_per_second: 1000000
traces.every: 1
traces.otlp: "http://127.0.0.1:1"
channelz: true
binary_log.filter: "*"
binary_log.file: "{log}"
execution.workers: 1
execution.databases:
  - "db postgresql://reader:{canaries.password}@127.0.0.1:1/x?password={canaries.query_password}&connect_timeout=1"
execution.providers:
  - "data fred http://127.0.0.1:{port}"
""")
        with Server("--config", str(file), environment=canaries.environment) as server:
            it = Closed(server)
            it.binary_log = log
            canaries.tokens.append(it.root)
            yield it
            it.channel.close()


def ask_wrongly(it, canaries):
    """Secrets where they do and do not belong."""
    listing = registry_pb2.ListServicesRequest()
    basic = base64.b64encode(canaries.sent[2].encode()).decode()
    canaries.sent.append(basic)
    for metadata in (bearer(NOBODYS), bearer(canaries.sent[0]), [("authorization", canaries.sent[0])],
                     [("authorization", f"Basic {basic}")]):
        assert code_of(lambda: it.registry.ListServices(listing, metadata=metadata)) == UNAUTHENTICATED
    connection = http.client.HTTPConnection(it.server.address, timeout=30)
    for path, headers in ((f"/metrics?access_token={canaries.sent[1]}", {}), ("/v1/http_sd", {"authorization": f"Bearer {canaries.sent[0]}"}),
                          ("/metrics", {"cookie": canaries.sent[0]})):
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        response.read()
        assert response.status == 401, path
    connection.close()


def fetch(execution, metadata, **source):
    spec = job_pb2.JobSpec(fetch=job_pb2.FetchSpec(dataset="fetched", source=source_pb2.Source(**source)))
    job = execution.SubmitJob(job_pb2.SubmitJobRequest(spec=spec), metadata=metadata).job
    return list(execution.WatchJob(job_pb2.WatchJobRequest(id=job.id), metadata=metadata))[-1]


def outputs(it):
    """Name -> bytes: everything that somebody may see, but for what was asked for by who may."""
    root, read = bearer(it.root), lambda path: Path(path).read_bytes()
    diagram = diagram_pb2_grpc.DiagramServiceStub(it.channel)
    execution = execution_pb2_grpc.ExecutionServiceStub(it.channel)
    yield "log", read(it.server.log_path)
    yield "binary log", read(it.binary_log)
    yield "command line", read(f"/proc/{it.server.pid}/cmdline")
    yield "configuration", it.admin.GetConfiguration(admin_pb2.GetConfigurationRequest(), metadata=root).yaml.encode()
    yield "tokens", it.admin.ListTokens(admin_pb2.ListTokensRequest(include_invalid=True), metadata=root).SerializeToString()
    yield "sources", execution.ListSources(source_pb2.ListSourcesRequest(), metadata=root).SerializeToString()
    yield "jobs", execution.ListJobs(job_pb2.ListJobsRequest(), metadata=root).SerializeToString()
    for view in ("system-overview", "container", "calls", f"call:{TRACE}", "registry"):
        request = diagram_pb2.RenderRequest(drawing=diagram_pb2.Drawing(view=view, format=diagram_pb2.FORMAT_SVG))
        yield view, diagram.Render(request, metadata=root).content
    connection = http.client.HTTPConnection(it.server.address, timeout=30)
    connection.request("GET", "/metrics", headers={"authorization": f"Bearer {it.root}"})
    yield "metrics", connection.getresponse().read()
    connection.close()
    for path in Path(it.server.data_dir).rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # it has gone meanwhile
            if path.is_file():
                yield str(path.name), read(path)


@case
def A07_A08_no_secret_comes_out():
    canaries = Canaries()
    with talkative(canaries) as it:
        execution = execution_pb2_grpc.ExecutionServiceStub(it.channel)
        ada, gone = it.make("ada", "trainer"), it.make("gone", "viewer")
        canaries.tokens += [ada.secret, gone.secret]
        it.revoke(gone.token.token_id)
        ask_wrongly(it, canaries)
        metadata = bearer(ada.secret) + [("traceparent", f"00-{TRACE}-00f067aa0ba902b7-01")]
        it.registry.ListServices(registry_pb2.ListServicesRequest(), metadata=metadata)
        assert code_of(lambda: it.make("more", "admin", by=ada.secret)) == DENIED
        said = [fetch(execution, bearer(ada.secret), sql=source_pb2.SqlSource(connection="db", query="select 1")),
                fetch(execution, bearer(ada.secret), http=source_pb2.HttpSource(provider="data", series="GDP"))]
        assert all(last.job.state == job_pb2.JOB_STATE_FAILED for last in said), said
        found = [(name, word) for name, content in [*outputs(it), ("errors", str(said).encode())]
                 for word in canaries.all() if word.encode() in content]
        assert not found, found
        for name in ("mltrainer.db", "audit.log", "audit.key", "audit.head"):
            assert stat.S_IMODE(Path(it.server.data_dir, name).stat().st_mode) == 0o600, name


@case
def A07_a_crash_tells_where_and_nothing_else():
    canaries = Canaries()
    with Server("--access-mode", "token", "--log-level", "debug", environment=canaries.environment) as server:
        limits = Path(f"/proc/{server.pid}/limits").read_text()
        assert re.search(r"^Max core file size +0 +0 ", limits, re.M), limits
        assert int(Path(f"/proc/{server.pid}/coredump_filter").read_text(), 16) == 0
        it = Closed(server)
        canaries.tokens.append(it.root)
        it.registry.ListServices(registry_pb2.ListServicesRequest(), metadata=bearer(it.root))
        it.channel.close()
        os.kill(server.pid, signal.SIGSEGV)
        server.process.wait(60)
        said = server.log_path.read_bytes()
        assert b"crash: SIGSEGV" in said, said
        assert not [word for word in canaries.all() if word.encode() in said], said
        server.start()


@case
def A11_no_signed_token_is_taken():
    """There are none (ADR-070), so nothing of theirs can be replayed: neither an unsigned one nor any other."""
    with Server("--access-mode", "token") as server:
        it = Closed(server)
        for algorithm in ("none", "HS256"):
            parts = [f'{{"alg":"{algorithm}","typ":"JWT"}}', '{"sub":"root","roles":["admin"],"exp":99999999999}', ""]
            token = ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)
            assert code_of(lambda: it.registry.ListServices(registry_pb2.ListServicesRequest(), metadata=bearer(token))) == UNAUTHENTICATED
        it.channel.close()


def links(pid):
    """What it has open; it may be loading plugins, and close a file meanwhile."""
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            yield os.readlink(fd)


@case
def A12_a_worker_has_neither_a_secret_nor_a_way_to_the_server():
    """What a plugin does with that is in faults/worker/confinement."""
    canaries = Canaries()
    with Server("--execution-workers", "1", environment=canaries.environment) as server:
        wait_until(lambda: workers(server), "there is a worker")
        tables = [Path(f"/proc/{server.pid}/net/{table}").read_text() for table in ("tcp", "tcp6")]
        network = {line.split()[9] for table in tables for line in table.splitlines()[1:]}
        for pid in workers(server):
            environment = Path(f"/proc/{pid}/environ").read_bytes()
            assert not [word for word in canaries.all() if word.encode() in environment], environment
            sockets = [re.fullmatch(r"socket:\[(\d+)\]", link) for link in links(pid)]
            assert not {match[1] for match in sockets if match} & network, "a worker has a socket of the network"


ROWS = [word.lower() for word in sys.argv[1:]]
if ROWS:
    CASES[:] = [function for function in CASES if any(row in function.__name__.lower() for row in ROWS)]
    sys.argv[1:] = []
if CASES:
    main("secrets")
