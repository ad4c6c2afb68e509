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
C_FILES = [f for f in FILES if f.suffix in (".c", ".h") and "expected" not in f.parts]
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


PAGES = [f for f in FILES if f.suffix == ".md"]
MAP_OF_MODULES = "docs/internals/README.md"
PARTS = r"(?:server|gen|client|proto|tests|docs)/[\w./-]+"


def paths_named(page):
    """Paths from the top that stand in a page's backticks; none that holds a placeholder (SUITE, *, {a,b})."""
    spans = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", re.sub(r"^```.*?^```$", "", text(page), flags=re.M | re.S))
    named = {path.rstrip(".") for span in spans if not re.search(r"[*{<…]", span)
             for path in re.findall(rf"(?<![\w./-]){PARTS}", span)}
    return sorted(path for path in named if not re.search(r"/[A-Z]+(/|$)", path) or (ROOT / path).exists())


def documents_name_real_paths():
    """What a page names in backticks, from the top, is there: a page may not promise what is not."""
    return [f"{page}: there is no {path}" for page in PAGES for path in paths_named(page) if not (ROOT / path).exists()]


def links(page):
    """Where the links of a page within this tree lead, from the top, without #SECTION."""
    targets = (target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text(page)) if ":" not in target)
    return [(ROOT / page).parent.joinpath(target).resolve() for target in targets if target]


def links_lead_somewhere():
    return [f"{page}: nothing is at {target}" for page in PAGES for target in links(page) if not target.exists()]


def folders_list_their_pages():
    """The README of a folder of documents leads to each of its pages; that of decisions by their titles."""
    findings = []
    for folder in ("docs/adr", "docs/guide", "docs/internals"):
        index = f"{folder}/README.md"
        known = links(index)
        for page in (f for f in PAGES if str(f.parent) == folder and f.name != "README.md"):
            title = text(page).partition("\n")[0].removeprefix("# ")
            if ROOT / page not in known:
                findings.append(f"{index}: it lacks - [{title}]({page.name})")
            elif folder == "docs/adr" and f"[{title}]({page.name})" not in text(index):
                findings.append(f"{index}: now it is - [{title}]({page.name})")
    return findings


def modules():
    """Folders of sources: those of server, client and gen, and of the library's insides."""
    for parent in ("server", "client", "gen", "gen/runtime/src"):
        depth = parent.count("/") + 1
        yield from {f"{parent}/{f.parts[depth]}" for f in FILES if str(f).startswith(f"{parent}/") and len(f.parts) > depth + 1}


def modules_have_a_page():
    """The map names each module, and in its row stands a link to a page."""
    rows = [line for line in text(MAP_OF_MODULES).splitlines() if line.startswith("|")]
    return [f"{MAP_OF_MODULES}: no row with a page for {module}" for module in sorted(modules())
            if not any(f"`{module}`" in row and ".md)" in row for row in rows)]


def findings_of(*command):
    result = subprocess.run(["python3", *command], cwd=ROOT, text=True, capture_output=True)
    return (result.stdout + result.stderr).splitlines() if result.returncode else []


def commands_of_guides_are_run():
    """Each sh block is listed in tests/guide/blocks.txt, and no code hides in a fence without a language."""
    return findings_of("tests/guide/blocks.py", "--check")


def models_page_is_current():
    return findings_of("tests/golden/models/page.py")


def models_have_their_parameters():
    return findings_of("tests/golden/models/parameters.py")


def main():
    for rule in (top_level, licence, layering, components_are_made_by_their_create, no_hosts_or_machine_paths,
                 no_string_built_sql, files_tell_one_story, lines_fit, names_say_something, shell_scripts_parse,
                 documents_name_real_paths, links_lead_somewhere, folders_list_their_pages,
                 modules_have_a_page, commands_of_guides_are_run, models_page_is_current,
                 models_have_their_parameters):
        report(rule.__name__, rule())


main()
