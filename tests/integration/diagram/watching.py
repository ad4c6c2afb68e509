# SPDX-License-Identifier: Apache-2.0
import time
from pathlib import Path

import grpc
from cases import case, wait_until
from client import HOLD_S, Watch, item, pb, refused, threads


def pictures(messages):
    return [m.picture.content.decode() for m in messages if m.HasField("picture")]


def patches(messages):
    return [change for m in messages for change in m.patch.items]


@case
def a_change_of_health_is_a_patch_and_a_new_instance_a_picture(client):
    client.register("watched", "a", checked=True)
    with Watch(client, "registry") as watch:
        first = watch.wait(pictures, "the first message is a picture")[0]
        identifier, health, _ = item(first, "a")
        assert health == "healthy"
        client.report("watched", "a", False)
        watch.wait(lambda ms: [c for c in patches(ms) if c.id == identifier and c.health == pb.HEALTH_DOWN], "a patch")
        assert len(pictures(watch.messages)) == 1
        service = [c for c in patches(watch.messages) if c.id != identifier]
        assert {c.detail for c in service} == {"0/1 instances"} or {c.detail for c in service} == {"0/1 instance"}, service
        client.register("watched", "b", checked=True)
        watch.wait(lambda ms: len(pictures(ms)) > 1 and ">b<" in pictures(ms)[-1], "a whole picture with b")
        client.deregister("watched", "b")
        watch.wait(lambda ms: ">b<" not in pictures(ms)[-1], "a whole picture without b")
        revisions = [m.revision for m in watch.messages]
        assert revisions == list(range(1, len(revisions) + 1)), revisions
    client.deregister("watched", "a")


@case
def the_declared_overview_follows_the_registry(client):
    with Watch(client, "system-overview") as watch:
        assert item(watch.wait(pictures, "a picture")[0], "Redis")[2] == "absent"
        client.register("redis", "a", checked=True)
        watch.wait(lambda ms: item(pictures(ms)[-1], "Redis")[1:] == ("healthy", "1/1 instance"), "it is there")
        client.report("redis", "a", False)
        watch.wait(lambda ms: [c for c in patches(ms) if (c.id, c.health) == ("redis", pb.HEALTH_DOWN)], "it is down")
        client.deregister("redis", "a")
        watch.wait(lambda ms: item(pictures(ms)[-1], "Redis")[2] == "absent", "it is gone")
        assert "redis" in {drift.id for drift in watch.messages[-1].picture.info.drift}


def switches(server):
    status = Path(f"/proc/{server.pid}/task/{threads(server.pid)['diagram']}/status").read_text()
    return sum(int(line.split()[1]) for line in status.splitlines() if "ctxt_switches" in line)


@case
def nothing_runs_while_nothing_changes(client):
    with Watch(client, "registry") as watch:
        watch.wait(pictures, "a picture")

        def quiet():
            before = switches(client.server)
            time.sleep(0.5)  # ten times the least interval
            return switches(client.server) == before
        wait_until(quiet, "the diagram loop sleeps")
        assert len(watch.messages) == 1


@case
def many_changes_are_few_messages(client):
    client.register("busy", "a", checked=True)
    with Watch(client, "registry", min_interval={"nanos": 1}) as watch:
        watch.wait(pictures, "a picture")
        began = time.monotonic()
        for i in range(300):
            client.report("busy", "a", i % 2 == 0, wait=False)
        client.register("last", "z")
        watch.wait(lambda ms: ">z<" in pictures(ms)[-1], "the last state")
        took = time.monotonic() - began
        assert len(watch.messages) <= took / 0.05 + 3, f"{len(watch.messages)} messages in {took:.2f} s"
    client.deregister("busy", "a")
    client.deregister("last", "z")


@case
def an_interval_is_kept(client):
    with Watch(client, "registry", min_interval={"seconds": 1}) as watch:
        watch.wait(pictures, "a picture")
        for name in "mno":
            client.register("paced", name)
        watch.wait(lambda ms: ">o<" in pictures(ms)[-1], "the last state")
        at = [m.time.ToNanoseconds() for m in watch.messages]
        assert all(after - before > 0.95e9 for before, after in zip(at, at[1:])), at
    for name in "mno":
        client.deregister("paced", name)


@case
def a_slow_watcher_skips_and_ends_with_the_last_state(client):
    """The peer takes nothing for a while: its window and the server's buffer fill, and then it reads on."""
    for i in range(100):
        client.register("crowd", f"i{i}", checked=True)
    options = [("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 65535)]
    with grpc.insecure_channel(client.server.address, options) as channel:
        from mltrainer.diagram.v1 import diagram_pb2_grpc
        slow = diagram_pb2_grpc.DiagramServiceStub(channel).Watch(pb.WatchRequest(view="registry"), timeout=HOLD_S)
        first = next(iter(slow))
        assert first.picture.info.size_bytes > 20000
        with Watch(client, "registry") as quick:
            quick.wait(pictures, "a picture")
            for i in range(40):
                client.register("crowd", f"more{i}")
                quick.wait(lambda ms, i=i: f">more{i}<" in pictures(ms)[-1], "the quick one sees each")
            seen = len(quick.messages)
        received = []
        for message in slow:
            received.append(message)
            if message.HasField("picture") and ">more39<" in message.picture.content.decode():
                break
        assert len(received) < seen / 2, f"the slow one got {len(received)} messages, the quick one {seen}"
        slow.cancel()
    for i in range(100):
        client.deregister("crowd", f"i{i}")
    for i in range(40):
        client.deregister("crowd", f"more{i}")


@case
def what_cannot_be_watched_is_refused(client):
    def watch(**request):
        return lambda: list(client.diagram.Watch(pb.WatchRequest(**request), timeout=HOLD_S))
    invalid = grpc.StatusCode.INVALID_ARGUMENT
    assert "patched" in refused(invalid, watch(view="registry", format=pb.FORMAT_PNG))
    assert "min_interval" in refused(invalid, watch(view="registry", min_interval={"seconds": 61}))
    assert "min_interval" in refused(invalid, watch(view="registry", min_interval={"seconds": 60, "nanos": 999999999}))
    assert "min_interval" in refused(invalid, watch(view="registry", min_interval={"nanos": -1}))
    refused(grpc.StatusCode.NOT_FOUND, watch(view="nosuch"))


@case
def text_formats_are_watched_too(client):
    with Watch(client, "registry", format=pb.FORMAT_MERMAID) as watch:
        assert watch.wait(pictures, "a picture")[0].startswith("flowchart")
        client.register("mermaid", "a")
        watch.wait(lambda ms: "mermaid" in pictures(ms)[-1], "the new one")
    client.deregister("mermaid", "a")
