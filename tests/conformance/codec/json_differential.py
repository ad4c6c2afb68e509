# SPDX-License-Identifier: Apache-2.0
"""Compare mrpc's JSON reader with Google's json_format on seeded random texts, whole and broken.

Both must accept or both refuse; what both accept must be the same message. Google's Python is laxer than the JSON
mapping says in many a place (int("1_0"), base64 with blanks in it, "+1s"); strict() takes that back, by the words of
protobuf.dev/programming-guides/json. Differences that stay (docs/internals/codec.md) are counted, never silent:
  nul    mrpc refuses a NUL inside a string
  enum   mrpc keeps an unknown number of a closed enum
  any    mrpc takes an Any of an unknown type with its bytes in base64
  name   told to ignore what is unknown, mrpc does so with names of enum values too, as conformance tests ask and this
         version of the reference does not
  twice  mrpc refuses a field that comes under both of its names, as Google's C++ and Go do; told to ignore what is
         unknown, it does not compare unknown names
"""
import argparse
import collections
import copy
import decimal
import json
import os
import random
import re
import struct
import subprocess
import sys

from google.protobuf import any_pb2, json_format, message_factory, unknown_fields

from differential import NAMES, WEIGHTS, Generator, ask, load_messages, submessages

JSON_CASE, IGNORE_UNKNOWN = 0x80, 0x40
NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
BASE64 = re.compile(r"[A-Za-z0-9+/_-]*(={0,2})")
ZONE = r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
TIMESTAMP = re.compile(rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(\.[0-9]{{1,9}})?{ZONE}")
DURATION = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,9})?s")


unknown_names, twice = [], []  # that the reference met in the case at hand


class Refused(json_format.ParseError):
    pass


class Written(float):
    """A number with a point or exponent, and how it is written."""

    def __new__(cls, text):
        number = super().__new__(cls, text)
        number.text = text
        return number


def demand(condition, what):
    if not condition:
        raise Refused(what)


def whole(value, low, high):
    """The exact integer, of a number or a string that is one."""
    demand(isinstance(value, (int, str, Written)) and not isinstance(value, bool), "no number")
    text = value if isinstance(value, str) else getattr(value, "text", str(value))
    demand(NUMBER.fullmatch(text), "no number")
    digits, _, exponent = text.lower().partition("e")
    exact = decimal.Decimal(digits)
    if exact.is_zero():
        return 0
    demand(abs(int(exponent or 0)) < 1000, "out of range")
    exact = exact.scaleb(int(exponent or 0), decimal.Context(prec=5000))
    demand(exact.adjusted() < 30 and exact == exact.to_integral_value(), "not whole")
    demand(low <= int(exact) <= high, "out of range")
    return int(exact)


def real(value, single):
    demand(not isinstance(value, bool), "a truth value")
    if isinstance(value, str):
        if value in ("NaN", "Infinity", "-Infinity"):
            return float(value.lower())
        demand(NUMBER.fullmatch(value), "no number")
    demand(isinstance(value, (int, float, str)), "no number")
    try:
        number = float(value)
        if single:
            struct.pack("<f", number)
    except OverflowError:
        raise Refused("too large") from None
    demand(number not in (float("inf"), float("-inf")), "too large")
    return number


RANGES = {"INT32": (-1 << 31, (1 << 31) - 1), "UINT32": (0, (1 << 32) - 1),
          "INT64": (-1 << 63, (1 << 63) - 1), "UINT64": (0, (1 << 64) - 1)}


