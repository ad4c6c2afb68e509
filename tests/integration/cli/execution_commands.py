# SPDX-License-Identifier: Apache-2.0
import contextlib
import csv
import hashlib
import json
import math
import os
import re
import signal
import tempfile
from pathlib import Path

from cases import case, wait_until
from mltctl import ABORTED, DATA_LOSS, FAILED, FAILED_PRECONDITION, INVALID_ARGUMENT, NOT_FOUND, USAGE, Mltctl
from server import ROOT, Server

SP500 = ROOT / "tests/data/sp500.csv"
ARROW = ROOT / "tests/conformance/arrow/cases/texts_file.arrow"
TRAIN = ("--dataset", "sp500", "--target", "close", "--target-transform", "log-return", "--lags", "close:log-return:1,2,3,5,10",
         "--time", "date", "--test-fraction", "0.2")


def folder():
    return tempfile.TemporaryDirectory(prefix="mlt-cli-")


@case
def models_and_plugins_are_listed_and_described(ctl):
    models = {row["MODEL"]: row for row in ctl.table("models", "ls")}
    assert {"ridge", "rsi", "black_scholes"} <= models.keys()
    assert all((row["STATE"] == "available") == (row["FAMILY"] != "nlp") for row in models.values())  # nlp says why
    linear = ctl.table("models", "ls", "--family", "linear")
    assert {row["TASK"] for row in ctl.table("models", "ls", "--task", "forecast")} == {"forecast"}
    assert linear and all(row["FAMILY"] == "linear" for row in linear)
    assert len(ctl.json("models", "ls")["models"]) == len(models)
    assert "alpha" in ctl("models", "describe", "ridge")
    said = ctl("models", "describe", "arima")  # lists are shown as they are given; columns in and out
    assert re.search(r"^order +\[1,1,1\] ", said, re.M) and re.search(r"^deviation +\S", said, re.M), said
    said = ctl("models", "describe", "expected_shortfall_model")  # whose column a parameter names
    assert "as parameter column says" in said and "0..1000000 " in said, said
    assert re.search(r"^window +14 .* Also: period\.$", ctl("models", "describe", "rsi"), re.M)
    assert re.search(r"^n_jobs +A job has one worker", ctl("models", "describe", "stacking_ensemble"), re.M)
    with folder() as at:
        Path(at, "few.csv").write_text("high,low,close\n" + "".join(f"{102 + i % 7},{99 + i % 5},{100 + i % 7}\n" for i in range(80)))
        ctl("datasets", "upload", f"{at}/few.csv", "--name", "few")
    assert "vote" in ctl("models", "compute", "cci_ensemble", "--dataset", "few", "--param", "periods=[5]")
    voted = ("models", "compute", "ensemble_regime", "--dataset", "few", "--param", "window=5", "--param")
    assert "regime" in ctl(*voted, "base_detectors=[volatility,clustering]")
    assert "astrologer" in ctl.error(*voted, "base_detectors=[astrologer]", code=INVALID_ARGUMENT)
    momentum = ("models", "compute", "momentum_oscillator", "--dataset", "few", "--param")
    assert ctl(*momentum, "period=3") == ctl(*momentum, "window=3") != ctl(*momentum, "window=4")
    assert "names of one parameter" in ctl.error(*momentum, "period=3", "--param", "window=3", code=INVALID_ARGUMENT)
    assert "Nothing is to be filled" in ctl.error("models", "compute", "obv_model", "--dataset", "few", "--param",
                                                  "fillna=true", code=INVALID_ARGUMENT)
    ctl("datasets", "rm", "few")
    assert "rigde" in ctl.error("models", "describe", "rigde", code=NOT_FOUND)
    assert {"linear", "options", "technical"} <= {p["family"] for p in ctl.json("plugins", "ls")["plugins"]}
    assert ctl("plugins", "reload") != ""
    assert ctl("server", "engine").startswith("workers  ")


def waits_with(path, pid):
    """It has opened the file, and waits for the server."""
    with contextlib.suppress(FileNotFoundError):   # a descriptor that was closed meanwhile
        opened = any(os.readlink(fd) == str(path) for fd in Path(f"/proc/{pid}/fd").iterdir())
        return opened and Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "S"
    return False


