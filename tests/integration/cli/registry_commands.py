# SPDX-License-Identifier: Apache-2.0
import http.server
import json
import signal
import socket
import subprocess
import tempfile
import threading

from cases import Skip, case, wait_until
from mltctl import ABORTED, BUILD, INVALID_ARGUMENT, NOT_FOUND, UNAVAILABLE, USAGE, Mltctl
from server import Server


@case
def an_instance_is_registered_shown_and_removed(ctl):
    assert ctl("registry", "register", "web/a", "127.0.0.1:8080", "--version", "1.2.0", "--zone", "z1", "--tag",
               "blue").startswith("registered at revision ")
    assert ctl("registry", "register", "web/a", "127.0.0.1:8080").startswith("renewed at revision ")
    assert ctl.table("registry", "get", "web/a")[0] == {
        "SERVICE": "default/web", "ID": "a", "ADDRESS": "127.0.0.1:8080", "HEALTH": "healthy", "WHY": "registered again",
        "VERSION": "-", "ZONE": "-", "WEIGHT": "100"}
    shown = ctl.json("registry", "get", "web/a")["instance"]
    assert shown["key"] == {"namespace": "default", "service": "web", "id": "a"}
    assert shown["leaseTtl"] == "30s" and shown["status"]["state"] == "HEALTH_STATE_HEALTHY"
    assert "deregistered at revision " in ctl("registry", "deregister", "web/a", "--reason", "moved")
    assert "default/web/a" in ctl.error("registry", "get", "web/a", code=NOT_FOUND)
    ctl.error("registry", "deregister", "web/a", code=NOT_FOUND)


@case
def a_namespace_keeps_services_apart(ctl):
    ctl("registry", "register", "prod/shop/a", "127.0.0.1:1001")
    ctl("registry", "register", "shop/a", "[::1]:1002")
    assert [row["ADDRESS"] for row in ctl.table("registry", "ls", "prod/shop")] == ["127.0.0.1:1001"]
    assert [row["ADDRESS"] for row in ctl.table("registry", "ls", "shop")] == ["[::1]:1002"]
    assert [row["SERVICE"] for row in ctl.table("registry", "ls", "--namespace", "prod")] == ["shop"]
    ctl("registry", "deregister", "prod/shop/a")
    ctl("registry", "deregister", "shop/a")


@case
def discovery_takes_turns(ctl):
    for letter in "abc":
        ctl("registry", "register", f"turns/{letter}", f"127.0.0.1:{2000 + ord(letter)}", "--ttl", "1h")
    picked = [ctl.table("registry", "discover", "turns")[0]["ID"] for _ in range(6)]
    assert picked[:3] == picked[3:] and sorted(picked[:3]) == ["a", "b", "c"], picked
    assert len(ctl.table("registry", "discover", "turns", "--limit", "3")) == 3
    assert "default/nosuch" in ctl.error("registry", "discover", "nosuch", code=NOT_FOUND)


@case
def checks_by_tls_say_how_the_certificate_is_judged(ctl):
    ctl("registry", "register", "safe/a", "127.0.0.1:3000", "--check", "https:/up", "--check", "grpcs:users", "--check", "tcp",
        "--check-name", "safe.example")
    checks = ctl.json("registry", "get", "safe/a")["instance"]["checks"]
    for check in (checks[0]["http"], checks[1]["grpc"]):
        assert check["tls"] and check["certificate"]["serverName"] == "safe.example" and not check["certificate"]["ignore"], checks
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        print("no certificate", file=file, flush=True)
        text = ctl.error("registry", "register", "safe/a", "127.0.0.1:3000", "--check", "https", "--check-ca", file.name,
                         code=INVALID_ARGUMENT)
    assert "certificate.ca_pem" in text, text
    ctl("registry", "deregister", "safe/a")


