# SPDX-License-Identifier: Apache-2.0
"""mltctl doctor: what it finds in a server and a data folder that have something wrong with them, and how it ends.
tests/unit/admin/diagnosis_test.c has the server's own judgement of every misfortune."""
import json
import shutil
import sqlite3
import tempfile
from pathlib import Path

from cases import case, wait_until
from mltctl import USAGE, Mltctl
from server import Server
from tls_server import tls_server

WELL, WARNINGS, ERRORS = 0, 1, 2


def diagnose(ctl, *arguments):
    """(exit status, {check: (severity, text, remedy)}); of checks that found more than one thing the worst."""
    done = ctl.run("-o", "json", "doctor", *arguments)
    found = {}
    for finding in json.loads(done.stdout)["findings"]:
        entry = (finding["severity"].removeprefix("SEVERITY_"), finding["text"], finding["remedy"])
        order = ("OK", "WARNING", "ERROR")
        if order.index(entry[0]) >= order.index(found.get(finding["check"], ("OK",))[0]):
            found[finding["check"]] = entry
        assert bool(entry[2]) == (entry[0] != "OK"), f"{finding}: what is wrong has a remedy, and nothing else"
    assert done.returncode == max({"OK": WELL, "WARNING": WARNINGS, "ERROR": ERRORS}[s] for s, _, _ in found.values()), found
    return done.returncode, found


@case
def a_server_that_is_well_has_every_check(ctl):
    with Server() as server:
        found = diagnose(Mltctl(server.address))[1]
    assert set(found) == {"reachable", "version", "clock", "serving", "certificate", "disk", "descriptors", "connections",
                          "store", "restore", "log", "memory", "loops", "plugins", "workers", "queue", "jobs", "services"}
    wrong = {check: entry for check, entry in found.items() if entry[0] != "OK" and check not in ("disk", "memory", "log")}
    assert not wrong, wrong  # those three are this machine's business
    assert server.address in found["reachable"][1]
    table = ctl.run("doctor").stdout.splitlines()
    assert table[0].split() == ["SEVERITY", "CHECK", "FOUND"] and any(line.startswith("ok") for line in table)


@case
def a_server_that_is_not_there_is_an_error():
    code, found = diagnose(Mltctl("127.0.0.1:1"))
    assert code == ERRORS and list(found) == ["reachable"] and "mltrainerd" in found["reachable"][2], found
    offline = Mltctl("127.0.0.1:1")
    assert "one argument too many" in offline.error("doctor", "registry", code=USAGE)


@case
def what_is_wrong_is_found_while_it_lasts():
    """A data folder that is gone, a service without a healthy instance, a refused backup, plugins that do not load."""
    with tempfile.TemporaryDirectory() as empty, Server("--execution-plugins-dir", empty) as server:
        ctl = Mltctl(server.address)
        refused = Path(server.data_dir, "mltrainer.db.refused")
        refused.touch()
        ctl("registry", "register", "doctor/a", "127.0.0.1:1", "--check", "tcp")
        found = wait_until(lambda: (f := diagnose(ctl)[1])["services"][0] == "ERROR" and f, "the instance to be unhealthy")
        assert "default/doctor: 1 of 1" in found["services"][1], found
        assert found["restore"][0] == "WARNING" and found["plugins"][0] == "WARNING" and "more of" in found["plugins"][1], found
        away = server.data_dir.with_name(server.data_dir.name + ".away")
        shutil.move(server.data_dir, away)
        code, found = diagnose(ctl)
        shutil.move(away, server.data_dir)
        assert code == ERRORS and found["store"][0] == "ERROR", found
        wait_until(lambda: diagnose(ctl)[1]["store"][0] == "OK", "the store to go on")


@case
def a_certificate_is_told_of_before_its_end():
    """The one of the tests is valid for two days."""
    with tls_server() as (server, folder):
        ctl = Mltctl(f"localhost:{server.port}", "--tls-ca", f"{folder}/ca.pem")
        code, found = diagnose(ctl)
        assert code == ERRORS and "days more" in found["certificate"][1] and "tls.certificate" in found["certificate"][2], found


@case
def a_job_that_does_not_end_is_named(ctl):
    ctl("datasets", "upload", "--name", "doctor", str(Path(__file__).resolve().parents[2] / "data/sp500.csv"))
    job = ctl("jobs", "tune", "ridge", "--dataset", "doctor", "--target", "close", "--feature", "open", "--feature", "high",
              "--vary", "alpha=0.001..1000:log", "--trials", "10000").strip()
    wait_until(lambda: ctl.json("jobs", "get", job)["job"]["state"] == "JOB_STATE_RUNNING", "the job to run", 60)
    found = diagnose(ctl, "--stuck-after", "0s")[1]
    assert found["jobs"][0] == "WARNING" and "do not end" in found["jobs"][1], found
    assert diagnose(ctl)[1]["jobs"][0] == "OK"
    ctl("jobs", "cancel", job)


@case
def who_may_not_ask_is_told_which_role_may():
    with Server("--access-mode", "token") as server, tempfile.TemporaryDirectory() as folder:
        first = Path(server.data_dir, "bootstrap-token")
        root, viewer = Path(folder, "root"), Path(folder, "viewer")
        Mltctl(server.address, "--token-file", str(first))("token", "create", "root", "--role", "admin", "--to", str(root))
        Mltctl(server.address, "--token-file", str(root))("token", "create", "eve", "--role", "viewer", "--to", str(viewer))
        found = diagnose(Mltctl(server.address, "--token-file", str(viewer)))[1]
        assert found["server"][0] == "WARNING" and "operator" in found["server"][2], found
        assert "disk" not in found and found["services"][0] == "OK", found
        code, found = diagnose(Mltctl(server.address))
        assert code == ERRORS and "--token-file" in found["reachable"][2], found


@case
def a_data_folder_is_judged_without_its_server():
    ctl = Mltctl("127.0.0.1:1")

    def look():
        code, found = diagnose(ctl, "--data-dir", str(server.data_dir))
        return {check: entry for check, entry in found.items() if check != "disk"}

    def store(severity, text):
        entry = look()["store"]
        assert entry[0] == severity and text in entry[1], entry
    server = Server().start()
    try:
        assert f"process id {server.pid} uses it" in look()["lock"][1]
        server.terminate()
        found = look()
        assert all(entry[0] == "OK" for entry in found.values()) and "no server" in found["lock"][1], found
        path = server.data_dir / "mltrainer.db"
        whole = path.read_bytes()
        path.chmod(0o644)
        store("ERROR", "open to other users")
        path.chmod(0o600)
        (server.data_dir / "mltrainer.db.restore").touch()
        assert look()["restore"][0] == "WARNING"
        (server.data_dir / "mltrainer.db.restore").unlink()
        with sqlite3.connect(path) as database:
            database.execute("PRAGMA user_version = 99")
        database.close()
        store("ERROR", "newer version")
        path.write_bytes(b"x" * 8192)
        store("ERROR", "no database")
        path.write_bytes(whole[:-1])
        store("ERROR", "cut short")
        path.write_bytes(b"")
        store("ERROR", "no header")
        path.unlink()
        store("OK", "there is none")
        Path(f"{path}-wal").touch()
        store("ERROR", "its log is there")
        server.data_dir.chmod(0o777)
        assert look()["folder"][0] == "ERROR"
        shutil.rmtree(server.data_dir)
        assert look()["folder"][0] == "ERROR"
    finally:
        server.kill()
        server.remove()
