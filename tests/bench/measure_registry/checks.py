# SPDX-License-Identifier: Apache-2.0
"""What health checks cost, how punctual they are and how even, when they have settled and right after a restart."""
import json

from measure.processes import on_core

from .bench import BUILD, show


def measure(bench):
    settings = bench.settings["checks"]
    with bench.server("checks") as server:
        settled = visit(bench, server, warmup=settings["warmup_seconds"])
        server.kill()
        server.start()
        return {"settled": settled,
                "restarted": visit(bench, server, "--registered", "--port", str(settled["port"]), warmup=0)}


def visit(bench, server, *arguments, warmup):
    settings = bench.settings["checks"]
    words = [str(BUILD / "bin/registry_checks"), "--target", server.address, "--server-pid", str(server.pid),
             "--count", str(settings["count"]), "--interval-ms", str(settings["interval_ms"]), "--warmup", str(warmup),
             "--seconds", str(settings["seconds"]), *arguments]
    return json.loads(on_core(bench.settings["run"]["load_core"], words))


def report(bench, result):
    for name, figures in result.items():
        show(f"{figures['checks']} http checks every {figures['interval_ms'] / 1e3:g} s, {name}, {figures['seconds']:.0f} s", [
            ("share of a core, %", 100 * figures["server_cpu_seconds"] / figures["seconds"], ".2f", "3"),
            ("us a check", 1e6 * figures["server_cpu_seconds"] / max(figures["runs"], 1), ".1f", ""),
            ("checks in the worst second, of the mean", figures["peak_per_second"] / figures["per_second"], ".2f", "1.2"),
            ("latest, ms after interval and jitter", figures["late_ms"], ".0f", "1000"),
            ("never checked", figures["never"], "d", "0"),
            ("connections a check", figures["connections"] / max(figures["runs"], 1), ".3f", ""),
        ])
