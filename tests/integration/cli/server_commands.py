# SPDX-License-Identifier: Apache-2.0
import json
import sqlite3
import tempfile
from pathlib import Path

from cases import case, wait_until
from mltctl import FAILED, INVALID_ARGUMENT, Mltctl
from server import Server


@case
def info_says_who_answers(ctl):
    text = ctl("server", "info")
    assert f"(pid {ctl.server_process.pid})" in text and ctl.server_process.address in text
    assert "takes changes" in text
    assert ctl.json("server", "info")["processId"] == ctl.server_process.pid


@case
def the_log_level_is_shown_and_set(ctl):
    assert ctl("server", "log-level") == "info\n"
    assert ctl("server", "log-level", "debug") == "debug\n"
    assert ctl("server", "log-level") == "debug\n"
    ctl("server", "log-level", "info")


@case
def the_configuration_can_be_fed_back(ctl):
    """What server config prints is a configuration file with the same effect."""
    def settings(yaml):
        return [line for line in yaml.splitlines() if not line.startswith(("data_dir:", "  - "))]
    text = ctl("server", "config")
    assert f'data_dir: "{ctl.server_process.data_dir}"' in text
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "own.yaml")
        path.write_text(text)
        with Server("--config", str(path)) as again:
            assert settings(Mltctl(again.address)("server", "config")) == settings(text)


@case
def a_reload_tells_what_it_did(ctl):
    rows = ctl.table("server", "reload")
    assert rows and all(row["APPLIED"] == "yes" for row in rows), rows


@case
def a_reload_reads_the_configuration_and_names_what_needs_a_restart():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "own.yaml")
        path.write_text("log.level: info\n")
        with Server("--config", str(path), "--drain-grace", "9s") as server:
            ctl = Mltctl(server.address)

            def reload():
                row = ctl.table("server", "reload")[0]
                assert row["WHAT"] == "configuration"
                return row["APPLIED"], row["WHY"]
            assert reload() == ("yes", "nothing to read again")
            path.write_text("log.level: debug\nretention.jobs: 7\nloops: 3\ndrain_grace: 1s\n")
            assert reload() == ("yes", "log.level, retention.jobs read again; a restart is needed for loops")
            assert ctl("server", "log-level") == "debug\n"
            config = ctl("server", "config")
            assert "\nretention.jobs: 7\n" in config and "\nloops: 0\n" in config and "\ndrain_grace: 9s\n" in config
            path.write_text("log.levle: debug\n")
            applied, why = reload()
            assert applied == "no" and 'the nearest is "log.level"' in why, why
            ctl("server", "log-level", "warn")
            path.write_text("log.level: debug\nretention.jobs: 7\n")
            assert reload() == ("yes", "nothing to read again")
            assert ctl("server", "log-level") == "warn\n", "what SetLogLevel said goes on"


@case
def a_backup_is_a_store_that_opens(ctl):
    ctl("registry", "register", "backup/a", "127.0.0.1:1")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "copy.db")
        ctl("server", "backup", str(path))
        with sqlite3.connect(path) as store:
            assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            tables = [name for name, in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            assert tables and any(b"backup" in bytes(str(row), "utf-8", "replace") for table in tables
                                  for row in store.execute(f'SELECT * FROM "{table}"')), tables


@case
def a_restore_goes_back_to_a_backup():
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        ctl, path = Mltctl(server.address), Path(folder, "copy.db")
        ctl("registry", "register", "restore/before", "127.0.0.1:1")
        sha256 = ctl("server", "backup", str(path)).split()[1]
        ctl("registry", "register", "restore/after", "127.0.0.1:1")
        ctl.error("server", "restore", str(path), "--sha256", "0" * 64, code=FAILED)
        assert "restored, revision" in ctl("server", "restore", str(path), "--sha256", sha256)
        assert len(ctl.table("registry", "ls", "restore")) == 1
        path.write_bytes(path.read_bytes()[:-1])
        ctl.error("server", "restore", str(path), code=INVALID_ARGUMENT)


@case
def the_log_is_json_where_it_is_asked_for():
    with Server("--log-format", "json", "--log-calls", "all") as server:
        Mltctl(server.address)("registry", "ls")

        def written():
            seen = [json.loads(line) for line in server.log_path.read_text().rpartition("\n")[0].splitlines()]
            return any("ListServices" in line["message"] for line in seen) and seen
        lines = wait_until(written, "the call's line")
        assert all(set(line) - {"fields"} == {"time", "level", "component", "message"} for line in lines), lines
        call = next(line for line in lines if "ListServices" in line["message"])
        assert call["component"] == "rpc" and any("ListServices" in value for value in call["fields"].values()), call


@case
def a_drain_ends_the_server():
    server = Server().start()
    try:
        assert Mltctl(server.address)("server", "drain", "--grace", "5") != ""
        assert server.process.wait(120) == 0
    finally:
        server.kill()
        server.remove()
