# SPDX-License-Identifier: Apache-2.0
"""Make Debian packages of installed components: build.py --version V --source TREE STAGING OUT, STAGING/COMPONENT/usr/...

The same files give the same packages, byte for byte: every time in them is $SOURCE_DATE_EPOCH, or that of the source's last
commit, owners are root, and dpkg-deb sorts. Prints the packages' paths, a line each.
"""
import argparse
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
REVISION = "1"
SCRIPTS = ("preinst", "postinst", "prerm", "postrm")


def output_of(*command, **options):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, **options).stdout.strip()


def stanzas():
    """The fields of each package of debian/control, in its order."""
    lines = [line for line in (HERE / "control").read_text().splitlines() if not line.startswith("#")]
    for block in "\n".join(lines).strip().split("\n\n"):
        yield {field[0]: field[1] for field in re.findall(r"^([A-Z][A-Za-z-]*): (.*(?:\n .*)*)", block, re.M)}


def source_date(source):
    said = os.environ.get("SOURCE_DATE_EPOCH") or output_of("git", "-C", source, "log", "-1", "--format=%ct")
    return int(said)


def gather(fields, staging, root):
    for component in fields["Components"].split():
        if not (staging / component).is_dir():
            raise SystemExit(f"{fields['Package']}: component {component} installed nothing")
        shutil.copytree(staging / component, root, symlinks=True, dirs_exist_ok=True)
    for archive in root.rglob("*.a"):  # CPack strips programs and shared libraries alone
        output_of("strip", "--strip-debug", "--enable-deterministic-archives", archive)
    for folder, _, _ in os.walk(root, topdown=False):
        if not os.listdir(folder):  # what CPack made for the prefix of a component that lies elsewhere
            os.rmdir(folder)
    documents = root / "usr/share/doc" / fields["Package"]
    documents.mkdir(parents=True)
    shutil.copy(HERE / "copyright", documents)


def is_elf(path):
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


def files_of(root):
    return sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink())


def needed_packages(root, work):
    """What the package's programs and libraries link to, as dpkg-shlibdeps finds it."""
    binaries = [str(path) for path in files_of(root) if is_elf(path) and path.suffix != ".a"]
    if not binaries:
        return ""
    (work / "debian").mkdir(exist_ok=True)
    (work / "debian/control").write_text("Source: mltrainer\n\nPackage: mltrainer\nArchitecture: any\n")
    said = output_of("dpkg-shlibdeps", "-O", *(f"-e{binary}" for binary in binaries), cwd=work, stderr=subprocess.DEVNULL)
    return said.removeprefix("shlibs:Depends=")


def write_libraries(fields, version, root, control):
    """A package with a library for others says so to dpkg-shlibdeps, and has the linker's cache made anew."""
    lines = []
    for library in sorted((root / "usr/lib").rglob("lib*.so.*")):
        found = re.search(r"SONAME\s+(\S+)\.so\.(\d+)", output_of("objdump", "-p", library))
        lines.append(f"{found[1]} {found[2]} {fields['Package']} (>= {version})\n")
    if lines:
        (control / "shlibs").write_text("".join(sorted(set(lines))))
        (control / "triggers").write_text("activate-noawait ldconfig\n")


def write_sums(root, control):
    sums = (f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.relative_to(root)}\n" for path in files_of(root))
    (control / "md5sums").write_text("".join(sums))


def write_configuration(root, control):
    paths = [f"/{path.relative_to(root)}\n" for path in files_of(root / "etc")] if (root / "etc").exists() else []
    if paths:
        (control / "conffiles").write_text("".join(paths))


def write_scripts(fields, control):
    for script in SCRIPTS:
        source = HERE / f"{fields['Package']}.{script}"
        if source.exists():
            shutil.copy(source, control / script)
            (control / script).chmod(0o755)


def write_control(fields, version, architecture, shlibs, root, control):
    size = sum(1 + path.stat().st_size // 1024 for path in files_of(root))
    depends = fields["Depends"].replace("${version}", version).replace("${shlibs}", shlibs)
    fields = {"Package": fields["Package"], "Version": version, "Architecture": architecture, "Maintainer":
              "The mlTrainer authors <mltrainer@localhost>", "Installed-Size": size, "Depends": depends.strip(", "),
              "Recommends": fields.get("Recommends"), "Suggests": fields.get("Suggests"), "Section": fields["Section"], "Priority": "optional",
              "Description": fields["Description"]}
    (control / "control").write_text("".join(f"{name}: {value}\n" for name, value in fields.items() if value))


def set_permissions(root, date):
    for path in [root, *root.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        os.utime(path, (date, date), follow_symlinks=False)


def build(fields, arguments, architecture, date, work):
    version = f"{arguments.version}-{REVISION}"
    root = work / fields["Package"]
    gather(fields, arguments.staging, root)
    shlibs = needed_packages(root, work)
    control = work / "DEBIAN"  # beside the files until they have been counted and summed
    control.mkdir()
    write_scripts(fields, control)
    write_sums(root, control)
    write_configuration(root, control)
    write_libraries(fields, version, root, control)
    write_control(fields, version, architecture, shlibs, root, control)
    control.rename(root / "DEBIAN")
    set_permissions(root, date)
    package = arguments.out / f"{fields['Package']}_{version}_{architecture}.deb"
    output_of("dpkg-deb", "--root-owner-group", f"-Z{arguments.compression}", "--build", root, package,
              env=dict(os.environ, SOURCE_DATE_EPOCH=str(date)))
    print(package)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--version", required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("--compression", default="xz")
    parser.add_argument("--only", action="append", help="this package; may be given again")
    parser.add_argument("staging", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    architecture, date = output_of("dpkg", "--print-architecture"), source_date(arguments.source)
    for fields in stanzas():
        if arguments.only and fields["Package"] not in arguments.only:
            continue
        with tempfile.TemporaryDirectory() as work:
            build(fields, arguments, architecture, date, Path(work))


main()
