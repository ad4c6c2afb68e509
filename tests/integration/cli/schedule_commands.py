# SPDX-License-Identifier: Apache-2.0
import tempfile
from pathlib import Path

from cases import case
from mltctl import INVALID_ARGUMENT, NOT_FOUND, USAGE


def submitted(ctl):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "scheduled.csv")
        path.write_text("a\n1\n2\n3\n")
        ctl("datasets", "upload", str(path))
    return ctl("jobs", "compute", "sma", "--dataset", "scheduled", "--param", "column=a", "--param", "window=2").strip()


@case
def a_schedule_is_made_shown_paused_changed_and_deleted(ctl):
    job = submitted(ctl)
    said = ctl("schedules", "create", "nightly", "--cron", "30 22 * * 1-5", "--zone", "America/New_York", "--like", job)
    assert "when       30 22 * * 1-5 America/New_York\nstate      active\nmissed     latest\noverlap    left out\n" in said
    row = next(row for row in ctl.table("schedules", "ls") if row["SCHEDULE"] == "nightly")
    assert row["WHEN"] == "30 22 * * 1-5 America/New_York" and row["STATE"] == "active" and row["RUNS"] == "0"
    shown = ctl.json("schedules", "get", "nightly")["schedule"]
    assert shown["cron"] == "30 22 * * 1-5" and shown["job"]["compute"]["model"] == "sma" and shown["nextTime"]
    assert "state      paused" in ctl("schedules", "pause", "nightly")
    assert "next       -" in ctl("schedules", "get", "nightly")
    assert "state      active" in ctl("schedules", "resume", "nightly")
    assert "every 90 s" in ctl("schedules", "update", "nightly", "--every", "90s", "--missed", "all")
    assert ctl("schedules", "delete", "nightly") == "nightly deleted\n"
    assert "nightly" not in ctl("schedules", "ls")


@case
def jobs_are_listed_by_schedule(ctl):
    job = submitted(ctl)
    ctl("schedules", "create", "listed", "--every", "1h", "--like", job)
    assert ctl.json("jobs", "ls", "--schedule", "listed").get("jobs", []) == []
    assert any(one["id"] == job for one in ctl.json("jobs", "ls")["jobs"])
    ctl("schedules", "delete", "listed")


@case
def wrong_words_about_schedules_are_told(ctl):
    job = submitted(ctl)
    assert "one of --cron and --every" in ctl.error("schedules", "create", "x", "--like", job, code=USAGE)
    assert "one of --cron and --every" in ctl.error("schedules", "create", "x", "--like", job, "--cron", "* * * * *", "--every",
                                                    "1h", code=USAGE)
    assert "--like JOB" in ctl.error("schedules", "create", "x", "--every", "1h", code=USAGE)
    assert "latest, all or skip" in ctl.error("schedules", "create", "x", "--every", "1h", "--missed", "some", code=USAGE)
    assert "schedule.cron" in ctl.error("schedules", "create", "x", "--cron", "* * *", "--like", job, code=INVALID_ARGUMENT)
    assert "x" in ctl.error("schedules", "get", "x", code=NOT_FOUND)
