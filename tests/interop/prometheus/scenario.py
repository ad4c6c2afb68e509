# SPDX-License-Identifier: Apache-2.0
"""Debian's Prometheus against the real server: it scrapes /metrics, and finds what else to scrape by /v1/http_sd."""
import contextlib
import http.server
import json
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import grpc
from google.protobuf import duration_pb2
from mltrainer.execution.v1 import execution_pb2_grpc, features_pb2, job_pb2, table_pb2
from mltrainer.registry.v1 import registry_pb2, registry_pb2_grpc

from cases import Skip, case, main, wait_until
from server import ROOT, Server, reserve_port

CONFIGURATION = """
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: mltrainerd
    static_configs: [{{targets: ["{server}"]}}]
  - job_name: found
    http_sd_configs: [{{url: "http://{server}/v1/http_sd?protocol=metrics&healthy=true", refresh_interval: 1s}}]
    relabel_configs:
      - {{source_labels: [__meta_mltrainer_service], target_label: service}}
      - {{source_labels: [__meta_mltrainer_id], target_label: instance}}
      - {{source_labels: [__meta_mltrainer_metadata_team_name], target_label: team}}
"""
PROMETHEUS_S = 180


class Exporter(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"# TYPE answer gauge\nanswer 42\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class World:
    def __init__(self, server):
        self.server = server
        self.registry = registry_pb2_grpc.RegistryServiceStub(grpc.insecure_channel(server.address))

    def register(self, service, name, endpoints, **fields):
        instance = registry_pb2.Instance(
            key=registry_pb2.InstanceKey(service=service, id=name, namespace=fields.pop("namespace", "")),
            lease_ttl=duration_pb2.Duration(seconds=3600),
            endpoints=[registry_pb2.Endpoint(address=address, port=port, protocol=protocol)
                       for address, port, protocol in endpoints], **fields)
        self.registry.Register(registry_pb2.RegisterRequest(instance=instance))

    def get(self, path):
        with urllib.request.urlopen(f"http://{self.server.address}{path}", timeout=30) as answer:
            return answer.headers["content-type"], answer.read().decode()

    def found(self, path):
        kind, text = self.get(path)
        assert kind == "application/json", kind
        return {group["labels"]["__meta_mltrainer_id"]: group for group in json.loads(text)}


@contextlib.contextmanager
def world():
    with Server() as server:
        yield World(server)


@case
def a_namespace_without_instances_is_an_empty_list(world):
    assert world.get("/v1/http_sd/nowhere") == ("application/json", "[]\n")
    assert world.found("/v1/http_sd/default/nobody") == {}


@case
def an_instance_is_a_group_with_its_labels(world):
    world.register("shop", "s1", [("192.0.2.7", 80, "http"), ("192.0.2.7", 9100, "metrics")], version="1.2",
                   zone="east", tags=["blue", "fast"], weight=7,
                   metadata={"team.name": registry_pb2.MetadataValue(text='a"b\n'),
                             "team-name": registry_pb2.MetadataValue(text="the same label"),
                             "size": registry_pb2.MetadataValue(integer=3)})
    group = world.found("/v1/http_sd/default/shop")["s1"]
    assert group["targets"] == ["192.0.2.7:9100"], group
    labels = {name.removeprefix("__meta_mltrainer_"): value for name, value in group["labels"].items()}
    same = labels.pop("metadata_team_name")
    assert same in ('a"b\n', "the same label")
    assert labels == {"namespace": "default", "service": "shop", "id": "s1", "version": "1.2", "zone": "east",
                      "weight": "7", "tags": ",blue,fast,", "protocol": "metrics", "health": "healthy",
                      "operator_state": "active", "metadata_size": "3"}, labels


@case
def filters_choose_instances_and_endpoints(world):
    world.register("shop", "s2", [("2001:db8::1", 443, "https")], tags=["blue"])
    world.register("shop", "s1", [("192.0.2.9", 80, "http")], namespace="prod")
    assert set(world.found("/v1/http_sd")) >= {"s1", "s2"}
    assert set(world.found("/v1/http_sd/prod")) == {"s1"}
    assert set(world.found("/v1/http_sd/default/shop?tag=blue&tag=fast")) == {"s1"}
    assert set(world.found("/v1/http_sd/default?protocol=https")) == {"s2"}
    group = world.found("/v1/http_sd/default/shop?protocol=https")["s2"]
    assert group["targets"] == ["[2001:db8::1]:443"] and group["labels"]["__scheme__"] == "https", group
    key = registry_pb2.InstanceKey(service="shop", id="s2")
    world.registry.SetOperatorState(registry_pb2.SetOperatorStateRequest(
        key=key, operator_state=registry_pb2.OPERATOR_STATE_DRAINING))
    assert set(world.found("/v1/http_sd/default/shop?healthy=true")) == {"s1"}
    assert world.found("/v1/http_sd/default/shop")["s2"]["labels"]["__meta_mltrainer_operator_state"] == "draining"


@case
def what_is_asked_wrongly_is_told_so(world):
    for path in ("/v1/http_sd/a%20b", "/v1/http_sd/a/b/c", "/v1/http_sd?zone=x", "/v1/http_sd?tag=", "/v1/http_sd?tag",
                 "/v1/http_sd?healthy=maybe", "/v1/http_sd?protocol=" + 33 * "x", "/v1/http_sd?" + 17 * "tag=a&"):
        try:
            raise AssertionError(f"{path}: {world.get(path)}")
        except urllib.error.HTTPError as error:
            assert error.code == 400 and len(error.read()) > 10, path


@case
def many_instances_come_whole(world):
    """More than is ever queued for one connection: made and sent in parts."""
    for i in range(3000):
        world.register("many", f"m{i}", [("192.0.2.1", 1 + i, "metrics")],
                       metadata={"filler": registry_pb2.MetadataValue(text=100 * "x")})
    # what is longer than a part by itself
    world.register("many", "long", [("192.0.2.1", 1, "metrics")],
                   metadata={"filler": registry_pb2.MetadataValue(text=15000 * "\x01")})
    found = world.found("/v1/http_sd/default/many")
    assert len(found) == 3001, len(found)
    assert len(found["long"]["labels"]["__meta_mltrainer_metadata_filler"]) == 15000


@case
def a_reader_that_goes_away_in_the_middle_is_forgotten(world):
    def read_and_leave():
        with socket.create_connection(("127.0.0.1", world.server.port)) as connection:
            connection.sendall(b"GET /v1/http_sd/default/many HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return connection.recv(100).startswith(b"HTTP/1.1 200 ")
    for _ in range(20):  # more than are served at a time
        wait_until(read_and_leave, "a place to be free")
    wait_until(lambda: status(world, "/v1/http_sd/default/shop") == 200, "its place is free again")


def status(world, path):
    try:
        world.get(path)
        return 200
    except urllib.error.HTTPError as error:
        return error.code


@case
def promtool_finds_no_fault_with_the_metrics(world):
    if not shutil.which("promtool"):
        raise Skip("there is no promtool here")
    _, page = world.get("/metrics")
    assert page.count("# HELP ") == page.count("# TYPE ") > 40
    done = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def value(page, series):
    return float(next(line.split()[-1] for line in page.splitlines() if line.startswith(series + " ")))


@case
def promtool_finds_no_fault_with_the_guides_configuration(_):
    if not shutil.which("promtool"):
        raise Skip("there is no promtool here")
    block = re.search(r"^```yaml\n(.*?)^```$", (ROOT / "docs/guide/prometheus.md").read_text(), re.M | re.S)[1]
    with tempfile.TemporaryDirectory() as folder:
        configuration = Path(folder) / "prometheus.yml"
        configuration.write_text(block)
        done = subprocess.run(["promtool", "check", "config", configuration], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@case
def metrics_count_what_happens(world):
    _, page = world.get("/metrics")
    assert value(page, 'mltrainer_registry_instances{health="healthy"}') >= 3003
    assert value(page, 'mltrainer_registry_instances_out_of_service{operator_state="draining"}') == 1
    assert value(page, "mltrainer_registry_services") >= 2
    registered = value(page, 'mltrainer_registry_transitions_total{reason="registered"}')
    assert registered >= 3003
    assert value(page, 'mltrainer_registry_commit_duration_seconds_count') >= registered
    assert value(page, 'mltrainer_registry_commit_duration_seconds_bucket{le="+Inf"}') >= registered
    commits, groups = value(page, "mltrainer_store_commits_total"), value(page, "mltrainer_store_groups_total")
    assert commits >= registered and 0 < groups <= commits and value(page, "mltrainer_store_revision") > 0
    assert value(page, "mltrainer_store_read_only") == 0 and value(page, "mltrainer_store_log_bytes") > 0
    assert not any("s1" in line or "shop" in line for line in page.splitlines() if "mltrainer_registry" in line)
    watch = world.registry.Watch(registry_pb2.WatchRequest(service="shop"))
    next(watch)
    wait_until(lambda: value(world.get("/metrics")[1], "mltrainer_registry_watchers") == 1, "the watch is counted")
    watch.cancel()
    wait_until(lambda: value(world.get("/metrics")[1], "mltrainer_registry_watchers") == 0, "its end is, too")


@case
def metrics_count_checks_by_result(world):
    check = registry_pb2.Check(tcp=registry_pb2.TcpCheck(), interval=duration_pb2.Duration(seconds=1))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        world.register("checked", "good", [("127.0.0.1", listening.getsockname()[1], "tcp")], checks=[check])
        world.register("checked", "bad", [("127.0.0.1", 1, "tcp")], checks=[check])

        def both():
            page = world.get("/metrics")[1]
            return all(value(page, f'mltrainer_registry_check_results_total{{result="{result}"}}') >= 1
                       for result in ("passed", "failed"))

        wait_until(both, "a check has passed and one has failed")
    assert value(world.get("/metrics")[1], "mltrainer_registry_check_duration_seconds_count") >= 2


def dashboard_queries():
    """Each query of the dashboard, as Grafana sends it."""
    board = json.loads((ROOT / "server/packaging/grafana-dashboard.json").read_text())
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"].replace("$__rate_interval", "4s").replace("$instance", ".*")


@case
def the_dashboard_asks_for_what_is_there(world):
    page = world.get("/metrics")[1]
    names = {line.split()[2] for line in page.splitlines() if line.startswith("# TYPE ")}
    asked = {re.sub("_(bucket|count)$", "", name) for _, text in dashboard_queries()
             for name in re.findall(r"\b(?:mltrainer|grpc_server)_[a-z_]+", text)}
    assert len(asked) > 20 and not asked - names, asked - names


@case
def metrics_tell_of_jobs_and_pools(world):
    execution = execution_pb2_grpc.ExecutionServiceStub(grpc.insecure_channel(world.server.address))
    before = world.get("/metrics")[1]
    train = job_pb2.TrainSpec(model="ridge", data=table_pb2.DataReference(table=table_pb2.Table(columns=[
        table_pb2.Column(name=name, doubles=table_pb2.DoubleValues(values=range(50))) for name in ("x", "y")])),
        selection=features_pb2.ColumnSelection(target_column="y"))
    job = execution.SubmitJob(job_pb2.SubmitJobRequest(spec=job_pb2.JobSpec(train=train))).job
    last = list(execution.WatchJob(job_pb2.WatchJobRequest(id=job.id)))[-1].job
    assert last.state == job_pb2.JOB_STATE_SUCCEEDED, last
    counters = [f'mltrainer_job_states_total{{state="{state}"}}' for state in ("queued", "running", "succeeded")]

    def counted():
        page = world.get("/metrics")[1]
        return (all(value(page, series) == value(before, series) + 1 for series in counters) and
                value(page, "mltrainer_jobs_running") == 0 and page)
    page = wait_until(counted, "its states are counted")
    assert value(page, "mltrainer_workers") >= 1 and value(page, "mltrainer_threads") >= 1
    assert value(page, "mltrainer_models_available") > 200


def query(port, text, failed=()):
    """What Prometheus answers; @failed when it does not, or not well."""
    url = f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": text})
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return json.load(answer)["data"]["result"]
    except OSError:
        return failed


@contextlib.contextmanager
def prometheus(server):
    with tempfile.TemporaryDirectory() as folder, reserve_port() as reserved:
        port = reserved.getsockname()[1]
        configuration = Path(folder) / "prometheus.yml"
        configuration.write_text(CONFIGURATION.format(server=server))
        with open(Path(folder) / "log", "w+") as log:
            process = subprocess.Popen(
                ["prometheus", f"--config.file={configuration}", f"--storage.tsdb.path={folder}/data",
                 f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)
            try:
                yield port
            except AssertionError:
                log.seek(0)
                print(log.read()[-3000:])
                raise
            finally:
                process.terminate()
                process.wait(120)


@case
def prometheus_scrapes_the_server_and_what_it_finds(world):
    if not shutil.which("prometheus"):
        raise Skip("there is no prometheus here")
    exporter = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Exporter)
    threading.Thread(target=exporter.serve_forever, daemon=True).start()
    world.register("exporters", "e1", [("127.0.0.1", exporter.server_port, "metrics")],
                   metadata={"team.name": registry_pb2.MetadataValue(text="night shift")})
    key = registry_pb2.InstanceKey(service="exporters", id="e1")
    found = 'up{job="found",service="exporters",instance="e1",team="night shift"} == 1'
    for i in range(3001):  # what earlier cases left has nothing to scrape
        name = f"m{i}" if i < 3000 else "long"
        world.registry.Deregister(registry_pb2.DeregisterRequest(key=registry_pb2.InstanceKey(service="many", id=name)))
    with prometheus(world.server.address) as port:
        wait_until(lambda: query(port, 'up{job="mltrainerd"} == 1'), "the server is up", PROMETHEUS_S)
        wait_until(lambda: query(port, found), "the exporter is found and up", PROMETHEUS_S)
        wait_until(lambda: query(port, 'answer{instance="e1"} == 42'), "its metric is there", PROMETHEUS_S)
        for title, text in dashboard_queries():
            if title == "Turned away":  # nobody was
                wait_until(lambda text=text: query(port, text, None) == [], f"{title}: {text} has none", PROMETHEUS_S)
            else:
                wait_until(lambda text=text: query(port, text), f"{title}: {text} has an answer", PROMETHEUS_S)
        wait_until(lambda: query(port, "mltrainer_registry_services > 0"), "the registry's are, too", PROMETHEUS_S)
        world.registry.Deregister(registry_pb2.DeregisterRequest(key=key))
        wait_until(lambda: not query(port, found), "deregistered, it is scraped no more", PROMETHEUS_S)
    exporter.shutdown()
    exporter.server_close()


main("prometheus", setup=world)
