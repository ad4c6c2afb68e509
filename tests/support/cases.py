# SPDX-License-Identifier: Apache-2.0
"""Tests in Python without a framework: functions marked @case, each one line of the suite's report.

    from cases import case, main, Skip

    @case
    def says_hello(): assert ...

    main("cli", setup=context_manager)     # its value is given to cases that take an argument

Prints "ok AREA/NAME", "not ok AREA/NAME" (what went wrong before it) or "skip AREA/NAME # reason". Names of cases as
arguments run these alone.
"""
import contextlib
import inspect
import sys
import time
import traceback

CASES = []


class Skip(Exception):
    pass


def case(function):
    CASES.append(function)
    return function


def run_one(area, function, fixture):
    name = f"{area}/{function.__name__}"
    try:
        function(*([fixture] if inspect.signature(function).parameters else []))
    except Skip as reason:
        print(f"skip {name} # {reason}", flush=True)
    except Exception:
        print(traceback.format_exc(), end="")
        print(f"not ok {name}", flush=True)
        return 1
    else:
        print(f"ok {name}", flush=True)
    return 0


def main(area, setup=contextlib.nullcontext):
    wanted = sys.argv[1:]
    failed = 0
    with setup() as fixture:
        for function in CASES:
            if not wanted or function.__name__ in wanted:
                failed += run_one(area, function, fixture)
    sys.exit(1 if failed else 0)


def wait_until(condition, what, seconds=120):
    """Wait for a condition, never for a time: @condition is called until it is true."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)