@case
def a_file_that_changes_while_it_is_sent_is_no_dataset():
    with Server() as server, folder() as path:
        ctl, prices = Mltctl(server.address), Path(path, "changing.csv")
        prices.write_text("x\n" + "1\n" * 1000)
        os.kill(server.pid, signal.SIGSTOP)
        upload = ctl.start("datasets", "upload", str(prices), "--name", "changing")
        wait_until(lambda: waits_with(prices, upload.pid), "mltctl to wait")
        os.utime(prices, (1, 1))
        os.kill(server.pid, signal.SIGCONT)
        said = upload.communicate(timeout=120)
        assert upload.returncode == FAILED and "changed while it was sent" in said[1], said
        ctl.error("datasets", "describe", "changing", code=NOT_FOUND)


@case
def a_file_is_uploaded_once_described_and_removed(ctl):
    digest = hashlib.sha256(SP500.read_bytes()).hexdigest()
    first = ctl("datasets", "upload", str(SP500), "--name", "sp500")
    assert "sp500@1: 5031 rows, 7 columns" in first and f"sha256 {digest}" in first
    assert "sp500@1:" in ctl("datasets", "upload", str(SP500), "--name", "sp500"), "the same bytes made another version"
    assert ctl.table("datasets", "ls")[0]["ROWS"] == "5031"
    assert ctl.json("datasets", "describe", "sp500")["dataset"]["sha256"] == digest
    assert "1999-01-04" in ctl("datasets", "preview", "sp500")
    with folder() as path:
        mixed = Path(path, "mixed.csv")
        mixed.write_text("kind,a,note,b\nx,1,,2\ny,3,so,4\n")
        ctl("datasets", "upload", str(mixed))
        assert ctl("datasets", "preview", "mixed").splitlines()[0].split() == ["kind", "a", "note", "b"], "not the file's order"
        small = Path(path, "small.csv")
        small.write_text("a,b\n1,2\n3,4\n")
        ctl("datasets", "upload", str(small))
        assert [line.split() for line in ctl("datasets", "preview", "small").splitlines()] == [["a", "b"], ["1", "2"], ["3", "4"]]
        assert ctl("datasets", "rm", "small@1") == "small@1: 1 version deleted\n"
        ctl.error("datasets", "describe", "small", code=NOT_FOUND)
        ragged = Path(path, "ragged.csv")
        ragged.write_text("a,b\n1,2\n3\n")
        assert "line 3" in ctl.error("datasets", "upload", str(ragged), code=INVALID_ARGUMENT)
        ctl.error("datasets", "upload", str(Path(path, "missing.csv")), code=FAILED)
    assert "words@1: 5 rows, 5 columns" in ctl("datasets", "upload", str(ARROW), "--name", "words")


@case
def a_model_is_trained_watched_and_used(ctl):
    ctl("datasets", "upload", str(SP500), "--name", "sp500")
    shown = ctl("jobs", "train", "ridge", *TRAIN, "--artifact", "next", "--follow")
    assert "state      succeeded" in shown and "4016 rows to train" in shown and "rmse" in shown, shown
    row = next(row for row in ctl.table("jobs", "ls") if row["KIND"] == "train")
    assert row["STATE"] == "succeeded"
    job = ctl.json("jobs", "get", row["JOB"])["job"]
    assert job["state"] == "JOB_STATE_SUCCEEDED" and job["result"]["artifact"].startswith("sha256:")
    assert "succeeded" in ctl("jobs", "watch", row["JOB"])
    events = [json.loads(line) for line in ctl("-o", "json", "jobs", "watch", row["JOB"]).splitlines()]
    assert events[-1]["job"]["state"] == "JOB_STATE_SUCCEEDED"
    assert ctl.table("artifacts", "ls", "next")[0]["ARTIFACT"] == "next@1"
    predicted = ctl.json("artifacts", "predict", "next", "--dataset", "sp500", "--last")
    column = next(c for c in predicted["table"]["columns"] if c["name"] == "prediction")
    value = column["doubles"]["values"][-1]
    assert math.isfinite(value) and abs(value) < 0.1, value
    with folder() as path:
        out, saved = Path(path, "all.csv"), Path(path, "model.bin")
        ctl("artifacts", "predict", "next", "--dataset", "sp500", "--to", str(out))
        assert len(list(csv.DictReader(out.open()))) > 5000
        assert ctl("artifacts", "export", "next", str(saved)).startswith(f"{saved}: ")
        assert saved.stat().st_size > 100
        assert ctl("artifacts", "import", str(saved), "--name", "copy").startswith("copy@1: model ridge")
        assert "was there already" in ctl("artifacts", "import", str(saved), "--name", "copy")
        assert ctl.json("artifacts", "predict", "copy", "--dataset", "sp500", "--last")["table"] == predicted["table"]
        saved.write_bytes(saved.read_bytes()[:-1])
        assert "artifact" in ctl.error("artifacts", "import", str(saved), code=DATA_LOSS)


