# SPDX-License-Identifier: Apache-2.0
import contextlib
import sqlite3
import tempfile
from pathlib import Path

from cases import case
from mltctl import FAILED, INVALID_ARGUMENT, NOT_FOUND, USAGE, Mltctl
from server import ROOT, Server
from source_servers import KEY, Interface, Postgres, Threaded


@contextlib.contextmanager
def sources(*more, **environment):
    """A server that knows one source of each kind."""
    with tempfile.TemporaryDirectory(prefix="mlt-sources-") as folder, Threaded(Interface) as interface, Threaded(Postgres) as postgres:
        files = Path(folder, "files")
        files.mkdir()
        market = Path(folder, "market.db")
        with contextlib.closing(sqlite3.connect(market)) as db:
            db.executescript("CREATE TABLE bars(symbol TEXT, day TEXT, close REAL, volume INTEGER, note TEXT, raw BLOB);"
                             "INSERT INTO bars VALUES('A','2020-01-01',1.5,10,'NA',NULL),('A','2020-01-02',NULL,-3,'a,\"b\"\n',NULL),"
                             "('B','2020-01-01',9,1,NULL,x'00');")
        url = f"http://127.0.0.1:{interface.port}"
        with Server("--execution-source-roots", str(files), "--execution-databases", f"market sqlite:{market}",
                    "--execution-databases", f"pg postgresql://reader@127.0.0.1:{postgres.port}/x?sslmode=disable",
                    "--execution-providers", f"polygon polygon {url}", "--execution-providers", f"fred fred {url} 6000", *more,
                    environment={"POLYGON_API_KEY": KEY, "FRED_API_KEY": KEY, **environment}) as server:
            ctl = Mltctl(server.address)
            ctl.files, ctl.interface, ctl.postgres, ctl.market, ctl.log = files, interface, postgres, market, server.log_path
            yield ctl


def fetch(ctl, name, *source):
    return ctl("datasets", "fetch", name, *source, "--follow")


def refused(ctl, *source):
    """Why a job that could be submitted failed."""
    done = ctl.run("datasets", "fetch", "refused", *source, "--follow")
    assert done.returncode == FAILED and "state      failed" in done.stdout, done.stdout + done.stderr
    return done.stdout


def rows(ctl, name):
    return ctl.json("datasets", "preview", name)["table"]["columns"]


@case
def sources_are_listed_without_secrets():
    with sources("--execution-databases", "hidden postgresql://me:pa55@db.example/x?password=pa55") as ctl:
        listed = {row["NAME"]: row for row in ctl.table("sources", "ls")}
        assert listed["market"]["KIND"] == "sqlite" and listed["fred"]["KIND"] == "fred" and str(ctl.files) in listed
        assert listed["hidden"]["WHERE"] == "postgresql://db.example/x", listed["hidden"]
        ctl("datasets", "fetch", "x", code=USAGE)
        ctl.error("datasets", "fetch", "x", "--provider", "nobody", "--series", "X", code=NOT_FOUND)
        ctl.error("datasets", "fetch", "x", "--database", "nobody", "--query", "SELECT 1", code=NOT_FOUND)


@case
def files_are_fetched_from_below_their_roots_alone():
    with sources() as ctl:
        (ctl.files / "deep").mkdir()
        (ctl.files / "deep/a.csv").write_text("a;b\n1;x\n")
        (ctl.files / "t.arrow").write_bytes((ROOT / "tests/conformance/arrow/cases/texts_lz4.arrow").read_bytes())
        (ctl.files / "out.csv").symlink_to(ctl.market)
        (ctl.files / "up").symlink_to("..")
        assert "a@1 (1 rows)" in fetch(ctl, "a", "--file", str(ctl.files / "deep/a.csv"))
        assert "t@1 (5 rows)" in fetch(ctl, "t", "--file", str(ctl.files / "t.arrow"))
        for path in ("/etc/passwd", str(ctl.files), "deep/a.csv", str(ctl.files) + "x/a.csv"):
            assert "source_roots" in ctl.error("datasets", "fetch", "x", "--file", path, code=INVALID_ARGUMENT)
        for path in ("../market.db", "deep/../../market.db", "out.csv", "up/market.db"):
            assert "leads out of its folder" in refused(ctl, "--file", f"{ctl.files}/{path}"), path
        assert "cannot be opened" in refused(ctl, "--file", str(ctl.files / "none.csv"))
        assert "not a regular file" in refused(ctl, "--file", str(ctl.files / "deep"))