def strict():
    """Replace what json_format converts too readily."""
    lax_scalar, lax_message = json_format._ConvertScalarFieldValue, json_format._Parser._ConvertGenericMessage
    lax_dynamic = json_format._Parser._ConvertValueMessage
    lax_object, lax_any = json_format._Parser._ConvertFieldValuePair, json_format._Parser._ConvertAnyMessage

    def scalar(value, field, path, require_str=False):
        kind = field.cpp_type
        for name, (low, high) in RANGES.items():
            if kind == getattr(field, "CPPTYPE_" + name):
                return whole(value, low, high)
        if kind in (field.CPPTYPE_FLOAT, field.CPPTYPE_DOUBLE):
            return real(value, kind == field.CPPTYPE_FLOAT)
        if field.type == field.TYPE_BYTES:
            match = isinstance(value, str) and BASE64.fullmatch(value)
            demand(match and (len(value) - len(match[1])) % 4 != 1 and (not match[1] or len(value) % 4 == 0), "no base64")
        if kind == field.CPPTYPE_ENUM:
            if not isinstance(value, str):
                value = whole(value, *RANGES["INT32"])
            elif value not in field.enum_type.values_by_name:
                unknown_names.append(value)
                raise Refused("no such value")
        if kind == field.CPPTYPE_STRING and field.type != field.TYPE_BYTES:
            demand(isinstance(value, str), "no string")
        return lax_scalar(value, field, path, require_str)

    def message(self, value, message, path):
        form = {"google.protobuf.Timestamp": TIMESTAMP, "google.protobuf.Duration": DURATION}.get(
            message.DESCRIPTOR.full_name)
        demand(not form or isinstance(value, str) and form.fullmatch(value), "no time")
        if message.DESCRIPTOR.full_name == "google.protobuf.FieldMask":
            demand(isinstance(value, str) and (not value or all(value.split(","))), "an empty path")
        return lax_message(self, value, message, path)

    def members(self, js, message, path):
        demand(isinstance(js, dict), "no object")
        return lax_object(self, js, message, path)

    def any_message(self, value, message, path):
        demand(isinstance(value, dict), "no object")
        inner = str(value.get("@type")).rpartition("/")[2]
        form_of_its_own = inner.startswith("google.protobuf.") and inner != "google.protobuf.Empty"
        demand(not form_of_its_own or self.ignore_unknown_fields or value.keys() <= {"@type", "value"}, "more members")
        return lax_any(self, value, message, path)

    def dynamic(self, value, message, path):
        demand(not isinstance(value, float) or abs(value) != float("inf"), "too large")
        return lax_dynamic(self, value, message, path)

    json_format._ConvertScalarFieldValue = scalar
    json_format._Parser._ConvertValueMessage = dynamic
    json_format._Parser._ConvertAnyMessage = any_message
    json_format._Parser._ConvertFieldValuePair = members
    json_format._Parser._ConvertGenericMessage = message


def refuse_constant(name):
    raise Refused(f"{name} is no JSON")


def members_of(pairs):
    if len({key for key, _ in pairs}) < len(pairs):
        twice.append(pairs)
    return json_format._DuplicateChecker(pairs)


def reference(cls, text, ignore):
    """The message, or None."""
    unknown_names.clear()
    twice.clear()
    try:
        plain = text.decode()
        tree = json.loads(plain, object_pairs_hook=members_of, parse_float=Written,
                          parse_int=lambda digits: Written(digits) if digits == "-0" else int(digits),
                          parse_constant=refuse_constant)
        json.dumps(tree, ensure_ascii=False).encode()  # no lone surrogates, not even where nobody looks
        message = cls()
        json_format.ParseDict(tree, message, ignore_unknown_fields=ignore, descriptor_pool=cls.DESCRIPTOR.file.pool)
    except Exception:  # whatever it may be: json_format lets TypeError, AttributeError and others out
        return None
    return message if message.IsInitialized() else None


class JsonGenerator(Generator):
    def fill_wellknown(self, message):
        if message.DESCRIPTOR.full_name != "google.protobuf.Any":
            return super().fill_wellknown(message)
        if self.rng.random() < 0.9:
            pool = message.DESCRIPTOR.file.pool
            name = self.rng.choice(["mrpc.test.Leaf", "google.protobuf.Duration", "google.protobuf.Int64Value",
                                    "google.protobuf.Empty", "google.protobuf.Value"])
            inner = message_factory.GetMessageClass(pool.FindMessageTypeByName(name))()
            self.fill(inner, 4)
            any_pb2.Any.Pack(message, inner)
        return True