@case
def aliases_are_set_moved_back_and_removed(ctl):
    ctl("datasets", "upload", str(SP500), "--name", "sp500")
    for _ in range(2):
        ctl("jobs", "train", "ridge", *TRAIN, "--artifact", "named", "--follow")
    assert ctl("aliases", "set", "named", "champion", "1").strip() == "named:champion points to 1"
    ctl("aliases", "set", "named", "champion", "2", "--expected", "1")
    ctl.error("aliases", "set", "named", "champion", "1", "--expected", "1", code=ABORTED)
    assert ctl.table("aliases", "ls") == [{"ALIAS": "named:champion", "VERSION": "2", "BEFORE": "1"}]
    assert "alias      champion" in ctl("artifacts", "describe", "named:champion")
    assert "champion" in ctl.error("artifacts", "rm", "named:champion", code=FAILED_PRECONDITION)
    assert ctl("aliases", "back", "named", "champion").strip() == "named:champion points to 1"
    ctl("aliases", "rm", "named", "champion")
    assert ctl("artifacts", "rm", "named@1").strip() == "named@1 deleted"
    assert [row["ARTIFACT"] for row in ctl.table("artifacts", "ls", "named")] == ["named@2"]


@case
def what_a_job_computes_becomes_a_dataset(ctl):
    """Numbers come back as they were, to the last bit; what is no number is absent."""
    with folder() as path:
        prices = Path(path, "prices.csv")
        prices.write_text("day,close,kind\n" + "".join(f"2024-01-{i:02},{i * i / 3},\"a, {i}\"\n" for i in range(1, 31)))
        ctl("datasets", "upload", str(prices), "--name", "prices")
    average = ("sma", "--dataset", "prices", "--param", "column=close", "--param", "window=5")
    inline = ctl.json("jobs", "get", ctl("jobs", "compute", *average).strip())["job"]
    ctl("jobs", "watch", inline["id"])
    expected = ctl.json("jobs", "get", inline["id"])["job"]["result"]["table"]["columns"]
    shown = ctl("jobs", "compute", *average, "--to-dataset", "averages", "--follow")
    assert "dataset    averages@1 (30 rows)" in shown, shown
    kept = ctl.json("datasets", "preview", "averages", "--rows", "30")["table"]["columns"]
    assert [column["name"] for column in kept] == [column["name"] for column in expected]
    assert kept[0]["nullRows"] == [0, 1, 2, 3] and kept[0]["doubles"]["values"][4:] == expected[0]["doubles"]["values"][4:]
    again = ctl("jobs", "compute", *average, "--to-dataset", "averages", "--follow")
    assert "averages@1 " in again, "the same bytes made another version"
    ctl("datasets", "upload", str(SP500), "--name", "sp500")
    ctl("jobs", "train", "ridge", *TRAIN, "--artifact", "kept", "--follow")
    assert "dataset    foretold@1 (5" in ctl("jobs", "predict", "kept", "--dataset", "sp500", "--to-dataset", "foretold", "--follow")
    columns = {column["name"]: column for column in ctl.json("datasets", "describe", "foretold")["dataset"]["columns"]}
    assert columns["date"]["type"] == "COLUMN_TYPE_DATE" and columns["prediction"]["type"] == "COLUMN_TYPE_DOUBLE", columns
    assert "output_dataset" in ctl.error("jobs", "compute", *average, "--to-dataset", "no spaces", code=INVALID_ARGUMENT)


@case
def a_job_waits_for_another_and_uses_what_it_brings(ctl):
    ctl("datasets", "upload", str(SP500), "--name", "sp500")
    first = ctl("jobs", "train", "ridge", *TRAIN, "--artifact", "chained").strip()
    shown = ctl("jobs", "predict", "${%s.artifact}" % first, "--dataset", "sp500", "--after", first, "--follow")
    assert "state      succeeded" in shown, shown
    ctl.error("jobs", "compute", "rsi", "--dataset", "sp500", "--after", "nosuch", code=NOT_FOUND)