@case
def s14_a_query_reads_and_does_nothing_else():
    with sources() as ctl:
        query = "SELECT day, close, volume, note FROM bars WHERE symbol = ?1 ORDER BY day"
        assert "bars@1 (2 rows)" in fetch(ctl, "bars", "--database", "market", "--query", query, "--argument", "A")
        day, close, volume, note = rows(ctl, "bars")
        assert close["doubles"]["values"][0] == 1.5 and volume["integers"]["values"] == ["10", "-3"], (close, volume)
        assert note["texts"]["values"] == ["NA", 'a,"b"\n'], note
        assert len(day["dates"]["days"]) == 2 and close["nullRows"] == [1], (day, close)
        injected = "A' OR '1'='1"
        assert "none@1 (0 rows)" in fetch(ctl, "none", "--database", "market", "--query", query, "--argument", injected)
        for query, why in (("DELETE FROM bars", "not authorized"), ("SELECT 1; DROP TABLE bars", "stands behind it"),
                           ("ATTACH '/etc/passwd' AS p", "not authorized"), ("PRAGMA journal_mode=DELETE", "not authorized"),
                           ("SELECT load_extension('x')", "not authorized"), ("SELECT nonsense", "no such column"),
                           ("", "a query of"), ("SELECT ?1", "1 parameters, and 0"), ("SELECT raw FROM bars WHERE symbol='B'", "blobs"),
                           ("-- nothing", "a SELECT is wanted")):
            if query:
                assert why in refused(ctl, "--database", "market", "--query", query), query
            else:
                ctl.error("datasets", "fetch", "x", "--database", "market", "--query", query, code=INVALID_ARGUMENT)
        with contextlib.closing(sqlite3.connect(ctl.market)) as db:
            assert db.execute("SELECT count(*) FROM bars").fetchone() == (3,)


@case
def postgresql_is_asked_by_parameters_and_row_by_row():
    with sources() as ctl:
        shown = fetch(ctl, "pg", "--database", "pg", "--query", "SELECT * FROM t WHERE a = ?1 AND b = '?2'", "--argument", "x'; DROP")
        assert "pg@1 (2 rows)" in shown, shown
        assert ctl.postgres.seen[0] == "SELECT * FROM t WHERE a = $1 AND b = '?2'" and b"x'; DROP" in ctl.postgres.seen[1]
        column = {column["name"]: column for column in rows(ctl, "pg")}
        ident, price, name, opened = (column[title] for title in ("id", "price", "name", "open"))
        assert ident["integers"]["values"] == ["1", "-9007199254740993"] and price["nullRows"] == [1]
        assert name["texts"]["values"][0] == 'say "NA", twice' and opened["bools"]["values"] == [True, False] and "dates" in column["day"]
        assert "read-only transaction" in refused(ctl, "--database", "pg", "--query", "DELETE FROM t")


@case
def polygon_and_fred_are_read_page_by_page():
    with sources() as ctl:
        assert "aapl@1 (5 rows)" in fetch(ctl, "aapl", "--provider", "polygon", "--series", "AAPL", "--begin", "2022-01-01", "--end", "2022-02-01")
        names = [column["name"] for column in rows(ctl, "aapl")]
        assert names == ["date", "open", "high", "low", "close", "volume", "vwap", "transactions"], names
        assert "/v2/aggs/ticker/AAPL/range/1/day/2022-01-01/2022-02-01?adjusted=true" in ctl.interface.seen[0]
        asked = len(ctl.interface.seen)
        fetch(ctl, "again", "--provider", "polygon", "--series", "AAPL", "--begin", "2022-01-01", "--end", "2022-02-01")
        assert len(ctl.interface.seen) == asked, "what was asked a moment ago was asked again"
        assert "gdp@1 (4 rows)" in fetch(ctl, "gdp", "--provider", "fred", "--series", "GDP", "--set", "units=pch")
        date, value = rows(ctl, "gdp")
        assert value["nullRows"] == [1] and value["doubles"]["values"][3] == -3, value
        assert "units=pch" in ctl.interface.seen[-1] and "offset=3" in ctl.interface.seen[-1], ctl.interface.seen
        assert "none@1 (0 rows)" in fetch(ctl, "none", "--provider", "polygon", "--series", "NONE")


@case
def a_provider_that_misbehaves_fails_the_job_and_never_shows_the_key():
    with sources("--execution-providers", "keyless fred http://127.0.0.1:1", "--execution-providers", "dead fred http://127.0.0.1:1",
                 DEAD_API_KEY=KEY) as ctl:
        said = [refused(ctl, "--provider", "polygon", "--series", series) for series in ("LEAD", "HTML", "MOVED", "BUSY")]
        for text, why in zip(said, ("a next page at another place", "it is not JSON", "answered with 302", "too many calls")):
            assert why in text, text
        said += [refused(ctl, "--provider", "dead", "--series", "GDP"), refused(ctl, "--provider", "keyless", "--series", "GDP")]
        assert "KEYLESS_API_KEY" in said[-1], said[-1]
        for wrong in ("../x", "A/B", "A?b=c", "A%2F", ""):
            ctl.error("datasets", "fetch", "x", "--provider", "polygon", "--series", wrong, code=INVALID_ARGUMENT)
        ctl.error("datasets", "fetch", "x", "--provider", "polygon", "--series", "A", "--begin", "2022-13-01", code=INVALID_ARGUMENT)
        ctl.error("datasets", "fetch", "x", "--provider", "fred", "--series", "A", "--set", "api_key=x", code=INVALID_ARGUMENT)
        assert all(KEY not in text for text in [*said, ctl.log.read_text()])