class SixServer(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6


class Well(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@case
def an_instance_at_an_ipv6_address_is_checked_and_discovered(ctl):
    try:
        server = SixServer(("::1", 0), Well)
    except OSError as error:
        raise Skip(f"no IPv6 here: {error}") from None
    with server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"[::1]:{server.server_port}"
        ctl("registry", "register", "six/a", address, "--ttl", "1h", "--check", "http:/up", "--check", "tcp")
        wait_until(lambda: ctl.table("registry", "ls", "six")[0]["HEALTH"] == "healthy", "checks that pass")
        assert ctl.table("registry", "discover", "six")[0]["ADDRESS"] == address
        server.shutdown()
    ctl("registry", "deregister", "six/a")


@case
def who_is_not_healthy_is_not_discovered(ctl):
    ctl("registry", "register", "sick/a", "127.0.0.1:3000", "--ttl", "1h", "--check", "ttl")
    ctl("registry", "heartbeat", "sick/a", "--check", "ttl-1")
    wait_until(lambda: "healthy" == ctl.table("registry", "ls", "sick")[0]["HEALTH"], "a passing report makes it healthy")
    for _ in range(3):
        ctl("registry", "heartbeat", "sick/a", "--check", "ttl-1", "--failing", "--text", "disk full")
    wait_until(lambda: ctl.run("registry", "discover", "sick").returncode == UNAVAILABLE, "failing reports make it unhealthy")
    text = ctl.error("registry", "discover", "sick", code=UNAVAILABLE)
    assert "healthy" in text and "try again in" in text and "running?" not in text, text
    assert "disk full" in ctl("registry", "get", "sick/a")


@case
def operators_take_instances_out_of_service_and_the_history_tells(ctl):
    ctl("registry", "register", "ops/a", "127.0.0.1:1", "--ttl", "1h")
    assert ctl("registry", "drain", "ops/a", "--reason", "new version").startswith("draining at revision ")
    assert ctl.table("registry", "ls", "ops")[0]["HEALTH"] == "healthy, draining"
    ctl.error("registry", "discover", "ops", code=UNAVAILABLE)
    assert ctl("registry", "maintenance", "ops/a").startswith("maintenance at revision ")
    ctl("registry", "deregister", "ops/a")
    ctl("registry", "register", "ops/a", "127.0.0.1:1", "--ttl", "1h")
    assert ctl.table("registry", "get", "ops/a")[0]["HEALTH"] == "healthy, maintenance"
    assert ctl("registry", "activate", "ops/a").startswith("active at revision ")
    assert ctl.table("registry", "discover", "ops")[0]["HEALTH"] == "healthy"
    ctl("registry", "deregister", "ops/a")
    rows = ctl.table("registry", "history", "ops/a")
    assert [row["WHY"] for row in rows] == ["deregistered", "operator", "registered", "deregistered", "operator", "operator", "registered"]
    assert [row["OPERATOR"] for row in rows] == ["active", "active", "maintenance", "maintenance", "maintenance", "draining", "active"]
    assert rows[5]["TEXT"] == "new version" and rows[5]["WHO"] == "anonymous" and rows[0]["HEALTH"] == "gone", rows
    assert len(ctl.json("registry", "history", "ops/a", "--limit", "2")["transitions"]) == 2
    ctl.error("registry", "history", "ops/nobody", code=NOT_FOUND)
    ctl.error("registry", "drain", "ops/a", code=NOT_FOUND)


@case
def update_changes_what_it_names(ctl):
    ctl("registry", "register", "up/a", "127.0.0.1:1", "--ttl", "1h", "--zone", "z1", "--tag", "blue", "--check", "tcp")
    assert ctl("registry", "update", "up/a", "--weight", "7", "--metadata", "team=blue=ish").startswith("updated; revision ")
    shown = ctl.json("registry", "get", "up/a")["instance"]
    assert shown["weight"] == 7 and shown["zone"] == "z1" and shown["tags"] == ["blue"], shown
    assert shown["metadata"] == {"team": {"text": "blue=ish"}}, shown

    def update_what_was_read():
        """Its check may have said something meanwhile: that is a revision, too."""
        read = ctl.json("registry", "get", "up/a")["instance"]["revision"]
        return ctl.run("registry", "update", "up/a", "--endpoint", "127.0.0.1:2", "--tag", "", "--if-revision", read).returncode == 0
    wait_until(update_what_was_read, "nothing to come between")
    shown = ctl.json("registry", "get", "up/a")["instance"]
    assert shown["endpoints"][0]["port"] == 2 and shown["checks"][0]["tcp"]["target"]["port"] == 2 and not shown["tags"], shown
    ctl.error("registry", "update", "up/a", "--weight", "8", "--if-revision", "1", code=ABORTED)
    ctl.error("registry", "update", "up/nobody", "--weight", "8", code=NOT_FOUND)
    ctl.error("registry", "update", "up/a", code=USAGE)
    ctl.error("registry", "update", "up/a", "--metadata", "team", code=USAGE)
    ctl("registry", "deregister", "up/a")


@case
def the_field_that_is_wrong_is_named(ctl):
    assert "instance.lease_ttl" in ctl.error("registry", "register", "x/a", "127.0.0.1:1", "--ttl", "1ms", code=INVALID_ARGUMENT)
    assert "key.service" in ctl.error("registry", "register", "x y/a", "127.0.0.1:1", code=INVALID_ARGUMENT)


@case
def a_lease_that_is_renewed_says_for_how_long(ctl):
    ctl("registry", "register", "lease/a", "127.0.0.1:1", "--ttl", "2min")
    assert ctl("registry", "heartbeat", "lease/a") == "renewed for 120 s\n"
    ctl.error("registry", "heartbeat", "lease/zz", code=NOT_FOUND)


@case
def keepalive_renews_over_one_stream_until_interrupted(ctl):
    for number in (signal.SIGINT, signal.SIGTERM):
        for letter in "ab":
            ctl("registry", "register", f"alive/{letter}", "127.0.0.1:1", "--ttl", "3")
        kept = ctl.start("registry", "keepalive", "alive/a", "alive/b", "--every", "400ms")
        lines = [kept.stdout.readline() for _ in range(20)]  # ten beats: longer than the lease
        assert lines == ["default/alive/a renewed for 3 s\n", "default/alive/b renewed for 3 s\n"] * 10, lines
        assert len(ctl.table("registry", "ls", "alive")) == 2
        kept.send_signal(number)
        assert kept.wait(120) == 0, kept.stderr.read()
        assert kept.stderr.read() == ""
    wait_until(lambda: ctl.run("registry", "get", "alive/a").returncode == NOT_FOUND, "nobody renews it any more")


@case
def keepalive_lets_instances_expire_when_it_ends(ctl):
    for ending in (lambda p: p.send_signal(signal.SIGINT), lambda p: p.kill()):
        ctl("registry", "register", "guarded/a", "127.0.0.1:1", "--ttl", "1h")
        kept = ctl.start("registry", "keepalive", "guarded/a", "--expire", "--every", "50ms")
        assert "renewed for 3600 s" in kept.stdout.readline()
        ending(kept)
        kept.wait(120)
        wait_until(lambda: ctl.run("registry", "get", "guarded/a").returncode == NOT_FOUND, "it expires with its stream")


@case
def keepalive_reports_and_tells_what_is_wrong(ctl):
    ctl("registry", "register", "told/a", "127.0.0.1:1", "--check", "ttl")
    said = ctl("-o", "json", "registry", "keepalive", "told/a", "--check", "ttl-1", "--count", "2", "--every", "50ms")
    lines = [json.loads(line) for line in said.splitlines()]
    assert [line["key"]["id"] for line in lines] == ["a", "a"] and lines[0]["leaseTtl"] == "30s", lines
    wait_until(lambda: "healthy" == ctl.table("registry", "ls", "told")[0]["HEALTH"], "the reports count")
    assert "told/nosuch" in ctl.error("registry", "keepalive", "told/nosuch", code=NOT_FOUND)
    assert "key.service" in ctl.error("registry", "keepalive", "x y/a", code=INVALID_ARGUMENT)
    server = Server().start()
    try:
        other = Mltctl(server.address)
        other("registry", "register", "left/a", "127.0.0.1:1")
        kept = other.start("registry", "keepalive", "left/a", "--every", "100ms")
        assert "renewed" in kept.stdout.readline()
    finally:
        server.kill()
        server.remove()
    assert kept.wait(120) == UNAVAILABLE, kept.stderr.read()


@case
def a_list_of_many_pages_is_one_table_and_one_document(ctl):
    subprocess.run([BUILD / "tests/registry_flood", ctl.server_process.address, "many", "1203"], check=True, timeout=300)
    rows = ctl.table("registry", "ls", "many")
    assert len(rows) == 1203 and len({row["ID"] for row in rows}) == 1203
    document = ctl.json("registry", "ls", "many")
    assert len(document["instances"]) == 1203 and document["nextPageToken"] == ""
    assert next(row for row in ctl.table("registry", "ls") if row["SERVICE"] == "many")["INSTANCES"] == "1203"


@case
def a_watch_shows_what_is_there_and_what_changes(ctl):
    ctl("registry", "register", "seen/a", "127.0.0.1:1", "--ttl", "1h")
    watch = ctl.start("-o", "json", "registry", "watch", "seen", "--for", "300")
    first = json.loads(watch.stdout.readline())
    assert [i["key"]["id"] for i in first["snapshot"]["instances"]] == ["a"]
    ctl("registry", "register", "seen/b", "127.0.0.1:2")
    added = json.loads(watch.stdout.readline())["changes"]["changes"][0]
    assert added["kind"] == "CHANGE_KIND_ADDED" and added["instance"]["key"]["id"] == "b"
    ctl("registry", "deregister", "seen/b")
    assert json.loads(watch.stdout.readline())["changes"]["changes"][0]["kind"] == "CHANGE_KIND_REMOVED"
    watch.kill()
    watch.communicate()
    assert "present  default/seen/a healthy" in ctl("registry", "watch", "seen", "--count", "1")
    ctl("registry", "watch", "seen", "--for", "300ms")  # ends by itself


@case
def keep_stays_registered_until_interrupted(ctl):
    for number in (signal.SIGINT, signal.SIGTERM):
        kept = ctl.start("registry", "register", "kept/a", "127.0.0.1:1", "--keep", "--ttl", "10")
        assert kept.stdout.readline().startswith("registered")
        wait_until(lambda: int(ctl.json("registry", "get", "kept/a")["instance"]["status"]["leaseRemaining"][0]) >= 0, "it lives")
        kept.send_signal(number)
        assert kept.wait(120) == 0, kept.stderr.read()
        ctl.error("registry", "get", "kept/a", code=NOT_FOUND)


@case
def while_returns_the_status_of_the_command(ctl):
    assert ctl.run("registry", "register", "job/a", "127.0.0.1:1", "--while", "--", "sh", "-c", "exit 7").returncode == 7
    ctl.error("registry", "get", "job/a", code=NOT_FOUND)
    own = [str(word) for word in (*ctl.command, "registry", "get", "job/b")]
    inside = ctl("registry", "register", "job/b", "127.0.0.1:1", "--while", "--", *own)
    assert "default/job" in inside and "healthy" in inside, inside
    killed = ctl.run("registry", "register", "job/c", "127.0.0.1:1", "--while", "--", "sh", "-c", "kill -9 $$")
    assert killed.returncode == 128 + signal.SIGKILL
    missing = ctl.run("registry", "register", "job/d", "127.0.0.1:1", "--while", "--", "/nonexistent/program")
    assert missing.returncode == 1 and "/nonexistent/program" in missing.stderr
    ctl.error("registry", "get", "job/d", code=NOT_FOUND)


@case
def while_passes_signals_to_the_command(ctl):
    """The command decides what a signal means; the instance stays until it has ended."""
    script = "trap 'echo got $?; exit 3' TERM; trap 'echo usr' USR1; echo begun; while :; do sleep 0.05; done"
    kept = ctl.start("registry", "register", "signals/a", "127.0.0.1:1", "--ttl", "10", "--while", "--", "sh", "-c", script)
    assert kept.stdout.readline().startswith("registered") and kept.stdout.readline() == "begun\n"
    kept.send_signal(signal.SIGUSR1)
    assert kept.stdout.readline() == "usr\n"
    assert ctl.table("registry", "get", "signals/a")[0]["HEALTH"] == "healthy"
    kept.send_signal(signal.SIGTERM)
    assert kept.wait(120) == 3
    ctl.error("registry", "get", "signals/a", code=NOT_FOUND)


@case
def while_registers_again_what_the_registry_forgot(ctl):
    kept = ctl.start("registry", "register", "again/a", "127.0.0.1:1", "--ttl", "1", "--while", "--", "sleep", "100")
    assert kept.stdout.readline().startswith("registered")
    ctl("registry", "deregister", "again/a")
    wait_until(lambda: ctl.run("registry", "get", "again/a").returncode == 0, "it is there again")
    kept.send_signal(signal.SIGTERM)
    assert kept.wait(120) == 128 + signal.SIGTERM
    ctl.error("registry", "get", "again/a", code=NOT_FOUND)


@case
def filters_say_which_instances_are_meant(ctl):
    for name, zone, version, tag in (("a", "east", "1.2.0", "blue"), ("b", "west", "1.3.0", "blue"), ("c", "west", "2.0.0", "red")):
        ctl("registry", "register", f"sieve/{name}", f"127.0.0.1:{4000 + ord(name)}", "--ttl", "1h", "--zone", zone, "--version", version, "--tag", tag)
    ctl("registry", "register", "sieve/d", "127.0.0.1:4999", "--ttl", "1h", "--check", "ttl")

    def listed(*options):
        return [row["ID"] for row in ctl.table("registry", "ls", "sieve", *options)]
    assert listed() == ["a", "b", "c", "d"]
    assert listed("--version", ">=1.2 <2") == ["a", "b"]
    assert listed("--zone", "west") == ["b", "c"] and listed("--zone", "west", "--zone", "east") == ["a", "b", "c"]
    assert listed("--tag", "blue", "--zone", "west") == ["b"]
    assert listed("--health", "unknown") == ["d"] and listed("--protocol", "http") == []
    assert listed("--metadata", "absent") == [] and listed("--metadata", "count:=3") == []
    assert ("default/sieve", "d") in {(row["SERVICE"], row["ID"]) for row in ctl.table("registry", "ls", "--health", "unknown")}
    assert {ctl.table("registry", "discover", "sieve", "--zone", "west")[0]["ID"] for _ in range(4)} == {"b", "c"}
    assert "--health" in ctl.error("registry", "ls", "sieve", "--health", "fine", code=USAGE)
    assert "--metadata" in ctl.error("registry", "ls", "sieve", "--metadata", "=x", code=USAGE)


@case
def every_policy_picks(ctl):
    for name, weight in (("a", "1"), ("b", "1000")):
        ctl("registry", "register", f"ways/{name}", f"127.0.0.1:{4100 + ord(name)}", "--ttl", "1h", "--weight", weight)

    def picked(count, *options):
        return [ctl.table("registry", "discover", "ways", *options)[0]["ID"] for _ in range(count)]
    assert sorted(picked(2)) == ["a", "b"]
    assert picked(4, "--policy", "weighted-round-robin").count("b") >= 3
    assert picked(4, "--policy", "weighted-random").count("b") >= 2
    assert set(picked(3, "--policy", "least-request")) <= {"a", "b"}
    assert len(set(picked(4, "--policy", "consistent-hash", "--key", "user-17"))) == 1
    assert "hash_key" in ctl.error("registry", "discover", "ways", "--policy", "consistent-hash", code=INVALID_ARGUMENT)


@case
def a_watch_resumes_and_filters(ctl):
    ctl("registry", "register", "replay/a", "127.0.0.1:1", "--zone", "east")
    info = ctl.json("registry", "info")
    ctl("registry", "register", "replay/b", "127.0.0.1:2", "--zone", "west")
    lines = ctl("registry", "watch", "replay", "--after", info["revision"], "--count", "1", "--for", "300")
    assert "added    default/replay/b healthy" in lines and "replay/a" not in lines
    ctl.error("registry", "watch", "replay", "--after", info["revision"], "--epoch", "7", code=64 + 11)
    only = ctl("registry", "watch", "replay", "--zone", "west", "--count", "1")
    assert "replay/b" in only and "replay/a" not in only


@case
def a_live_table_is_drawn_anew(ctl):
    ctl("registry", "register", "live/a", "127.0.0.1:1", "--ttl", "1h")
    watch = ctl.start("registry", "watch", "live", "--table", "--count", "3", "--for", "300")
    wait_until(lambda: watch.stdout.readline().startswith("1 instance "), "the first table")
    ctl("registry", "register", "live/b", "127.0.0.1:2", "--ttl", "1h")
    wait_until(lambda: watch.stdout.readline().startswith("2 instances "), "the second")
    ctl("registry", "deregister", "live/a")
    rest, _ = watch.communicate(timeout=300)
    assert watch.returncode == 0 and rest.startswith("\x1b[H\x1b[2J") and "1 instance at" in rest
    assert " b " in rest and " a " not in rest, rest
