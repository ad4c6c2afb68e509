# SPDX-License-Identifier: Apache-2.0
import struct
import xml.etree.ElementTree as ElementTree

import grpc
from cases import case
from client import pb, refused

SPEC = """title: Two
groups:
  - title: Ground
    nodes: [{id: a, title: A box, detail: of wood}]
nodes: [{id: b, title: Another}]
edges: [{from: a, to: b, label: next}]
"""
CHUNK_BYTES = 64 * 1024
LARGE = "nodes:\n" + "".join(f"  - {{id: n{i}, title: Node {i}, detail: '{'&' * 480} {i}'}}\n" for i in range(1900))


@case
def every_format_is_drawn_and_described(client):
    begins = {pb.FORMAT_SVG: b"<svg ", pb.FORMAT_PNG: b"\x89PNG\r\n\x1a\n", pb.FORMAT_PDF: b"%PDF-", pb.FORMAT_DOT: b"digraph {",
              pb.FORMAT_MERMAID: b"flowchart TB", pb.FORMAT_D2: b'"ground": "Ground" {'}
    media = ["image/svg+xml", "image/png", "application/pdf", "text/vnd.graphviz", "text/vnd.mermaid", "text/vnd.d2"]
    digests = set()
    for (picture_format, begin), media_type in zip(begins.items(), media):
        reply = client.render(spec=SPEC, format=picture_format)
        assert reply.content.startswith(begin), reply.content[:40]
        assert reply.info.format == picture_format and reply.info.media_type == media_type
        assert reply.info.size_bytes == len(reply.content)
        assert (reply.info.width > 0) == (reply.info.height > 0) == (picture_format <= pb.FORMAT_PDF)
        digests.add(reply.info.scene_digest)
    assert len(digests) == 1 and len(digests.pop()) == 64
    root = ElementTree.fromstring(client.render(spec=SPEC).content)
    texts = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"A box", "of wood", "Another", "next", "Ground"} <= texts, texts


@case
def the_same_twice_is_the_same_bytes(client):
    for view in ("container", "system-overview"):
        for picture_format in (pb.FORMAT_SVG, pb.FORMAT_PNG, pb.FORMAT_D2):
            first, again = (client.render(view=view, format=picture_format) for _ in range(2))
            assert first.content == again.content and first.info.scene_digest == again.info.scene_digest


@case
def a_png_has_the_size_that_was_asked_for(client):
    for dpi, scale in ((96, 1), (300, 1), (96, 2)):
        reply = client.render(spec=SPEC, format=pb.FORMAT_PNG, dpi=dpi, scale=scale)
        assert struct.unpack(">II", reply.content[16:24]) == (reply.info.width, reply.info.height)
        vector = client.render(spec=SPEC).info
        assert abs(reply.info.width - vector.width * dpi / 96 * scale) <= 1, (reply.info.width, vector.width)


@case
def a_stream_is_the_same_file_in_chunks(client):
    whole = client.render(view="system-overview", format=pb.FORMAT_PNG, dpi=300)
    messages = client.stream(view="system-overview", format=pb.FORMAT_PNG, dpi=300)
    assert [m.HasField("info") for m in messages] == [True] + [False] * (len(messages) - 1)
    assert len(messages) > 3 and all(len(m.chunk) == CHUNK_BYTES for m in messages[:-1])
    assert b"".join(m.chunk for m in messages) == whole.content
    assert messages[0].info.size_bytes == len(whole.content) == whole.info.size_bytes


@case
def a_picture_over_4_MiB_is_streamed_only(client):
    large = dict(spec=LARGE, format=pb.FORMAT_SVG)
    assert "RenderStream" in client.refused(grpc.StatusCode.RESOURCE_EXHAUSTED, **large)
    messages = client.stream(**large)
    assert sum(len(m.chunk) for m in messages) == messages[0].info.size_bytes > 4 << 20


@case
def what_cannot_be_drawn_is_refused_with_the_reason(client):
    invalid, exhausted, missing = (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.NOT_FOUND)
    for code, says, drawing in (
            (invalid, "a view or a spec", {}),
            (missing, '"nosuch"', {"view": "nosuch"}),
            (invalid, "NAME:ARGUMENT", {"view": "a b"}),
            (invalid, "takes no argument", {"view": "registry:x"}),
            (invalid, "dpi", {"spec": SPEC, "dpi": 1201}),
            (invalid, "scale", {"spec": SPEC, "scale": 8.1}),
            (invalid, "format", {"spec": SPEC, "format": 7}),
            (invalid, "theme", {"spec": SPEC, "format": pb.FORMAT_PNG, "theme": pb.THEME_AUTO}),
            (invalid, "spec:2:", {"spec": "title: x\nnodes: [{ind: a}]\n"}),
            (invalid, "more than", {"spec": "#" * (1 << 20) + "\n"}),
            (exhausted, "pixels", {"spec": SPEC, "format": pb.FORMAT_PNG, "dpi": 1200, "scale": 8})):
        text = client.refused(code, **drawing)
        assert says in text, f"{says!r} is not in {text!r}"
        refused(code, lambda: client.stream(**drawing))


@case
def views_are_listed_in_pages(client):
    everything = client.diagram.ListViews(pb.ListViewsRequest()).views
    ids = [view.id for view in everything]
    assert ids == sorted(ids) and {"container", "execution", "registry", "system-overview"} <= set(ids)
    assert {view.id: view.live for view in everything}["system-overview"] and all(view.title for view in everything)
    paged, token = [], ""
    while True:
        page = client.diagram.ListViews(pb.ListViewsRequest(page_size=1, page_token=token))
        assert len(page.views) <= 1
        paged += [view.id for view in page.views]
        token = page.next_page_token
        if not token:
            break
    assert paged == ids
    refused(grpc.StatusCode.INVALID_ARGUMENT, lambda: client.diagram.ListViews(pb.ListViewsRequest(page_size=1001)))


@case
def a_spec_is_judged_with_line_and_column(client):
    reply = client.diagram.Validate(pb.ValidateRequest(spec=SPEC))
    assert reply.valid and not reply.diagnostics
    assert (reply.summary.groups, reply.summary.nodes, reply.summary.edges) == (1, 2, 1)
    assert reply.summary.digest == client.render(spec=SPEC).info.scene_digest
    for spec, line, column, key, says in (
            ("title: x\nnodes:\n  - {id: a, helth: down}\n", 3, 13, "nodes[0]", "helth"),
            ("nodes:\n  - id: a\n    health: ill\n", 3, 13, "nodes[0].health", "degraded"),
            ("nodes: [a]\nedges:\n  - {from: a, to: nosuch}\n", 3, 6, "edges[0].to", "nosuch"),
            ("nodes:\n  - {id: a, live: registri/default/x}\n", 2, 19, "nodes[0].live", "container execution registry"),
            ("covers: [nosuch]\n", 1, 10, "covers[0]", "nosuch"),
            ("title: [\n", 2, 1, "", "")):
        reply = client.diagram.Validate(pb.ValidateRequest(spec=spec))
        assert not reply.valid and len(reply.diagnostics) == 1 and not reply.HasField("summary"), spec
        found = reply.diagnostics[0]
        assert (found.line, found.column, found.key) == (line, column, key) and says in found.text, (spec, found)
