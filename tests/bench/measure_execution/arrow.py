# SPDX-License-Identifier: Apache-2.0
"""A table of numbers as an Arrow IPC stream, without a library: a schema, record batches, an end.
Source: "Arrow Columnar Format", Serialization and Interprocess Communication; Message.fbs, Schema.fbs."""
import struct

SIZES = {"B": 1, "h": 2, "q": 8, "o": 4}
SCHEMA, RECORD_BATCH, FLOATING_POINT, DOUBLE, VERSION_5 = 1, 3, 3, 2, 4


class Flat:
    """A flatbuffer, written forwards: a table, then what it refers to. Offsets are functions that write and say where."""

    def __init__(self):
        self.bytes = bytearray(8)

    def pad(self, unit, ahead=0):
        self.bytes += bytes(-(len(self.bytes) + ahead) % unit)

    def refer(self, at, write):
        struct.pack_into("<I", self.bytes, at, write() - at)

    def table(self, *slots):
        """Slots: ("B" | "h" | "q", number), ("o", function) or None, by their number in the schema."""
        places, size = [], 4
        for slot in slots:
            size += -size % SIZES[slot[0]] if slot else 0
            places.append(size if slot else 0)
            size += SIZES[slot[0]] if slot else 0
        self.pad(8)
        index = len(self.bytes)
        self.bytes += struct.pack(f"<{2 + len(slots)}H", 4 + 2 * len(slots), size, *places)
        self.pad(8)
        start = len(self.bytes)
        self.bytes += struct.pack("<i", start - index) + bytes(size - 4)
        for slot, place in zip(slots, places):
            if slot and slot[0] == "o":
                self.refer(start + place, slot[1])
            elif slot:
                struct.pack_into("<" + slot[0], self.bytes, start + place, slot[1])
        return start

    def text(self, text):
        self.pad(4)
        start = len(self.bytes)
        self.bytes += struct.pack("<I", len(text)) + text.encode() + b"\0"
        return start

    def pairs(self, pairs):
        """A vector of structs of two longs."""
        self.pad(8, 4)
        start = len(self.bytes)
        self.bytes += struct.pack("<I", len(pairs)) + b"".join(struct.pack("<qq", *pair) for pair in pairs)
        return start

    def tables(self, writers):
        self.pad(4)
        start = len(self.bytes)
        self.bytes += struct.pack("<I", len(writers)) + bytes(4 * len(writers))
        for i, write in enumerate(writers):
            self.refer(start + 4 + 4 * i, write)
        return start


def message(kind, body_bytes, header):
    flat = Flat()
    flat.refer(0, lambda: flat.table(("h", VERSION_5), ("B", kind), ("o", lambda: header(flat)), ("q", body_bytes)))
    flat.pad(8)
    return b"\xff\xff\xff\xff" + struct.pack("<I", len(flat.bytes)) + flat.bytes


def schema(names):
    def field(flat, name):
        return flat.table(("o", lambda: flat.text(name)), None, ("B", FLOATING_POINT),
                          ("o", lambda: flat.table(("h", DOUBLE))), None, ("o", lambda: flat.tables([])))

    def header(flat):
        return flat.table(("h", 0), ("o", lambda: flat.tables([lambda name=name: field(flat, name) for name in names])))

    return message(SCHEMA, 0, header)


def batch(columns):
    """Of columns that are array("d"), all of one length."""
    rows = len(columns[0])
    buffers = [place for i in range(len(columns)) for place in ((8 * rows * i, 0), (8 * rows * i, 8 * rows))]

    def header(flat):
        return flat.table(("q", rows), ("o", lambda: flat.pairs([(rows, 0)] * len(columns))), ("o", lambda: flat.pairs(buffers)))

    return message(RECORD_BATCH, 8 * rows * len(columns), header) + b"".join(column.tobytes() for column in columns)


END = b"\xff\xff\xff\xff" + bytes(4)
