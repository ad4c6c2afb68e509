# SPDX-License-Identifier: Apache-2.0
"""Running mltctl as a person or a script does."""
import json
import os
import re
import subprocess
from pathlib import Path

BUILD = Path(os.environ["MLT_BUILD"])
PROGRAM = BUILD / "bin/mltctl"
USAGE, FAILED = 2, 1
INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND, FAILED_PRECONDITION = 64 + 3, 64 + 4, 64 + 5, 64 + 9
ABORTED, UNAVAILABLE, DATA_LOSS = 64 + 10, 64 + 14, 64 + 15


class Mltctl:
    def __init__(self, address, *options):
        self.command = [str(PROGRAM), *options]
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("MLTRAINER_")}
        if address:
            self.environment["MLTRAINER_SERVER"] = address

    def __call__(self, *arguments, code=0, **options):
        """Run to the end; @code is the expected exit status. Returns what it printed on stdout."""
        done = self.run(*arguments, **options)
        assert done.returncode == code, f"mltctl {arguments} ended with {done.returncode}, not {code}\n{done.stdout}{done.stderr}"
        return done.stdout

    def error(self, *arguments, code):
        """Run what must fail: nothing on stdout, and why on stderr, each line said by mltctl."""
        done = self.run(*arguments)
        assert done.returncode == code, f"mltctl {arguments} ended with {done.returncode}, not {code}\n{done.stdout}{done.stderr}"
        assert done.stdout == "", f"mltctl {arguments} failed and yet printed {done.stdout!r}"
        assert done.stderr and all(line.startswith("mltctl: ") for line in done.stderr.splitlines()), done.stderr
        return done.stderr

    def run(self, *arguments, **options):
        return subprocess.run([*self.command, *arguments], env=self.environment, capture_output=True, text=True, timeout=300,
                              stdin=options.pop("stdin", subprocess.DEVNULL), **options)

    def start(self, *arguments, **options):
        return subprocess.Popen([*self.command, *arguments], env=self.environment, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, text=True, **options)

    def json(self, *arguments):
        return json.loads(self("-o", "json", *arguments))

    def table(self, *arguments):
        """The rows of a table: column title to cell. Columns are two spaces apart at least."""
        lines = self(*arguments).splitlines()
        titles = re.split(r" {2,}", lines[0].strip())
        assert all(title == title.upper() for title in titles), lines[0]
        rows = [re.split(r" {2,}", line.strip()) for line in lines[1:]]
        assert all(len(row) == len(titles) for row in rows), rows
        return [dict(zip(titles, row)) for row in rows]


def commands():
    """(noun, verb, operands) of every command that mltctl --help lists."""
    text = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True, check=True).stdout
    listed = re.findall(r"^  ([a-z]+) ([a-z-]+)((?: [A-Z\[\]/:|a-z.-]+)*?)(?:  +|$)", text.split("Global options")[0], re.M)
    return [(noun, verb) for noun, verb, _ in listed if noun != "completion"]
