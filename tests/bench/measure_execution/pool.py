# SPDX-License-Identifier: Apache-2.0
"""Tasks that do nothing through a worker process, beside 64 bytes over a bare socket pair and beside what Python has."""
import asyncio
import concurrent.futures
import statistics
import time

from .bench import show

BOTH_ENDS = 1.5   # bare round trips that one of a task may cost


def nothing(_=None):
    return None


def executor_times(executor, payload, count):
    """One task after another, as an asyncio program waits for them; in microseconds."""
    async def run():
        loop, times = asyncio.get_running_loop(), []
        for _ in range(count):
            began = time.perf_counter()
            await loop.run_in_executor(executor, nothing, payload)
            times.append((time.perf_counter() - began) * 1e6)
        return times
    executor.submit(nothing).result()
    return statistics.median(asyncio.run(run()))


def executor_rate(executor, count):
    began = time.perf_counter()
    for _ in executor.map(nothing, range(count)):
        pass
    return count / (time.perf_counter() - began)


def measure(bench):
    settings = bench.settings["pool"]
    result = {name: bench.pool(name, settings[name]) for name in ("pingpong", "noop", "megabyte", "crash", "deaf")}
    result["rate"] = bench.pool("rate", settings["rate"], settings["in_flight"])
    kinds = {"threads": concurrent.futures.ThreadPoolExecutor, "processes": concurrent.futures.ProcessPoolExecutor}
    for name, kind in kinds.items():
        with kind(1) as executor:
            result[name] = {"noop_us": executor_times(executor, None, settings["python"]),
                            "megabyte_us": executor_times(executor, bytes(1 << 20), settings["python"] // 10),
                            "per_second": executor_rate(executor, settings["python"])}
    return result


def report(bench, result):
    bare, noop, one = result["pingpong"]["p50_us"], result["noop"]["p50_us"], result["megabyte"]["p50_us"]
    rate, processes = result["rate"]["per_second"], result["processes"]
    show("worker pool", [
        ("bare round trip, us", bare, ".1f", ""),
        ("task that does nothing, us", noop, ".1f", f"{BOTH_ENDS * bare:.1f}"),
        ("  in bare round trips", noop / bare, ".2f", f"{BOTH_ENDS}"),
        ("  ProcessPoolExecutor, us", processes["noop_us"], ".0f", ""),
        ("  times faster than it", processes["noop_us"] / noop, ".1f", "25"),
        ("  ThreadPoolExecutor, us", result["threads"]["noop_us"], ".0f", ""),
        ("tasks/s, pipelined", rate, ".0f", "100000"),
        ("  ProcessPoolExecutor.map", processes["per_second"], ".0f", ""),
        ("  times faster than it", rate / processes["per_second"], ".1f", "35"),
        ("1 MB to a worker, us", one, ".0f", ""),
        ("  ProcessPoolExecutor, us", processes["megabyte_us"], ".0f", ""),
        ("  times faster than it", processes["megabyte_us"] / one, ".1f", "10"),
        ("crash to the next task's end, ms", result["crash"]["p50_us"] / 1e3, ".1f", "100"),
        ("cancel of a deaf plugin, ms", result["deaf"]["max_us"] / 1e3, ".0f", "1000"),
    ])
