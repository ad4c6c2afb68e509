# SPDX-License-Identifier: Apache-2.0
"""What programs that are already compiled hold of a shared library, as text that a review can read.

    abi.py show LIBRARY HEADERS             the text: what abidw finds in the library's debug information and the headers
    abi.py compare OLD NEW                  what breaks programs of OLD, a line each (status 1), then what is merely new
    abi.py suppressions OLD                 for abidiff: what is private, and the growth of structs that begin with their size

A function or a variable is a line; a struct, union or enum a line and one for each member, "at BIT NAME: TYPE".

What may change: functions, variables and types are added; an enum gets further names; a struct that begins with its size
grows behind its old end, which programs say by that member. With another soname everything may change.
"""
import re
import subprocess
import sys
import xml.etree.ElementTree as xml
from pathlib import Path

OURS = re.compile(r"^(mrpc|mlt|mltrainer)_")


class Reader:
    """Types of an abidw document by their ids; describes those that the exported names lead to, as far as they are public:
    a type that no header defines is a name and no more."""

    def __init__(self, corpus, public):
        self.corpus, self.public = corpus, public
        self.types = {}
        for element in corpus.iter():
            if "id" in element.attrib and (element.get("id") not in self.types or not self.hides(element)):
                self.types[element.get("id")] = element
        self.blocks, self.waiting = {}, []

    def hides(self, element):
        return element.get("is-declaration-only") == "yes" or element.get("name") not in self.public

    def type_of(self, identifier):
        """The type as C would write it, nearly; a struct of ours that is met is described later."""
        element = self.types.get(identifier)
        if element is None:
            return "?"
        tag, name = element.tag, element.get("name", "")
        if tag == "pointer-type-def":
            return f"{self.type_of(element.get('type-id'))} *"
        if tag == "qualified-type-def":
            words = [word for word in ("const", "volatile", "restrict") if element.get(word) == "yes"]
            return " ".join([self.type_of(element.get("type-id")), *words])
        if tag == "array-type-def":
            lengths = "".join(f"[{part.get('length')}]" for part in element.iter("subrange"))
            return self.type_of(element.get("type-id")) + lengths
        if tag == "function-type":
            return self.signature(element)
        if tag in ("class-decl", "union-decl", "enum-decl"):
            kind = {"class-decl": "struct", "union-decl": "union", "enum-decl": "enum"}[tag]
            if element.get("is-anonymous") == "yes":
                inside = "; ".join(line.strip() for line in self.members(element))
                return f"{kind} {element.get('size-in-bits', '')} {{{inside}}}"
            if OURS.match(name):
                self.waiting.append((f"{kind} {name}", element))
            return f"{kind} {name}"
        if tag == "typedef-decl" and OURS.match(name):
            return f"{name} = {self.type_of(element.get('type-id'))}"
        return name

    def signature(self, element):
        parameters = ["..." if part.get("is-variadic") else self.type_of(part.get("type-id"))
                      for part in element.findall("parameter")]
        result = element.find("return")
        return f"{self.type_of(result.get('type-id')) if result is not None else 'void'} ({', '.join(parameters)})"

    def members(self, element):
        if element.tag == "enum-decl":
            return [f"  {part.get('name')} = {part.get('value')}" for part in element.findall("enumerator")]
        lines = []
        for member in element.findall("data-member"):
            variable = member.find("var-decl")
            offset = member.get("layout-offset-in-bits", "0")
            lines.append(f"  at {offset} {variable.get('name')}: {self.type_of(variable.get('type-id'))}")
        return lines

    def exported(self):
        for kind, tag in (("function", "function-decl"), ("variable", "var-decl")):
            for element in self.corpus.iter(tag):
                if element.get("elf-symbol-id"):
                    shape = self.signature(element) if kind == "function" else self.type_of(element.get("type-id"))
                    yield f"{kind} {element.get('name')}: {shape}"

    def text(self):
        lines = sorted(set(self.exported()))
        while self.waiting:
            name, element = self.waiting.pop()
            if name not in self.blocks:
                self.blocks[name] = None  # before its members, which may lead back to it
                size = element.get("size-in-bits", "")
                shown = [name] if self.hides(element) else [f"{name} {size}".rstrip(), *self.members(element)]
                self.blocks[name] = "\n".join(shown)
        symbols = {element.get("name") for element in self.corpus.iter("elf-symbol")}
        known = {line.split()[1].rstrip(":") for line in lines}
        lines += [f"symbol {name}" for name in sorted(symbols - known)]
        return "\n".join([f"soname {self.corpus.get('soname')}", *lines, *(self.blocks[name] for name in sorted(self.blocks))])


