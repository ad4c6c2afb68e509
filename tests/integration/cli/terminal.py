# SPDX-License-Identifier: Apache-2.0
"""Pictures in a terminal: what is written is decoded here by other means, and a terminal that answers is played by a pty."""
import base64
import os
import pty
import re
import select
import struct
import tempfile
import time
import zlib
from pathlib import Path

from cases import case
from mltctl import USAGE

SPEC = "title: Terminal\nnodes:\n  - {id: a, title: A box, health: down}\n  - {id: b, title: Another, health: healthy}\nedges:\n  - {from: a, to: b}\n"
SLACK = 12  # a channel's distance after 5 bits and percent


def read_png(data):
    """Width, height and rows of RGB."""
    width, height, depth, kind = struct.unpack(">IIBB", data[16:26])
    assert depth == 8 and kind in (2, 6), (depth, kind)
    step, packed, at = (3 if kind == 2 else 4), b"", 8
    while at < len(data):
        size, name = struct.unpack(">I4s", data[at:at + 8])
        packed += data[at + 8:at + 8 + size] if name == b"IDAT" else b""
        at += 12 + size
    raw, rows, before = zlib.decompress(packed), [], bytes(width * step)
    for y in range(height):
        how, line = raw[y * (width * step + 1)], bytearray(raw[y * (width * step + 1) + 1:(y + 1) * (width * step + 1)])
        assert how in (0, 1, 2), how
        for i in range(len(line)):
            line[i] = (line[i] + (before[i] if how == 2 else line[i - step] if how == 1 and i >= step else 0)) & 255
        before = bytes(line)
        rows.append(before)
    return width, height, rows, step


def read_sixel(text):
    """Rows of RGB from sixels (DEC STD 070)."""
    body = re.fullmatch(r"\x1bP0;1;0q(.*)\x1b\\\n?", text, re.S).group(1)
    width, height = (int(n) for n in re.match(r'"1;1;(\d+);(\d+)', body).groups())
    rows, palette, color, x, top = [[None] * width for _ in range(height)], {}, None, 0, 0
    for match in re.finditer(r"#(\d+);2;(\d+);(\d+);(\d+)|#(\d+)|!(\d+)([?-~])|([?-~])|(\$)|(-)", body[body.index("#"):]):
        if match[1]:
            palette[int(match[1])] = tuple(int(match[i]) * 255 / 100 for i in (2, 3, 4))
        elif match[5]:
            color = palette[int(match[5])]
        elif match[9]:
            x = 0
        elif match[10]:
            x, top = 0, top + 6
        else:
            for _ in range(int(match[6] or 1)):
                for y in range(6):
                    if ord(match[7] or match[8]) - 63 >> y & 1:
                        rows[top + y][x] = color
                x += 1
    return width, height, rows


def drawn(ctl, folder):
    """The spec's file, and its PNG as it is written to a file."""
    spec, png = Path(folder, "plan.yaml"), Path(folder, "plan.png")
    spec.write_text(SPEC)
    ctl("diagram", "render", "--spec", str(spec), "--to", str(png))
    return str(spec), png.read_bytes()


@case
def kitty_gets_the_png_in_pieces(ctl):
    with tempfile.TemporaryDirectory() as folder:
        spec, png = drawn(ctl, folder)
        pieces = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", ctl("diagram", "render", "--spec", spec, "--terminal", "kitty"))
        assert pieces[0][0].startswith("f=100,a=T") and all(len(data) <= 4096 for _, data in pieces)
        assert [keys[-3:] for keys, _ in pieces] == ["m=1"] * (len(pieces) - 1) + ["m=0"]
        assert base64.b64decode("".join(data for _, data in pieces)) == png


@case
def sixels_have_the_colours_of_the_png(ctl):
    with tempfile.TemporaryDirectory() as folder:
        spec, png = drawn(ctl, folder)
        width, height, rows, step = read_png(png)
        got_width, got_height, got = read_sixel(ctl("diagram", "render", "--spec", spec, "--terminal", "sixel"))
        assert (got_width, got_height) == (width, height)
        for y in range(height):
            for x in range(width):
                want = rows[y][x * step:x * step + 3]
                assert got[y][x] and all(abs(a - b) <= SLACK for a, b in zip(got[y][x], want)), (x, y, got[y][x], want)


@case
def a_way_that_is_none_is_named(ctl):
    ctl.error("diagram", "render", "registry", "--terminal", "crayon", code=USAGE)
    ctl.error("diagram", "watch", "registry", "--terminal", "crayon", code=USAGE)


def in_terminal(ctl, folder, answer, *arguments):
    """What mltctl writes to a terminal that answers its question with @answer."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execve(ctl.command[0], [*ctl.command, *arguments], ctl.environment)
    seen, end = b"", time.monotonic() + 60
    while time.monotonic() < end and select.select([terminal], [], [], 60)[0]:
        try:
            data = os.read(terminal, 65536)
        except OSError:  # the other side is closed
            break
        asked = b"\x1b[c" in seen
        seen += data
        if not asked and b"\x1b[c" in seen:
            os.write(terminal, answer)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, seen[-500:]
    return seen


@case
def a_terminal_is_asked_what_it_can(ctl):
    with tempfile.TemporaryDirectory() as folder:
        assert b"\x1b_Gf=100" in in_terminal(ctl, folder, b"\x1b_Gi=31;OK\x1b\\\x1b[?62;4c", "diagram", "render", "container")
        assert b"\x1bP0;1;0q" in in_terminal(ctl, folder, b"\x1b[?62;22;4c", "diagram", "render", "container")
        assert not os.listdir(folder)
        assert b"container.svg: " in in_terminal(ctl, folder, b"\x1b[?64;14;40c", "diagram", "render", "container")
        assert os.listdir(folder) == ["container.svg"]
        watched = in_terminal(ctl, folder, b"\x1b[?4c", "diagram", "watch", "registry", "--count", "1")
        assert watched.index(b"\x1b[2J") < watched.index(b"\x1bP0;1;0q")
