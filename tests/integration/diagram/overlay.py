# SPDX-License-Identifier: Apache-2.0
import grpc
from cases import case
from client import item, pb
from mltrainer.execution.v1 import model_pb2

DECLARED = """title: Shop
covers: [registry]
groups:
  - title: Front
    nodes:
      - {id: till, title: Till, live: registry/default/till}
      - {id: window, title: Window, live: registry/default/window}
"""


def drift_of(info):
    return [(pb.Drift.Kind.Name(drift.kind), drift.id.rsplit("-", 1)[0], drift.title) for drift in info.drift]


@case
def the_overview_shows_what_this_server_measures(client):
    reply = client.render(view="system-overview")
    svg = reply.content.decode()
    models = client.execution.ListModels(model_pb2.ListModelsRequest(page_size=1000)).models
    assert item(svg, "Financial Models")[1:] == ("healthy", f"{len(models)} models")
    pool = item(svg, "Process Pool")
    assert pool[1] == "healthy" and pool[2].endswith("busy"), pool
    assert item(svg, "Task Queue")[2].startswith("0 of ")
    assert item(svg, "API Gateway")[1:] == ("healthy", "1/1 instance")
    assert "Live view of 6 components, 18 services, 6 connections; 12 absent" in svg
    absent = [drift for drift in reply.info.drift if drift.kind == pb.Drift.KIND_ABSENT]
    assert len(absent) == 12 and [drift.id for drift in absent] == sorted(drift.id for drift in absent)
    assert item(svg, "FastAPI") == ("fastapi", "absent", "absent")


@case
def a_service_that_comes_is_no_longer_absent(client):
    client.register("fastapi", "a", checked=True)
    client.register("fastapi", "b", checked=True)
    client.report("fastapi", "b", False)
    try:
        reply = client.render(view="system-overview")
        assert item(reply.content.decode(), "FastAPI") == ("fastapi", "degraded", "1/2 instances")
        assert "fastapi" not in {drift.id for drift in reply.info.drift}
    finally:
        client.deregister("fastapi", "a")
        client.deregister("fastapi", "b")


@case
def a_spec_is_laid_over_with_what_it_names(client):
    client.register("till", checked=True)
    client.register("backdoor")
    try:
        for reply in (client.render(spec=DECLARED), client.stream(spec=DECLARED)[0]):
            assert drift_of(reply.info) == [("KIND_ABSENT", "window", "Window"),
                                            ("KIND_UNDECLARED", "registry.backdoor", "backdoor")], drift_of(reply.info)
        svg = client.render(spec=DECLARED).content.decode()
        assert item(svg, "Till") == ("till", "healthy", "1/1 instance")
        assert item(svg, "Window") == ("window", "absent", "absent")
        assert 'class="card undeclared"' in svg and ">Undeclared<" in svg and ">Absent<" in svg
        client.report("till", "a", False)
        assert item(client.render(spec=DECLARED).content.decode(), "Till")[1] == "down"
        for picture_format in (pb.FORMAT_PNG, pb.FORMAT_PDF, pb.FORMAT_DOT, pb.FORMAT_MERMAID, pb.FORMAT_D2):
            info = client.render(spec=DECLARED, format=picture_format).info
            assert len(info.drift) == 2, (pb.Format.Name(picture_format), drift_of(info))
    finally:
        client.deregister("till")
        client.deregister("backdoor")


@case
def equal_ids_meet_in_an_overlay(client):
    spec = ("nodes: [diagram, views, {id: registry_scene}, teapot]\n"
            "edges: [{from: diagram, to: views}, {from: registry_scene, to: views}]\n")
    reply = client.render(spec=spec, overlay="container")
    kinds = {drift.id: drift.kind for drift in reply.info.drift}
    assert kinds["teapot"] == kinds["registry_scene->views"] == pb.Drift.KIND_ABSENT, kinds
    assert kinds["container.store"] == kinds["views->registry_scene"] == pb.Drift.KIND_UNDECLARED, kinds
    assert "diagram" not in kinds and "diagram->views" not in kinds
    assert len(client.render(spec=spec).info.drift) == 0
    whole = client.render(view="container", overlay="container")
    assert not whole.info.drift


@case
def an_overlay_that_is_none_is_refused(client):
    for overlay in ("nosuch", "system-overview", "registry:x"):
        text = client.refused(grpc.StatusCode.INVALID_ARGUMENT, view="container", overlay=overlay)
        assert "container execution registry" in text, text
    text = client.refused(grpc.StatusCode.INVALID_ARGUMENT, spec="nodes: [{id: a, live: nosuch/x}]\n")
    assert "spec:1:" in text and "nosuch" in text, text