REPLACEMENTS = [None, True, False, 0, 1, -1, 1.0, 1.5, -0.0, 1e2, "1", "-1", "1.0", "1e2", "01", "+1", " 1", "", "x", "true",
                2147483647, 2147483648, 4294967296, 9223372036854775807, "9223372036854775808", 18446744073709551615,
                1e19, 3.4028236e38, 1e39, 1e308, "1e400", "NaN", "Infinity", "-Infinity", "nan", "inf", "AAE=", "AAE", "A",
                "-_8=", "+/8", "AA==AA", "A A=", "COLOUR_RED", "COLOUR_NONE", "LEVEL_HIGH", 7, [], [None], [1, "2"], {},
                {"k": None}, {"1": 1, "2": 2}, "1.5s", "-0.000000001s", "1s ", "315576000001s", "1.5", "0.1234567891s",
                "1970-01-01T00:00:00Z", "2024-02-30T00:00:00Z", "2000-02-29T23:59:59.5+01:00", "1970-01-01t00:00:00Z",
                "9999-12-31T23:59:59.999999999Z", "0001-01-01T00:00:00Z", "0000-01-01T00:00:00Z", "fooBar,baz.quxQuux",
                "foo_bar", "a,,b", "a\u0000b", "\U0001f600"]
RAW = ["NaN", "Infinity", "1.", ".5", "01", "1e", "'a'", "[1,]", '{"a":1,}', "tru", '"\\ud800"', '"\\x"', "/*", "\ufeff1",
       "1" * 400, "-", "123456789012345678901234567890", "1e99999999999", "0.0e-999999999"]


def replacement(rng):
    return copy.deepcopy(rng.choice(REPLACEMENTS))


def places(tree, path=()):
    """Every path to a value."""
    yield path
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield from places(value, (*path, key))


def mutate(rng, tree, cls):
    """Something of @tree replaced, renamed, added or taken away."""
    path = rng.choice(list(places(tree)))
    if not path:
        return tree if rng.random() < 0.9 else replacement(rng)
    holder = tree
    for key in path[:-1]:
        holder = holder[key]
    key, kind = path[-1], rng.random()
    if kind < 0.6 or isinstance(holder, list):
        holder[key] = replacement(rng)
    elif kind < 0.75:
        holder[rng.choice(["unknown", "an_int32", "anInt32", "@type", "value", "choiceText", "leaf", "1", ""])] = (
            replacement(rng))
    elif kind < 0.9:
        value = holder.pop(key)
        holder[re.sub("[A-Z]", lambda m: "_" + m[0].lower(), key)] = value
    else:
        items = list(holder.items())
        rng.shuffle(items)
        holder.clear()
        holder.update(items)
    return tree


def write(rng, tree):
    text = json.dumps(tree, ensure_ascii=rng.random() < 0.5, indent=rng.choice([None, None, 1])).encode()
    shape = rng.choices(["whole", "raw", "twice", "flip", "cut"], [10, 1, 1, 1.5, 0.5])[0]
    data = bytearray(text)
    if shape == "raw":
        spots = [m.start() for m in re.finditer(rb'(?<=: )|(?<=\[)', text)]
        if spots:
            at = rng.choice(spots)
            data[at:at + rng.choice([0, 1])] = rng.choice(RAW).encode("utf-8", "surrogatepass")
    elif shape == "twice" and text.startswith(b'{"'):
        first = text[1:text.find(b'"', 2) + 1]
        data[1:1] = first + b": null, "
    elif shape == "flip":
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    elif shape == "cut":
        del data[rng.randrange(len(data)):]
    return bytes(data)