def show(library, headers):
    command = ["abidw", "--no-show-locs", "--no-corpus-path", "--no-comp-dir-path", library]
    defined = re.compile(r"^\s*(?:typedef )?(?:struct|union|enum) (\w+) \{", re.M)
    public = {name for header in Path(headers).rglob("*.h") for name in defined.findall(header.read_text())}
    return Reader(xml.fromstring(subprocess.run(command, check=True, capture_output=True).stdout), public).text()


def parse(text):
    """({line name: shape} of what is exported, {type name: (size, {member: (offset, type)})})."""
    exported, types, members = {}, {}, None
    for line in filter(None, text.splitlines()):
        if line.startswith("  at "):
            offset, name, shape = re.match(r"  at (\d+) (\S*): (.*)", line).groups()
            members[name] = (int(offset), shape)
        elif line.startswith("  "):
            name, value = line.strip().split(" = ")
            members[name] = (int(value), "")
        elif line.split()[0] in ("struct", "union", "enum"):
            words = line.split()
            members = {}
            types[" ".join(words[:2])] = (int(words[2]) if len(words) > 2 else None, members)
        else:
            name, _, shape = line.partition(": ")
            exported[name] = shape
    return exported, types


def begins_with_its_size(name, members):
    return next(iter(members), None) == ("size" if name.startswith("struct mltrainer_") else "struct_bytes")


def broken_type(name, old, new):
    (old_size, old_members), (new_size, new_members) = old, new
    if old_size is None and not old_members:
        return  # was opaque: nobody knew what is in it
    for member, place in old_members.items():
        if new_members.get(member) != place:
            yield f"{name}: {member} was {place}, is {new_members.get(member, 'gone')}"
    if name.startswith("enum"):
        return
    added = {member: place for member, place in new_members.items() if member not in old_members}
    if begins_with_its_size(name, old_members) and new_size >= old_size:
        for member, (offset, _) in added.items():
            if offset < old_size:
                yield f"{name}: {member} lies within what older programs say they have"
    elif new_size != old_size or added:
        yield f"{name}: had {old_size} bits, has {new_size}, new: {', '.join(added) or 'nothing'}; it does not begin with its size"


def compare(old_text, new_text):
    """(what breaks, what is new)"""
    if old_text.splitlines()[0] != new_text.splitlines()[0]:
        return [], [f"another library for the linker: {new_text.splitlines()[0]}"]
    (old, old_types), (new, new_types) = parse(old_text), parse(new_text)
    breaks = [f"{name} is gone" for name in old if name not in new]
    breaks += [f"{name} was {shape}, is {new[name]}" for name, shape in old.items() if name in new and new[name] != shape]
    for name, shape in old_types.items():
        if name in new_types:
            breaks += broken_type(name, shape, new_types[name])
    before = set(old_text.splitlines())
    return breaks, [f"new: {line.strip()}" for line in new_text.splitlines() if line not in before]


def suppressions(text):
    """Structs that no header defines are nobody's business: abidiff knows headers by their last name only, and takes
    src/session/session.h for mrpc/session.h."""
    types = parse(text)[1]
    public = [name.split()[1] for name, (size, _) in types.items() if size is not None]
    yield f"[suppress_type]\n  type_kind = struct\n  name_not_regexp = ^({'|'.join(public)})$\n"
    for name, (_, members) in types.items():
        if name.startswith("struct ") and begins_with_its_size(name, members):
            yield f"[suppress_type]\n  type_kind = struct\n  name = {name.split()[1]}\n  has_data_member_inserted_at = end\n"


def main():
    command, *arguments = sys.argv[1:]
    if command == "show":
        print(show(*arguments))
    elif command == "compare":
        breaks, additions = compare(*(Path(name).read_text() for name in arguments))
        print("\n".join([f"breaks: {finding}" for finding in breaks] + additions))
        sys.exit(bool(breaks))
    elif command == "suppressions":
        print("\n".join(suppressions(Path(arguments[0]).read_text())))


if __name__ == "__main__":
    main()
