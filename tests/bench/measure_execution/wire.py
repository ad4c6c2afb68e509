# SPDX-License-Identifier: Apache-2.0
"""Requests of mltrainer.execution.v1 as bytes, without stubs: what a benchmark sends is always the same."""
import struct


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out) + bytes([value])


def field(number, data):
    data = data.encode() if isinstance(data, str) else data
    return varint(number << 3 | 2) + varint(len(data)) + data


def table(columns):
    """{name: [numbers]} as a DataReference with an inline table."""
    out = b""
    for name, values in columns.items():
        doubles = field(1, struct.pack(f"<{len(values)}d", *values))
        out += field(1, field(1, name) + field(2, doubles))
    return field(2, out)


def predict(artifact, columns):
    return field(1, artifact) + field(2, table(columns))


def submit_compute(model, columns, after=()):
    spec = field(4, field(1, model) + field(3, table(columns))) + b"".join(field(11, job) for job in after)
    return field(1, spec)
