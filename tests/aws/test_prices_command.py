"""vpce prices, and whose prices the other commands use."""

from __future__ import annotations

import json
import tomllib
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from tests.aws.test_pricelist import ADDRESSES, ENDPOINTS, NATS, VIRGINIA, Aws
from vpce import cli
from vpce.aws import clients
from vpce.aws.pricelist import shipped_text
from vpce.core.prices import PricesError
from vpce.pricing import PriceSource

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.aws.conftest import World

TODAY = date(2026, 11, 27)


def run(*words: str) -> int:
    return cli.main(words)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Aws]:
    """A Price List API, and nobody's cache."""
    api = Aws()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(clients, "_client", lambda *_: api.client)
    with api.stubber:
        yield api
        api.stubber.assert_no_pending_responses()


def test_the_table_shows_prices_and_what_they_mean(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("prices", "--region", "us-east-1", "--region", "ap-east-1") == 0

    head, hong_kong, virginia, *notes = capsys.readouterr().out.splitlines()
    assert head.split()[:3] == ["region", "date", "endpoint/h"]
    assert virginia.split() == [
        *("us-east-1", "2026-09-21", "0.01", "0.01", "0.045", "0.045", "0.005"),
        *("209", "GB", "417", "GB", "626", "GB"),
    ]
    assert "0.065?" in hong_kong
    assert any(n.startswith("?: nobody has proved it") for n in notes)


def test_the_table_for_machines_has_every_region(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("prices", "--json") == 0

    document = json.loads(capsys.readouterr().out)
    assert len(document) >= 34
    [virginia] = [p for p in document if p["region"] == "us-east-1"]
    assert (virginia["nat_hour"], virginia["unproven"], virginia["break_even_gb"]["2"]) == ("0.045", [], "417.1")


def test_an_unknown_region_is_told_with_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("prices", "--region", "eu-west-11") == 1
    assert "has no region eu-west-11 (did you mean 'eu-west-1'?)" in capsys.readouterr().err


def test_a_new_table_is_made_and_used(api: Aws, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "prices.toml"
    api.has([*ENDPOINTS, *VIRGINIA[0]], [*ADDRESSES, *VIRGINIA[1]], [*NATS, *VIRGINIA[2]])

    assert run("prices", "--refresh", "--out", str(file)) == 0
    assert run("prices", "--prices", str(file), "--json") == 0

    document = json.loads(capsys.readouterr().out)
    today = datetime.now(UTC).date().isoformat()
    assert [(p["region"], p["date"], p["source"]) for p in document] == [
        (region, today, "AWS Price List API, GetProducts") for region in ("eu-west-1", "us-east-1")
    ]
    assert set(tomllib.loads(file.read_text())) < set(tomllib.loads(shipped_text()))


@pytest.mark.parametrize("words", [["--refresh"], ["--out", "x.toml"]])
def test_a_new_table_needs_a_place_to_go(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("prices", *words) == 1
    assert "--refresh and --out go together" in capsys.readouterr().err


def test_what_aws_does_not_tell_changes_no_table(api: Aws, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "prices.toml"
    file.write_text("as it was")
    api.stubber.add_client_error("get_products", "AccessDeniedException", http_status_code=403)

    assert run("prices", "--refresh", "--out", str(file)) == 1
    assert "AccessDeniedException" in capsys.readouterr().err
    assert file.read_text() == "as it was"


def test_live_prices_are_asked_for_once_a_week(api: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    api.has(ENDPOINTS, ADDRESSES, NATS, region="eu-west-1")

    for _ in range(2):
        assert run("prices", "--live-prices", "--region", "eu-west-1") == 0

    first, second = capsys.readouterr().out.split("region", 2)[1:]
    assert first == second
    assert datetime.now(UTC).date().isoformat() in first
    assert run("prices", "--live-prices") == 1
    assert "which regions' prices?" in capsys.readouterr().err


@pytest.mark.parametrize("kept", ["", "no = table", "2026-11-20", "2026-11-28", "mars"])
def test_a_cache_that_is_old_of_the_future_or_broken_is_made_anew(api: Aws, kept: str, tmp_path: Path) -> None:
    path = tmp_path / "prices-eu-west-1.toml"
    row = shipped_text().partition("[eu-west-1]\n")[2].partition("\n\n")[0]
    path.write_text(f"[eu-west-1]\n{row}\n".replace("2026-09-21", kept) if kept.startswith("2026") else kept)
    api.has(ENDPOINTS, ADDRESSES, NATS, region="eu-west-1")

    prices = PriceSource(today=TODAY, cache=tmp_path, pricing=lambda: api.client).of("eu-west-1")

    assert prices is not None
    assert prices.date == "2026-11-27"
    assert "date = 2026-11-27" in path.read_text()
    assert PriceSource(today=date(2026, 12, 3), cache=tmp_path, pricing=lambda: api.client).of("eu-west-1") == prices
    assert [f.name for f in path.parent.iterdir()] == [path.name]


def test_a_cache_that_cannot_be_written_is_told(api: Aws, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    api.has(ENDPOINTS, ADDRESSES, NATS, region="eu-west-1")

    with pytest.raises(PricesError, match=r"prices-eu-west-1.toml cannot be written: .*; let XDG_CACHE_HOME"):
        PriceSource(today=TODAY, cache=tmp_path / "file", pricing=lambda: api.client).of("eu-west-1")


def test_without_a_home_prices_are_told_and_only_what_would_be_kept_there_is_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def homeless(_: object) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr("pathlib.Path.home", homeless)
    monkeypatch.setattr("pathlib.Path.expanduser", homeless)

    assert run("prices", "--region", "eu-west-1") == 0
    assert run("prices", "--region", "eu-west-1", "--live-prices") == 1
    assert "Let XDG_CACHE_HOME name a folder" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "says"), [(None, "No such file"), ("x", "is no TOML"), ("", "has no region")])
def test_a_table_that_cannot_be_used_is_told(text: str | None, says: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    if text is not None:
        file.write_text(text)

    with pytest.raises(PricesError, match=says):
        PriceSource(file=str(file), today=TODAY).of("eu-west-1")


@pytest.mark.usefixtures("one_session")
def test_plans_use_the_prices_that_were_asked_for(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vpc = world.vpc("ec2-ssm")
    row = shipped_text().partition("[eu-west-1]\n")[2].partition("\n\n")[0]
    mine, none = tmp_path / "mine.toml", tmp_path / "none.toml"
    mine.write_text(f"[eu-west-1]\n{row}\n".replace("0.011", "1.5").replace("2026-09-21", "2027-01-01"))
    none.write_text(f"[us-east-1]\n{row}\n")

    outs = []
    for words in ([], ["--prices", str(mine)], ["--prices", str(none)]):
        assert run("plan", vpc, *words) == 3
        outs.append(capsys.readouterr().out)

    assert "list prices of eu-west-1, 2026-09-21, without data" in outs[0]
    assert "list prices of eu-west-1, 2027-01-01, without data" in outs[1]
    assert "what it costs is not known: there is no list price of eu-west-1" in outs[2]
    assert run("plan", vpc, "--prices", str(tmp_path / "gone.toml")) == 1
    assert "gone.toml cannot be read: No such file" in capsys.readouterr().err


@pytest.mark.usefixtures("one_session")
def test_an_audit_says_what_is_spent(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    vpc = world.vpc("ec2-ssm")
    run("apply", vpc, "--yes")
    capsys.readouterr()

    run("audit")
    told = capsys.readouterr().out
    run("audit", "--json")
    document = json.loads(capsys.readouterr().out)

    [spent] = document["spending"]
    assert (spent["region"], spent["date"], spent["others"], spent["others_month"]) == (
        *("eu-west-1", "2026-09-21", 0, "0.00"),
    )
    assert f"Interface endpoints: ${spent['ours_month']} a month by the hour" in told
    assert float(spent["ours_month"]) > 0
