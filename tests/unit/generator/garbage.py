#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is no CodeGeneratorRequest must end with a message and exit 1; what is nearly one must never crash.

    garbage.py PLUGIN PROTO_FOLDER PROTOBUF_IMPORTS
"""
import os
import random
import subprocess
import sys
import tempfile

plugin, folder, imports = sys.argv[1:4]


def request_of(*protos):
    """The request that protoc sends, by way of a plugin that keeps it."""
    with tempfile.TemporaryDirectory() as work:
        dump, kept = os.path.join(work, "protoc-gen-dump"), os.path.join(work, "request")
        with open(dump, "w") as script:
            script.write(f"#!/bin/sh\nexec cat >'{kept}'\n")
        os.chmod(dump, 0o755)
        subprocess.run(["protoc", f"--plugin={dump}", f"-I{folder}", f"-I{imports}", f"--dump_out={work}", *protos],
                       check=True)
        with open(kept, "rb") as file:
            return file.read()


def run(data):
    return subprocess.run([plugin], input=data, capture_output=True, timeout=60)


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def field(number, payload):
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def nested(depth):
    """A file with a message in a message, depth times over."""
    message = field(1, b"M")
    for _ in range(depth):
        message = field(1, b"M") + field(3, message)
    return field(1, b"deep.proto") + field(15, field(1, b"deep.proto") + field(4, message))


failures = []


def expect(what, data, refused):
    done = run(data)
    if done.returncode not in (0, 1):
        failures.append(f"{what}: ended with {done.returncode}: {done.stderr[-300:]!r}")
    elif refused and (done.returncode != 1 or b"protoc-gen-mrpc-c: " not in done.stderr or done.stdout):
        failures.append(f"{what}: not refused: exit {done.returncode}, stderr {done.stderr[-300:]!r}")


whole = request_of("proto2/input.proto", "services/input.proto")
assert run(whole).returncode == 0, "the whole request is refused"
expect("nothing", b"", True)
expect("text", b"hello, this is no request\n", True)
expect("zeros", bytes(1000), True)
expect("a length beyond the end", b"\x0a\xff\xff\xff\xff\x0f", True)
expect("nested 50,000 deep", nested(50_000), True)
expect("cut in its last field", whole[:-1], True)
expect("a file that is not there", field(1, b"none.proto"), False)
expect("a file without name", field(1, b"a.proto") + field(15, b""), False)
expect("a nameless message", field(1, b"a.proto") + field(15, field(1, b"a.proto") + field(4, b"")), False)
expect("a file that imports itself", field(1, b"a") + field(15, field(1, b"a") + field(3, b"a")), False)

source = random.Random(20240229)
for _ in range(100):
    expect("random bytes", source.randbytes(source.randrange(1, 400)), False)
for _ in range(120):
    cut = source.randrange(len(whole))
    expect(f"cut at {cut}", whole[:cut], False)
for _ in range(250):
    mutant = bytearray(whole)
    for _ in range(source.choice([1, 1, 2, 8])):
        mutant[source.randrange(len(mutant))] = source.choice([0, 1, 0x7F, 0x80, 0xFF, source.randrange(256)])
    expect("mutant", bytes(mutant), False)

print("\n".join(failures[:10]) or "every input was answered or refused")
sys.exit(1 if failures else 0)
