# SPDX-License-Identifier: Apache-2.0
import json
import os
import signal
import struct
import subprocess
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from cases import case
from mltctl import FAILED, INVALID_ARGUMENT, NOT_FOUND, UNAVAILABLE, USAGE, Mltctl

SPEC = """title: Two boxes
nodes:
  - {id: a, title: A box}
  - {id: b, title: Another}
edges:
  - {from: a, to: b}
"""


@case
def views_are_listed_and_drawn_in_every_format(ctl):
    views = {row["VIEW"] for row in ctl.table("diagram", "views")}
    assert {"registry", "container", "execution", "system-overview"} <= views
    with tempfile.TemporaryDirectory() as folder:
        for view in (view for view in views if ":" not in view):
            svg, png, pdf = (Path(folder, f"{view}.{kind}") for kind in ("svg", "png", "pdf"))
            for path in (svg, png, pdf):
                said = ctl("diagram", "render", view, "--to", str(path))
                assert f"{path}: {path.stat().st_size} bytes" in said, said
            assert ElementTree.parse(svg).getroot().tag == "{http://www.w3.org/2000/svg}svg"
            head = png.read_bytes()[:24]
            assert head[:8] == b"\x89PNG\r\n\x1a\n" and min(struct.unpack(">II", head[16:24])) > 100
            assert pdf.read_bytes().startswith(b"%PDF-")
    assert ctl("diagram", "render", "container", "--format", "dot", "--to", "-").startswith("digraph")


@case
def a_drawing_shows_what_is_registered(ctl):
    ctl("registry", "register", "drawn/one", "127.0.0.1:1")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "r.svg")
        ctl("diagram", "render", "registry", "--to", str(path))
        assert "drawn" in path.read_text()


@case
def a_file_is_written_whole_or_not_at_all(ctl):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "drawing.svg")
        path.write_text("before")
        ctl.error("diagram", "render", "nosuch", "--to", str(path), code=NOT_FOUND)
        Mltctl("127.0.0.1:1").error("diagram", "render", "registry", "--to", str(path), code=UNAVAILABLE)
        assert path.read_text() == "before" and os.listdir(folder) == ["drawing.svg"]
        ctl.error("diagram", "render", "registry", "--to", str(Path(folder, "nosuch/x.svg")), code=FAILED)
        ctl("diagram", "render", "registry", "--to", str(path))
        assert path.read_text().startswith(("<svg", "<?xml")) and os.listdir(folder) == ["drawing.svg"]
        ctl.error("diagram", "render", "registry", "--to", str(Path(folder, "x.gif")), code=USAGE)


@case
def what_differs_from_what_runs_is_listed(ctl):
    spec = "nodes: [{id: here, live: registry/default/declared}, {id: gone, title: Not there, live: registry/default/gone}]\n"
    ctl("registry", "register", "declared/a", "127.0.0.1:1")
    with tempfile.TemporaryDirectory() as folder:
        plan, out = Path(folder, "plan.yaml"), Path(folder, "plan.svg")
        plan.write_text(spec)
        said = ctl("diagram", "render", "--spec", str(plan), "--to", str(out)).splitlines()
        assert said[0].startswith(f"{out}: ") and said[1:] == ["absent      gone  (Not there)"], said
        assert "1/1 instance" in out.read_text()
        said = ctl("diagram", "render", "--spec", str(plan), "--overlay", "container", "--to", str(out)).splitlines()
        assert "undeclared  container.store  (store)" in said and "absent      gone  (Not there)" in said, said
        assert ctl("diagram", "render", "--spec", str(plan), "--to", "-").startswith("<svg"), "the picture alone"
        ctl.error("diagram", "render", "--spec", str(plan), "--overlay", "nosuch", "--to", str(out), code=INVALID_ARGUMENT)
        plan.write_text(spec.replace("registry/default/gone", "nosuch/gone"))
        assert '"nosuch"' in ctl.error("diagram", "render", "--spec", str(plan), "--to", str(out), code=INVALID_ARGUMENT)


@case
def a_spec_is_checked_and_drawn(ctl):
    with tempfile.TemporaryDirectory() as folder:
        good, bad, out = (Path(folder, name) for name in ("good.yaml", "bad.yaml", "out.svg"))
        good.write_text(SPEC)
        bad.write_text(SPEC.replace("to: b", "to: c"))
        ctl("diagram", "validate", str(good))
        ctl("diagram", "render", "--spec", str(good), "--to", str(out))
        assert "Another" in out.read_text()
        refused = ctl.run("diagram", "validate", str(bad))
        assert refused.returncode in (FAILED, INVALID_ARGUMENT) and '"c"' in refused.stdout + refused.stderr, refused
        ctl.error("diagram", "render", "--spec", str(bad), "--to", str(Path(folder, "bad.svg")), code=INVALID_ARGUMENT)
