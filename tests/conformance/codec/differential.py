# SPDX-License-Identifier: Apache-2.0
"""Compare mrpc's codec with Google's on seeded random messages, whole and broken.

Both must accept or both refuse; what both accept must be the same message, unknown fields and JSON form included.
Documented differences (docs/internals/codec.md) are counted, never silent:
  nul        mrpc refuses a NUL inside a string
  required   mrpc refuses a message, or a piece of one, without its required fields
  enum       mrpc keeps an unknown value of a closed enum as a value
  map entry  the reference (upb) puts a whole map entry among the unknown fields if it has an unknown field inside;
             mrpc takes the entry, as Google's C++ and Go do
"""
import argparse
import collections
import json
import os
import random
import struct
import subprocess
import sys
import tempfile

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory, unknown_fields
from google.protobuf.message import DecodeError

NAMES = ["mrpc.test.Everything", "mrpc.test.Legacy", "mrpc.test.LegacyHolder"]
WEIGHTS = [8, 2, 1]


def load_messages(protos):
    with tempfile.NamedTemporaryFile() as out:
        files = ["everything.proto", "legacy.proto"]
        subprocess.run(["protoc", "-I", protos, "-I", "/usr/include", "--include_imports",
                        "--descriptor_set_out", out.name, *files], check=True)
        files = descriptor_pb2.FileDescriptorSet.FromString(out.read())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return [message_factory.GetMessageClass(pool.FindMessageTypeByName(name)) for name in NAMES]


