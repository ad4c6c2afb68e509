# SPDX-License-Identifier: Apache-2.0
"""D09 of faults.md: the output's disk is full, the client is slow or leaves."""
import os
import subprocess
import tempfile
from pathlib import Path

import grpc
from cases import Skip, case, wait_until
from client import HOLD_S, Watch, pb
from mltrainer.diagram.v1 import diagram_pb2_grpc

LARGE = dict(view="system-overview", format=pb.FORMAT_PNG, dpi=600)  # more than windows and buffers hold


def drawn_by(client):
    """The two renderer processes, once they are there and the channel is connected."""
    client.render(view="container")
    wait_until(lambda: len(client.renderer_pids()) == 2, "two renderers")
    return client.renderer_pids()


def temporary_files():
    return {path for folder in ("/tmp", "/dev/shm") for path in os.listdir(folder) if path.startswith(("mltrainer", "mltctl"))}


@case
def D09_a_client_that_leaves_holds_up_nothing(client):
    before, files = drawn_by(client), temporary_files()
    descriptors = client.server.fd_count(stores=False)
    for leave_after in (0, 1, 5):
        with grpc.insecure_channel(client.server.address, [("grpc.http2.bdp_probe", 0)]) as channel:
            stub = diagram_pb2_grpc.DiagramServiceStub(channel)
            stream = stub.RenderStream(pb.RenderStreamRequest(drawing=pb.Drawing(**LARGE)), timeout=HOLD_S)
            for _ in range(leave_after):
                next(iter(stream))
            stream.cancel()
    assert len(client.stream(**LARGE)) > 10
    assert client.renderer_pids() == before, "the renderers are not the same any more"
    wait_until(lambda: client.server.fd_count(stores=False) <= descriptors, "descriptors are given back")
    wait_until(lambda: temporary_files() <= files, "no file to be left")   # others make some, too, and take them away


@case
def D09_a_client_that_is_slow_gets_its_file_and_others_theirs(client):
    before = drawn_by(client)
    memory = client.server.rss_bytes()
    channels = [grpc.insecure_channel(client.server.address, [("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 65535),
                                                              ("x.number", i)]) for i in range(4)]
    streams = []
    for channel in channels:  # more of them than there are renderers, and none reads beyond its first message
        stub = diagram_pb2_grpc.DiagramServiceStub(channel)
        streams.append(stub.RenderStream(pb.RenderStreamRequest(drawing=pb.Drawing(**LARGE)), timeout=HOLD_S))
        first = next(iter(streams[-1]))
    size = first.info.size_bytes
    assert client.render(view="container").content.startswith(b"<svg")
    assert client.server.rss_bytes() < memory + 64 * 2**20, "what waits for them is bounded"
    for stream in streams:
        assert len(first.chunk) + sum(len(m.chunk) for m in stream) == size
    assert client.renderer_pids() == before
    for channel in channels:
        channel.close()


@case
def D09_a_full_disk_is_an_error_and_leaves_no_file(client):
    """mltctl writes into 256 KiB of tmpfs, in a mount namespace of its own."""
    mltctl = Path(os.environ["MLT_BUILD"], "bin/mltctl")
    script = """mount -t tmpfs -o size=256k tmpfs "$2" || exit 99
        printf before >"$2/picture.png"
        "$1" --server "$3" diagram render system-overview --dpi 300 --to "$2/picture.png"; code=$?
        printf '%s ' "$code" $(ls -A "$2") "$(cat "$2/picture.png")" """
    with tempfile.TemporaryDirectory() as folder:
        unshare = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
        done = subprocess.run([*unshare, "sh", "-c", script, "sh", str(mltctl), folder, client.server.address],
                              capture_output=True, text=True, timeout=HOLD_S)
    if done.returncode == 99 or "unshare" in done.stderr:
        raise Skip("no mount namespace here")
    assert done.stdout.split() == ["1", "picture.png", "before"], done
    assert "No space left" in done.stderr or "failed" in done.stderr, done.stderr


@case
def a_renderer_that_is_killed_is_replaced_and_watchers_go_on(client):
    with Watch(client, "registry") as watch:
        watch.wait(lambda ms: ms, "a picture")
        for pid in drawn_by(client):
            os.kill(pid, 9)
        wait_until(lambda: len(client.renderer_pids()) == 2, "two renderers again")
        client.register("after", "a")
        watch.wait(lambda ms: b">after<" in ms[-1].picture.content, "the next picture")
    client.deregister("after", "a")