def make_case(rng, classes):
    kind = rng.choices(range(len(classes)), WEIGHTS)[0]
    message = JsonGenerator(rng).fill(classes[kind]())
    try:
        tree = json.loads(json_format.MessageToJson(message, preserving_proto_field_name=rng.random() < 0.2,
                                                    descriptor_pool=classes[kind].DESCRIPTOR.file.pool))
    except Exception:  # what has no JSON form
        tree = {}
    for _ in range(rng.choice([0, 0, 1, 1, 2, 4])):
        tree = mutate(rng, tree, classes[kind])
    ignore = rng.random() < 0.3
    return kind | JSON_CASE | (IGNORE_UNKNOWN if ignore else 0), write(rng, tree)


def canonical(message):
    """Its bytes with maps in order, inside of Any too."""
    copied = type(message)()
    copied.CopyFrom(message)
    for part in submessages(copied):
        if part.DESCRIPTOR.full_name != "google.protobuf.Any":
            continue
        try:
            found = part.DESCRIPTOR.file.pool.FindMessageTypeByName(part.type_url.rpartition("/")[2])
        except KeyError:
            continue
        part.value = canonical(message_factory.GetMessageClass(found).FromString(part.value))
    return copied.SerializePartialToString(deterministic=True)


def same(cls, ours, theirs):
    return canonical(cls.FromString(ours)) == canonical(theirs)


def check_case(cls, kind, text, answer):
    accepted, encoded, printed = answer
    theirs = reference(cls, text, bool(kind & IGNORE_UNKNOWN))
    if not accepted:
        reason = encoded.decode(errors="replace")
        if theirs is None:
            return "both refuse"
        if reason.startswith("NUL in a string|"):
            return "difference: nul"
        if reason.startswith("the field comes twice|"):
            return "difference: twice"
        raise AssertionError(f"only mrpc refuses: {reason}")
    if theirs is None:
        ours = cls.FromString(encoded)
        if b"@type" in text:
            return "difference: any"
        if cls.DESCRIPTOR.file.name == "legacy.proto" and known_enum_difference(ours):
            return "difference: enum"
        if twice and kind & IGNORE_UNKNOWN:
            return "difference: twice"
        if unknown_names and kind & IGNORE_UNKNOWN:
            return "difference: name"
        raise AssertionError(f"only mrpc accepts: {ours}")
    assert same(cls, encoded, theirs), f"messages differ\n  mrpc      {cls.FromString(encoded)}\n  reference {theirs}"
    if not printed:
        return "both accept, no JSON"
    again = reference(cls, printed, False)
    assert again is not None and same(cls, encoded, again), f"what mrpc prints is another message: {printed.decode()}"
    return "both accept, and the same again"


def known_enum_difference(message):
    """Of a closed enum the reference puts unknown numbers among the unknown fields when it reads the binary form."""
    return any(len(unknown_fields.UnknownFieldSet(part)) > 0 for part in submessages(message))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--driver", required=True)
    parser.add_argument("--protos", required=True)
    parser.add_argument("--cases", type=int, default=int(os.environ.get("MLT_CODEC_CASES", "20000")))
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    classes = load_messages(args.protos)
    strict()
    rng, counts, failures = random.Random(args.seed), collections.Counter(), 0
    for start in range(0, args.cases, 1000):
        cases = [make_case(rng, classes) for _ in range(min(1000, args.cases - start))]
        for i, ((kind, text), answer) in enumerate(zip(cases, ask(args.driver, cases))):
            cls = classes[kind & 0x3F]
            try:
                counts[check_case(cls, kind, text, answer)] += 1
            except AssertionError as error:
                failures += 1
                print(f"case {start + i}, {NAMES[kind & 0x3F]}, ignore {bool(kind & IGNORE_UNKNOWN)}, {text}\n  {error}")
                if failures == 10:
                    sys.exit(1)
    for name, count in sorted(counts.items()):
        print(f"{count:8} {name}")
    both = sum(count for name, count in counts.items() if name.startswith("both accept"))
    if both < args.cases // 4 or counts["both refuse"] < args.cases // 10:
        sys.exit("the generator no longer makes enough good or bad texts")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