class Generator:
    """Random messages of a type, through reflection."""

    def __init__(self, rng):
        self.rng = rng

    def text(self):
        rng = self.rng
        alphabets = ["abcxyz", "äöüß€😀", " \t\n\"\\/", "a\x00b"]
        alphabet = rng.choices(alphabets, [20, 5, 5, 0.2])[0]
        return "".join(rng.choice(alphabet) for _ in range(rng.choice([0, 1, 3, 7, 8, 9, 30])))

    def integer(self, low, high):
        edges = [0, 1, -1, low, high, 127, 128, 300, 1 << 20]
        value = self.rng.choice(edges) if self.rng.random() < 0.5 else self.rng.randint(low, high)
        return min(max(value, low), high)

    def number(self, single):
        rng = self.rng
        value = rng.choice([0.0, -0.0, 1.5, -2.25, 0.1, float("inf"), float("-inf"), float("nan"), 1e30, 5e-324,
                            rng.gauss(0, 1e6)])
        return struct.unpack("f", struct.pack("f", value))[0] if single else value

    def scalar(self, field):
        kind = field.cpp_type
        if kind == field.CPPTYPE_INT32:
            return self.integer(-1 << 31, (1 << 31) - 1)
        if kind == field.CPPTYPE_INT64:
            return self.integer(-1 << 63, (1 << 63) - 1)
        if kind == field.CPPTYPE_UINT32:
            return self.integer(0, (1 << 32) - 1)
        if kind == field.CPPTYPE_UINT64:
            return self.integer(0, (1 << 64) - 1)
        if kind == field.CPPTYPE_BOOL:
            return self.rng.random() < 0.5
        if kind == field.CPPTYPE_ENUM:
            return self.rng.choice(field.enum_type.values).number
        if kind == field.CPPTYPE_STRING:
            return self.text() if field.type == field.TYPE_STRING else os_bytes(self.rng)
        return self.number(kind == field.CPPTYPE_FLOAT)

    def fill_wellknown(self, message):
        name, rng = message.DESCRIPTOR.full_name, self.rng
        if name == "google.protobuf.Timestamp":
            message.seconds = rng.choice([0, -1, 1700000000, rng.randint(-62135596800, 253402300799)])
            message.nanos = rng.choice([0, 500000000, 1000, 999999999])
        elif name == "google.protobuf.Duration":
            message.seconds = rng.choice([0, 1, rng.randint(0, 315576000000)])
            message.nanos = rng.choice([0, 1, 250000000])
        elif name == "google.protobuf.FieldMask":
            message.paths.extend(rng.sample(["a", "foo_bar", "foo_bar.baz", "x.y"], rng.randint(0, 3)))
        elif name == "google.protobuf.Value":
            rng.choice([lambda: setattr(message, "number_value", 1.5), lambda: setattr(message, "null_value", 0),
                        lambda: setattr(message, "string_value", "s"), lambda: setattr(message, "bool_value", True),
                        lambda: message.list_value.values.add(), lambda: message.struct_value.fields["k"], lambda: 0])()
        else:
            return False
        return True

    def fill(self, message, depth=0):
        if self.fill_wellknown(message):
            return message
        fields = message.DESCRIPTOR.fields
        required = [f for f in fields if f.label == f.LABEL_REQUIRED]
        count = self.rng.choice([0, 1, 2, 4, 8]) >> (depth // 2)
        for field in required + self.rng.choices(fields, k=min(count, len(fields)) if fields else 0):
            if field.cpp_type == field.CPPTYPE_MESSAGE and depth >= 5:
                continue
            self.fill_field(message, field, depth)
        return message

    def fill_field(self, message, field, depth):
        if field.message_type and field.message_type.GetOptions().map_entry:
            key, value = field.message_type.fields_by_name["key"], field.message_type.fields_by_name["value"]
            for _ in range(self.rng.choice([1, 2, 12])):
                if value.cpp_type == value.CPPTYPE_MESSAGE:
                    self.fill(getattr(message, field.name)[self.scalar(key)], depth + 1)
                else:
                    getattr(message, field.name)[self.scalar(key)] = self.scalar(value)
        elif field.label == field.LABEL_REPEATED:
            for _ in range(self.rng.choice([1, 1, 2, 5])):
                if field.cpp_type == field.CPPTYPE_MESSAGE:
                    self.fill(getattr(message, field.name).add(), depth + 1)
                else:
                    getattr(message, field.name).append(self.scalar(field))
        elif field.cpp_type == field.CPPTYPE_MESSAGE:
            child = getattr(message, field.name)
            child.SetInParent()
            self.fill(child, depth + 1)
        else:
            setattr(message, field.name, self.scalar(field))


def os_bytes(rng):
    return rng.randbytes(rng.choice([0, 1, 2, 17, 100]))


def varint(value, padding=0):
    out = bytearray()
    while value >= 0x80 or padding > 0:
        out.append(value & 0x7F | 0x80)
        value >>= 7
        padding -= value == 0
    out.append(value)
    return bytes(out)


def raw_field(rng, message_class, depth=0):
    """A field written by hand: any number, any wire type, any encoding of its varints."""
    numbers = [f.number for f in message_class.DESCRIPTOR.fields] + [0, 1000, 150, (1 << 29) - 1]
    number, wire = rng.choice(numbers), rng.choices([0, 1, 2, 5, 3, 4, 6, 7], [8, 4, 8, 4, 2, 0.2, 0.1, 0.1])[0]
    tag = varint(number << 3 | wire, rng.choices([0, 1, 4, 5], [30, 1, 0.3, 0.3])[0])
    if wire == 0:
        return tag + varint(rng.choice([0, 1, 5, 300, rng.getrandbits(32), rng.getrandbits(64)]),
                            rng.choices([0, 1, 9, 10], [20, 2, 0.5, 0.3])[0])
    if wire == 1:
        return tag + rng.randbytes(8)
    if wire == 5:
        return tag + rng.randbytes(4)
    if wire == 2:
        body = rng.choice([b"", b"text", rng.randbytes(3), varint(7), b"\x08\x05", b"\x0a\x01k\x12\x01v", b"\x12\x00"])
        return tag + varint(len(body), rng.choices([0, 1, 4], [20, 1, 0.3])[0]) + body
    if wire == 3 and depth < 4:
        body = b"".join(raw_field(rng, message_class, depth + 1) for _ in range(rng.randint(0, 2)))
        end = number if rng.random() < 0.95 else number + 1
        return tag + body + varint(end << 3 | 4)
    return tag


def make_case(rng, classes):
    kind = rng.choices(range(len(classes)), WEIGHTS)[0]
    generator, cls = Generator(rng), classes[kind]
    data = bytearray(generator.fill(cls()).SerializePartialToString())
    shape = rng.choices(["whole", "merge", "raw", "flip", "cut", "insert"], [4, 2, 4, 2, 1, 1])[0]
    if shape == "merge":
        data += generator.fill(cls()).SerializePartialToString()
    elif shape == "raw":
        for _ in range(rng.randint(1, 4)):
            field = raw_field(rng, cls)
            data = bytearray(field) + data if rng.random() < 0.5 else data + field
    elif shape == "flip" and data:
        for _ in range(rng.randint(1, 3)):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    elif shape == "cut" and data:
        del data[rng.randrange(len(data)):]
    elif shape == "insert":
        at = rng.randint(0, len(data))
        data[at:at] = rng.randbytes(rng.randint(1, 4))
    return kind, bytes(data)


def ask(driver, cases):
    request = b"".join(struct.pack("<BI", kind, len(data)) + data for kind, data in cases)
    done = subprocess.run([driver], input=request, capture_output=True)
    if done.returncode:
        sys.exit(f"driver: exit {done.returncode}\n{done.stderr.decode(errors='replace')[-4000:]}")
    answers, at, out = [], 0, done.stdout
    for _ in cases:
        ok, at = out[at], at + 1
        blocks = []
        for _ in range(2):
            (size,) = struct.unpack_from("<I", out, at)
            blocks.append(out[at + 4:at + 4 + size])
            at += 4 + size
        answers.append((bool(ok), *blocks))
    return answers


def unknown_list(message):
    def plain(value):
        return [(f.field_number, f.wire_type, plain(f.data)) for f in value] \
            if isinstance(value, unknown_fields.UnknownFieldSet) else value
    return plain(unknown_fields.UnknownFieldSet(message))


def submessages(message):
    yield message
    for field, value in message.ListFields():
        if field.cpp_type != field.CPPTYPE_MESSAGE:
            continue
        if field.message_type.GetOptions().map_entry:
            if field.message_type.fields_by_name["value"].message_type:
                for child in value.values():
                    yield from submessages(child)
        elif field.label == field.LABEL_REPEATED:
            for child in value:
                yield from submessages(child)
        else:
            yield from submessages(value)


def documented_difference(message):
    """The kind of field that the reference put among the unknown ones although the schema has it."""
    for part in submessages(message):
        fields = part.DESCRIPTOR.fields_by_number
        for number, wire, _ in unknown_list(part):
            field = fields.get(number)
            if field and field.enum_type and part.DESCRIPTOR.file.name == "legacy.proto":
                return "enum"
            if field and wire == 2 and field.message_type and field.message_type.GetOptions().map_entry:
                return "map entry"
    return None


def known_bytes(message):
    copy = type(message)()
    copy.CopyFrom(message)
    copy.DiscardUnknownFields()
    return copy.SerializePartialToString(deterministic=True)


def same_json(ours, theirs):
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(same_json(ours[k], theirs[k]) for k in ours)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(same_json, ours, theirs))
    if type(ours) in (int, float) and type(theirs) in (int, float):
        # Python prints subnormal floats with more digits than are needed.
        subnormal = abs(theirs) < 2.0 ** -126 and struct.pack("f", ours) == struct.pack("f", theirs)
        return ours == theirs or subnormal
    return type(ours) is type(theirs) and ours == theirs


