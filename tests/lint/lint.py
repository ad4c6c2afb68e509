# SPDX-License-Identifier: Apache-2.0
"""Rules of this repository that reading can hold. Each prints one line, "ok NAME" or its findings and "not ok NAME"."""
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOP = set("CMakeLists.txt CMakePresets.json proto server client gen tests docs README.md LICENSE CHANGELOG.md "
          "CONTRIBUTING.md .gitignore .clang-format .clang-tidy .ci .editorconfig .gitattributes".split())
FILES = [Path(name) for name in subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, text=True,
                                               capture_output=True, check=True).stdout.splitlines()
         if (ROOT / name).exists()]
C_FILES = [f for f in FILES if f.suffix in (".c", ".h")]
OWN_C = [f for f in C_FILES if f.parts[0] in ("gen", "server", "client")]


def text(path):
    return (ROOT / path).read_text(errors="replace")


def report(name, findings):
    for finding in findings:
        print(f"  {name}: {finding}")
    print(("not ok " if findings else "ok ") + name)


def top_level():
    return [f"{name} does not belong at the top" for name in sorted({f.parts[0] for f in FILES} - TOP)]


def licence():
    sources = [f for f in FILES if f.suffix in (".c", ".h", ".py", ".cmake", ".proto", ".mjs", ".go") or f.name == "CMakeLists.txt"]
    return [f"{f}: no SPDX line" for f in sources if "expected" not in f.parts and "SPDX-License-Identifier: Apache-2.0"
            not in text(f)[:400]]


def read_layers():
    layers = {}
    for line in text("tests/lint/layers.txt").splitlines():
        if line and not line.startswith("#"):
            folder, allowed = line.split(":")
            layers[folder] = allowed.split()
    return layers


def folder_of(path, layers):
    return next((layer for layer in layers if str(path).startswith(layer + "/")), None)


def included_folder(include, layers):
    if include.startswith("mrpc/"):
        return "gen/runtime"
    if include == "mltrainer/plugin.h":
        return "server/plugins"
    if include.startswith("mltrainer/") and ".mrpc.h" in include:
        return "proto"
    return next((layer for layer in layers if include.startswith(layer.removeprefix("server/") + "/")
                 and layer.startswith("server/")), None)


def layering():
    layers, findings = read_layers(), []
    for f in OWN_C:
        folder = folder_of(f, layers)
        if folder is None:
            if f.parent != Path("server"):  # the composition root may include everything
                findings.append(f"{f}: its folder is not in tests/lint/layers.txt")
            continue
        for include in re.findall(r'^#include [<"]([^">]+)[">]', text(f), re.M):
            own = (ROOT / folder / "src" / include).exists()  # the runtime has a web/ and a server/ of its own
            target = folder if own else included_folder(include, layers)
            if target and target != folder and target not in layers[folder]:
                findings.append(f"{f}: includes {include} of {target}")
    return findings


def components_are_made_by_their_create():
    """A component's instance comes from the container: nobody but component.c calls the constructor it wraps."""
    findings, wrapped = [], {}
    for f in OWN_C:
        if f.name == "component.c":
            for constructor in re.findall(r"\b((?!mrpc_)\w+_new)\(", text(f)):
                wrapped[constructor] = f.parent
    for f in OWN_C:
        if f.name == "component.c" or f.suffix == ".h":
            continue
        for constructor, home in wrapped.items():
            if f.parent != home and constructor not in ("config_new", "domain_loop_new", "mrpc_server_new", "log_new") \
                    and re.search(rf"\b{constructor}\(", text(f)):
                findings.append(f"{f}: calls {constructor}, which is {home}/component.c's to call")
    return findings


def no_hosts_or_machine_paths():
    """A commit names no package registry's host and no path of the machine that it was written on."""
    words = ["registry." + "npmjs", "pypi" + ".org", "pythonhosted" + ".org", "proxy.golang" + ".org", "crates" + ".io/",
             "repo1.maven" + ".org", "deb.debian" + ".org", "/work" + "/"]
    return [f"{f}: names {word}" for f in FILES if f.suffix not in (".png", ".csv", ".bin")
            and f.parts[:2] != ("tests", "fuzz") for word in words if word in text(f)]


def no_string_built_sql():
    pattern = re.compile(r'(s?n?printf|strcat|strcpy)[^;]*"[^"]*\b(SELECT|INSERT|UPDATE|DELETE)\b', re.S)
    return [f"{f}: SQL built from strings" for f in OWN_C if f.parts[:2] == ("server", "store") and pattern.search(text(f))]


def files_tell_one_story():
    return [f"{f}: {text(f).count(chr(10))} lines" for f in OWN_C if text(f).count("\n") > 600]


def lines_fit():
    """At most 120 columns, as .clang-format says; a name that is longer by itself stands alone on its line."""
    return [f"{f}:{number}: {len(line)} columns" for f in C_FILES for number, line in enumerate(text(f).splitlines(), 1)
            if len(line) > 120 and " " in line.strip()]


def names_say_something():
    return [f"{f}: name the concept" for f in C_FILES if f.stem in ("utils", "util", "common", "helpers", "misc")]


def shell_scripts_parse():
    scripts = [f for f in FILES if f.suffix == ".sh" or (f.suffix == "" and text(f).startswith("#!/usr/bin/env bash"))]
    return [f"{f}: bash -n refuses it" for f in scripts if subprocess.run(["bash", "-n", str(ROOT / f)]).returncode]


def documents_name_real_paths():
    """Every path in backticks in docs/architecture/seed.md exists; a page may not promise what is not there."""
    page = ROOT / "docs/architecture/seed.md"
    if not page.exists():
        return ["docs/architecture/seed.md is missing"]
    paths = re.findall(r"`((?:server|gen|client|proto|tests|docs)/[^`\s:]+)`", page.read_text())
    return [f"seed.md: there is no {path}" for path in sorted(set(paths)) if not (ROOT / path).exists()]


def models_page_is_current():
    script = [str(ROOT / "tests/golden/models/page.py")]
    result = subprocess.run(["python3"] + script, text=True, capture_output=True)
    return (result.stdout + result.stderr).splitlines() if result.returncode else []


def main():
    for rule in (top_level, licence, layering, components_are_made_by_their_create, no_hosts_or_machine_paths,
                 no_string_built_sql, files_tell_one_story, lines_fit, names_say_something, shell_scripts_parse,
                 documents_name_real_paths, models_page_is_current):
        report(rule.__name__, rule())


main()