@case
def the_pipeline_of_the_guide_runs(ctl):
    ctl("datasets", "upload", str(SP500), "--name", "sp500")
    shown = ctl("pipelines", "run", str(ROOT / "docs/guide/examples/pipeline.yaml"))
    assert "today succeeded" in shown and shown.splitlines()[-5].endswith(" succeeded"), shown
    row = ctl.table("pipelines", "ls")[0]
    assert row["STATE"] == "succeeded" and row["ENDED"] == "3 of 3"
    wait_until(lambda: ctl.run("diagram", "render", f"pipeline:{row['PIPELINE']}").stdout.count(", succeeded<") == 3, "the pipeline is drawn as it ended")
    ctl.error("diagram", "render", "pipeline:nosuch", code=NOT_FOUND)
    assert [task["state"] for task in ctl.json("pipelines", "get", row["PIPELINE"])["pipeline"]["tasks"]] == ["JOB_STATE_SUCCEEDED"] * 3
    with folder() as path:
        bad = Path(path, "bad.yaml")
        for text, words in (("tasks: [", "bad.yaml:"), ("tasks: 5", "a list is expected"), ("nonsense: 1", "no such field")):
            bad.write_text(text)
            assert words in ctl.error("pipelines", "run", str(bad), code=FAILED)
        job = {"compute": {"model": "rsi", "data": {"dataset": "sp500"}}}
        bad.write_text(json.dumps({"tasks": [{"key": "a", "dependsOn": ["b"], "spec": job}, {"key": "b", "dependsOn": ["a"], "spec": job}]}))
        assert "a cycle: a -> b -> a" in ctl.error("pipelines", "run", str(bad), code=INVALID_ARGUMENT)
    ctl.error("pipelines", "cancel", "nosuch", code=NOT_FOUND)


@case
def a_pipeline_works_on_datasets_that_its_tasks_bring(ctl):
    ctl("datasets", "upload", str(SP500), "--name", "sp500")
    average = {"model": "sma", "parameters": {"column": {"text": "close"}, "window": {"integer": 5}}}
    def task(key, dataset, on=(), **more):
        return {"key": key, "dependsOn": list(on), "spec": {"compute": {**average, "data": {"dataset": dataset}, **more}}}
    again = {"column": {"text": "sma"}, "window": {"integer": 3}}
    with folder() as path:
        file = Path(path, "chain.yaml")
        file.write_text(json.dumps({"tasks": [task("smooth", "sp500", outputDataset="smooth"),
                                              task("smoother", "${smooth.dataset}", ["smooth"], parameters=again,
                                                   data={"dataset": "${smooth.dataset}", "firstRow": 4})]}))
        shown = ctl("pipelines", "run", str(file))
        assert "smoother succeeded" in shown, shown
        assert ctl.json("datasets", "describe", "smooth")["dataset"]["rowCount"] == "5031"
        for bad, words in ((task("b", "${a.dataset}"), "not among what the job depends on"),
                           (task("b", "${a.artifact}", ["a"]), "is not ${JOB.dataset}")):
            file.write_text(json.dumps({"tasks": [task("a", "sp500"), bad]}))
            assert words in ctl.error("pipelines", "run", str(file), code=INVALID_ARGUMENT)
        file.write_text(json.dumps({"tasks": [task("a", "sp500"), task("b", "${a.dataset}", ["a"])]}))
        assert "b failed" in ctl.run("pipelines", "run", str(file)).stdout, "a brings no dataset"


@case
def a_range_between_whole_numbers_is_a_range(ctl):
    ctl("datasets", "upload", str(SP500), "--name", "sp500")
    assert "valid" in ctl("jobs", "tune", "ridge", *TRAIN, "--vary", "alpha=1..10", "--trials", "2", "--validate-only")
    network = ("jobs", "tune", "feedforward_mlp", *TRAIN, "--trials", "2", "--validate-only", "--vary", "dropout_rate=0..0.5")
    assert "valid" in ctl(*network)  # by another of its names, but once
    assert "varied twice" in ctl.error(*network, "--vary", "dropout=0..0.5", code=INVALID_ARGUMENT)