def check_json(message, text):
    if any(part.DESCRIPTOR.full_name == "google.protobuf.Any" and part.type_url for part in submessages(message)):
        return "json: any"
    if any(part.DESCRIPTOR.full_name == "google.protobuf.Timestamp" and not 0 <= part.nanos <= 999_999_999
           for part in submessages(message)):
        assert not text, "mrpc prints a timestamp whose nanos are out of range"
        return "json: nanos out of range"  # the reference prints some of them
    try:
        theirs = json.loads(json_format.MessageToJson(message))
    except (ValueError, OverflowError, json_format.Error, TypeError):
        return "json: refused by the reference"
    if not text:
        raise AssertionError(f"no JSON from mrpc, reference: {theirs}")
    ours = json.loads(text.decode())
    assert same_json(ours, theirs), f"JSON differs\n  mrpc      {ours}\n  reference {theirs}"
    return "json: equal"


def check_case(cls, data, answer):
    accepted, encoded, text = answer
    theirs = cls()
    try:
        theirs.ParseFromString(data)
        reference = True
    except DecodeError:
        reference = False
    if not accepted:
        reason = encoded.decode(errors="replace")
        if not reference:
            return "both refuse"
        if reason.startswith("NUL in a string|"):
            return "difference: nul"
        if reason.startswith("required field is missing|"):
            return "difference: required"
        raise AssertionError(f"only mrpc refuses: {reason}")
    assert reference, "only mrpc accepts"
    difference = documented_difference(theirs)
    if difference:
        return "difference: " + difference
    ours = cls.FromString(encoded)
    assert known_bytes(ours) == known_bytes(theirs), f"messages differ\n  mrpc      {ours}\n  reference {theirs}"
    assert unknown_list(ours) == unknown_list(theirs), \
        f"unknown fields differ\n  mrpc      {unknown_list(ours)}\n  reference {unknown_list(theirs)}"
    return "both accept, " + check_json(theirs, text)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--driver", required=True)
    parser.add_argument("--protos", required=True)
    parser.add_argument("--cases", type=int, default=int(os.environ.get("MLT_CODEC_CASES", "20000")))
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    classes = load_messages(args.protos)
    rng, counts, failures = random.Random(args.seed), collections.Counter(), 0
    for start in range(0, args.cases, 1000):
        cases = [make_case(rng, classes) for _ in range(min(1000, args.cases - start))]
        for i, ((kind, data), answer) in enumerate(zip(cases, ask(args.driver, cases))):
            try:
                counts[check_case(classes[kind], data, answer)] += 1
            except AssertionError as error:
                failures += 1
                print(f"case {start + i}, {NAMES[kind]}, {data.hex()}\n  {error}")
                if failures == 10:
                    sys.exit(1)
    for name, count in sorted(counts.items()):
        print(f"{count:8} {name}")
    both = sum(count for name, count in counts.items() if name.startswith("both accept"))
    if both < args.cases // 3 or counts["both refuse"] < args.cases // 20:
        sys.exit("the generator no longer makes enough good or bad messages")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
