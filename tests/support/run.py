# SPDX-License-Identifier: Apache-2.0
"""Run the suites and count. Called by tests/run, which has installed what is needed.

A suite is a folder of tests/. Its C tests are ctest entries whose label is the suite's name; its other tests are an
executable tests/SUITE/run that prints a line a test: "ok NAME", "not ok NAME" or "skip NAME # reason". A file
tests/SUITE/needs names what the suite cannot do without (root, netns, or a program); what is missing is a skip.
"""
import argparse
import os
import re
import resource
import shutil
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IN_CI = os.environ.get("CI") == "true"
# Suite, build preset, ctest labels. A sanitizer suite runs other suites' C tests in another build.
SUITES = [
    ("lint", None, None),
    ("unit", "release", "unit|contract"),
    ("golden", "release", "golden"),
    ("conformance", "release", "conformance"),
    ("integration", "release", "integration"),
    ("faults", "release", "faults"),
    ("fuzz", "release", "fuzz"),
    ("interop", "release", None),
    ("guide", "release", None),
    ("bench", "release", None),
    ("asan", "asan", "unit|contract|golden|integration|faults|fuzz"),
    ("tsan", "tsan", "unit|integration"),  # not the contract: a plugin runs on one thread
]
SANITIZED = ("asan", "tsan")


class Results:
    def __init__(self):
        self.passed, self.failed, self.skipped = [], [], []
        self.accepted = read_accepted_skips()

    def add(self, name, outcome, text=""):
        if outcome == "skipped" and IN_CI and name not in self.accepted:
            outcome, text = "failed", f"skipped, and tests/skips.txt does not accept it: {text}"
        getattr(self, outcome).append(name)
        if outcome == "failed":
            print(f"FAILED {name}\n{text[-6000:]}", flush=True)
        elif outcome == "skipped":
            print(f"skipped {name}: {text.strip().splitlines()[-1] if text.strip() else 'no reason given'}", flush=True)


def read_accepted_skips():
    lines = (ROOT / "tests/skips.txt").read_text().splitlines()
    return {line.split()[0] for line in lines if line.strip() and not line.startswith("#")}


def missing_need(suite):
    needs = ROOT / "tests" / suite / "needs"
    for need in needs.read_text().split() if needs.exists() else []:
        if need == "root":
            present = os.geteuid() == 0
        elif need == "netns":
            present = subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode == 0
        else:
            present = shutil.which(need) is not None
        if not present:
            return need
    return None


class Builds:
    """Presets are built one after the other on a thread of its own: those of the sanitizers beside tests that mostly wait,
    and behind whatever else wants the cores."""

    def __init__(self, presets, results):
        self.results, self.counted = results, set()
        executor = ThreadPoolExecutor(1)
        self.futures = {preset: executor.submit(self.build, preset) for preset in dict.fromkeys(filter(None, presets))}

    @staticmethod
    def build(preset):
        log = ROOT / f"build/{preset}.log"
        log.parent.mkdir(exist_ok=True)
        behind = ["nice", "-n", "19"] if preset in SANITIZED else []
        with open(log, "w") as out:
            commands = [["cmake", "--preset", preset, "-DMLT_WERROR=ON", "-DBUILD_TESTING=ON"], ["cmake", "--build", "--preset", preset]]
            return all(subprocess.run(behind + c, cwd=ROOT, stdout=out, stderr=out).returncode == 0 for c in commands)

    def wait(self, preset):
        """False (a failure, counted once) if it does not build."""
        works = self.futures[preset].result()
        if preset not in self.counted:
            self.counted.add(preset)
            self.results.add(f"build/{preset}", "passed" if works else "failed", (ROOT / f"build/{preset}.log").read_text())
        return works


def run_ctest(suite, preset, labels, results, environment):
    report = ROOT / f"build/{preset}/ctest-{suite}.xml"
    report.unlink(missing_ok=True)
    command = ["ctest", "--preset", preset, "-L", f"^({labels})$", "-j", str(os.cpu_count() + 1), "--output-junit", str(report),
               "--test-output-size-passed", "1000000"]
    subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if not report.exists():
        return results.add(f"{suite}/ctest", "failed", "ctest made no report")
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        name = case.get("name") if preset == "release" else f"{preset}:{case.get('name')}"
        output = (case.findtext("system-out") or "")
        status = case.get("status")
        results.add(name, {"run": "passed", "notrun": "skipped"}.get(status, "failed"), output)
        for left_out in sorted(set(re.findall(r"^\[  SKIPPED \] (\w+)$", output, re.M))):
            results.add(f"{name}/{left_out}", "skipped", "the test said so")


def run_script(suite, results, environment):
    script = ROOT / "tests" / suite / "run"
    if not script.exists():
        return
    counted = 0
    process = subprocess.Popen([str(script)], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               stdin=subprocess.DEVNULL, text=True, errors="replace")
    since = []
    for line in process.stdout:
        for word, outcome in (("not ok ", "failed"), ("ok ", "passed"), ("skip ", "skipped")):
            if line.startswith(word):
                name, _, reason = line[len(word):].strip().partition(" # ")
                results.add(f"{suite}/{name}", outcome, reason if outcome == "skipped" else "".join(since) + line)
                counted, since = counted + 1, []
                break
        else:
            since.append(line)
    code = process.wait()
    if code != 0 and not any(name.startswith(f"{suite}/") for name in results.failed):
        results.add(f"{suite}/run", "failed", "".join(since) + f"exit status {code}")
    elif counted == 0:
        results.add(f"{suite}/run", "failed", "".join(since) + "it ran no test")


def run_suite(suite, preset, labels, results, builds, long):
    need = missing_need(suite)
    if need:
        return results.add(f"{suite}/needs", "skipped", f"there is no {need} here")
    environment = dict(os.environ, MLT_ROOT=str(ROOT), MLT_BUILD=str(ROOT / f"build/{preset or 'release'}"))
    if long:
        environment["MLT_LONG"] = "1"
    if preset and not builds.wait(preset):
        return
    script = threading.Thread(target=run_script, args=(suite, results, environment))
    if preset in SANITIZED:  # mostly waits: beside the C tests
        script.start()
    if labels:
        run_ctest(suite, preset, labels, results, environment)
    if preset not in SANITIZED:
        script.start()
    script.join()


def cpu_s():
    """CPU time of all that was started and has ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main():
    parser = argparse.ArgumentParser(prog="tests/run")
    parser.add_argument("--only", metavar="SUITE")
    parser.add_argument("--long", metavar="SUITE", nargs="?", const="all")
    parser.add_argument("--list", action="store_true")
    arguments = parser.parse_args()
    names = [name for name, _, _ in SUITES]
    if arguments.list:
        return print("\n".join(names))
    only = arguments.only or (arguments.long if arguments.long not in (None, "all") else None)
    if only and only not in names:
        parser.error(f"there is no suite {only}; there are {', '.join(names)}")
    results = Results()
    suites = [suite for suite in SUITES if only in (None, suite[0])]
    builds = Builds([preset for _, preset, _ in suites], results)
    for suite, preset, labels in suites:
        began, cpu_before, before = time.monotonic(), cpu_s(), len(results.passed)
        run_suite(suite, preset, labels, results, builds, arguments.long is not None)
        print(f"{suite}: {len(results.passed) - before} passed in {time.monotonic() - began:.0f} s, "
              f"{cpu_s() - cpu_before:.0f} s of CPU", flush=True)
    print(f"{len(results.passed)} passed, {len(results.failed)} failed, {len(results.skipped)} skipped")
    sys.exit(1 if results.failed or not results.passed else 0)


main()