@case
def top_shows_what_runs_before_what_waits(ctl):
    ctl("datasets", "upload", str(SP500), "--name", "sp500")
    long = ctl("jobs", "tune", "ridge", *TRAIN, "--vary", "alpha=0.001..1000:log", "--trials", "10000").strip()
    after = ctl("jobs", "compute", "rsi", "--dataset", "sp500", "--after", long).strip()
    wait_until(lambda: ctl.json("jobs", "get", long)["job"]["state"] == "JOB_STATE_RUNNING", "the tuning to begin")
    shown = ctl("jobs", "top")
    rows = [line.split() for line in shown.splitlines() if line.startswith("j0")]
    assert [row[:2] for row in rows] == [[long, "running"], [after, "waiting"]] and rows[0][-1] == "ridge", shown
    assert shown.startswith("workers ") and "1 running" in shown and "1 waiting" in shown, shown
    assert shown.count("\n") < ctl("jobs", "top", "--times", "2", "--every", "10ms").count("\n")
    assert [job["id"] for job in ctl.json("jobs", "top")["jobs"]] == [long, after]
    assert [job["id"] for job in ctl.json("jobs", "top", "--limit", "1")["jobs"]] == [long], "newer ones hid what runs"
    assert "--every: at least 10 ms" in ctl.error("jobs", "top", "--times", "2", "--every", "9ms", code=USAGE)
    ctl("jobs", "cancel", long)
    wait_until(lambda: "none" in ctl("jobs", "top").splitlines()[1], "nothing to be left", 60)


@case
def runs_are_listed_shown_and_compared(ctl):
    ctl("datasets", "upload", str(SP500), "--name", "sp500")
    for alpha in ("0.5", "5"):
        ctl("jobs", "train", "ridge", *TRAIN, "--param", f"alpha={alpha}", "--artifact", "compared", "--follow")
    newest, before = [row["RUN"] for row in ctl.table("runs", "ls", "--model", "ridge", "--limit", "2")]
    assert newest > before
    assert ctl.json("runs", "get", newest)["run"]["model"] == "ridge"
    values = [float(row["RMSE"]) for row in ctl.table("runs", "ls", "--order-by", "-rmse")]
    assert values == sorted(values, reverse=True)
    shown = [line.split() for line in ctl("runs", "compare", before, newest).splitlines()]
    assert shown[0] == ["WHAT", before, newest] and ["parameter.alpha", "0.5", "5"] in shown, shown
    assert "dataset" not in [line[0] for line in shown]
    assert "dataset " in ctl("runs", "compare", before, newest, "--all")
    ctl.error("runs", "get", "nosuch", code=NOT_FOUND)


@case
def a_job_that_cannot_be_is_refused_by_name(ctl):
    ctl("datasets", "upload", str(SP500), "--name", "sp500")
    assert "rigde" in ctl.error("jobs", "train", "rigde", *TRAIN, code=NOT_FOUND)
    text = ctl.error("jobs", "train", "ridge", "--dataset", "sp500", "--target", "clsoe", code=INVALID_ARGUMENT)
    assert "clsoe" in text and "target_column" in text, text
    assert "nosuch" in ctl.error("jobs", "get", "nosuch", code=NOT_FOUND)
    ctl.error("jobs", "cancel", "nosuch", code=NOT_FOUND)
    assert "spot" in ctl.error("models", "compute", "black_scholes", "--value", "spto=1", code=INVALID_ARGUMENT)


@case
def an_indicator_and_an_option_are_computed(ctl):
    ctl("datasets", "upload", str(SP500), "--name", "sp500")
    with folder() as path:
        out = Path(path, "rsi.csv")
        shown = ctl("models", "compute", "rsi", "--dataset", "sp500", "--tail", "5", "--to", str(out))
        assert shown.splitlines()[0].split() == ["rsi"] and len(shown.splitlines()) == 7
        values = [float(row["rsi"]) for row in csv.DictReader(out.open()) if row["rsi"]]
        assert len(values) > 5000 and all(0 <= value <= 100 for value in values)
    # Hull, Options, Futures and Other Derivatives, section 15.9: S 42, K 40, r 10 %, sigma 20 %, T 0.5 gives 4.76.
    priced = ctl.json("models", "compute", "black_scholes", "--value", "spot=42", "--value", "strike=40", "--value",
                      "time_to_expiry=0.5", "--value", "risk_free_rate=0.1", "--value", "volatility=0.2")
    price = next(c for c in priced["table"]["columns"] if c["name"] == "price")["doubles"]["values"][0]
    assert abs(price - 4.76) < 0.005, price
