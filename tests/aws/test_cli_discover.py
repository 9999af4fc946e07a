"""``vpce discover`` as people and scripts use it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.aws.test_discover import (
    HEADER,
    KMS,
    LATER,
    NOW,
    RANGES,
    SQS,
    THEN,
    WEB,
    a_flow,
    a_query,
    groups,
    log_flows,
    log_queries,
)
from tests.aws.test_logs import a_config, here, refuses, zipped
from vpce import cli
from vpce.aws import clients
from vpce.query_logging import enable, query_logging_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.aws.conftest import World

pytestmark = pytest.mark.usefixtures("one_session")


def run(*words: str) -> int:
    return cli.main(("discover", *words))


@pytest.fixture
def looking(world: World) -> World:
    world.client_of = here
    return world


def test_what_a_vpc_calls_is_printed(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    vpc = world.vpc()
    log_queries(vpc, a_query(vpc, "sqs", SQS), a_query(vpc, "kms", KMS))
    log_flows(world, vpc, a_flow(SQS, 3072), a_flow(WEB, 1024))

    assert run(vpc, "--days", "2") == 0

    told = capsys.readouterr()
    assert [line.split() for line in told.out.splitlines()[3:7]] == [
        ["service", "clients", "lookups", "bytes", "share", "way"],
        ["sqs", "1", "1", "3.0", "KB", "75.0%", "outside"],
        ["kms", "1", "1", "0", "bytes", "0.0%", "nobody", "was", "seen", "to", "send", "anything"],
        ["AWS,", "unattributed", "0", "bytes", "0.0%", "outside"],
    ]
    assert told.err.splitlines() == ["reading log group queries …", "reading log group flows …"]


def test_machines_get_json_of_files_and_published_addresses(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vpc = world.vpc()
    (tmp_path / "flows.gz").write_bytes(zipped(HEADER, a_flow(SQS, 60)))
    (tmp_path / "queries").write_text(a_query(vpc, "kms", KMS))
    (tmp_path / "r.json").write_text(json.dumps(RANGES))
    files = ("--from", str(tmp_path / "flows.gz"), "--from", str(tmp_path / "queries"))

    until = (THEN + timedelta(hours=1)).isoformat()
    assert run(vpc, *files, "--until", until, "--ip-ranges", str(tmp_path / "r.json"), "--json") == 0

    document = json.loads(capsys.readouterr().out)
    assert (document["until"], document["aws_bytes"]) == (until, 60)
    assert [s["service"] for s in document["services"]] == ["kms"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--from", "nowhere.gz"), "nowhere.gz: no such file or folder"),
        (("--ip-ranges", "nowhere.json"), "nowhere.json: No such file or directory"),
    ],
)
def test_a_file_that_cannot_be_read_is_told(
    world: World, capsys: pytest.CaptureFixture[str], words: tuple[str, str], why: str
) -> None:
    assert run(world.vpc(), *words) == 1
    assert f"vpce: {why}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--days", "0"), "'0' is no number of 1 or more"),
        (("--days", "999999999"), "'999999999' is more than 3653 days"),
        (("--for", "9999"), "'9999' is more than 3653 days"),
        (("--until", "soon"), "'soon' is no time like 2026-11-23T12:00"),
        (("--enable", "--retention", "2"), "invalid choice: 2"),
        (("--enable", "--disable"), "not allowed with"),
    ],
)
def test_wrong_words_are_wrong_usage(capsys: pytest.CaptureFixture[str], words: tuple[str, ...], why: str) -> None:
    with pytest.raises(SystemExit) as end:
        run("vpc-1", *words)

    assert end.value.code == 2
    assert why in capsys.readouterr().err


def test_query_logging_is_turned_on_and_off_by_hand(looking: World, capsys: pytest.CaptureFixture[str]) -> None:
    vpc = looking.vpc()

    assert run(vpc, "--enable", "--retention", "3", "--yes") == 0
    told = capsys.readouterr().err
    assert "which keeps them 3 days" in told
    assert f"run vpce discover {vpc} after " in told
    assert [*groups().values()] == [3]
    assert run(vpc) == 0
    assert "ends with the first vpce discover after " in capsys.readouterr().err

    assert run(vpc, "--disable", "--yes", "--json") == 0
    assert len(json.loads(capsys.readouterr().out)["done"]) == 2
    assert query_logging_of(looking.around, vpc) == []
    assert run(vpc, "--disable", "--yes") == 0
    assert "it was so already" in capsys.readouterr().err


def test_nobody_is_made_to_pay_without_being_asked(looking: World, capsys: pytest.CaptureFixture[str]) -> None:
    vpc = looking.vpc()

    assert run(vpc, "--enable") == 1
    assert "nobody can be asked here; give --yes" in capsys.readouterr().err
    assert groups() == {}


def test_where_others_log_already_that_is_told(looking: World, capsys: pytest.CaptureFixture[str]) -> None:
    vpc = looking.vpc()
    a_config(vpc)

    assert run(vpc, "--enable", "--yes") == 1
    assert f"vpce: {vpc} has query logging already" in capsys.readouterr().err


def test_a_look_after_the_end_turns_it_off_and_says_so(looking: World, capsys: pytest.CaptureFixture[str]) -> None:
    vpc, other = looking.vpc(), looking.vpc(cidr="10.1.0.0/16")
    list(enable(looking.around, vpc, until=NOW - timedelta(hours=1), retention=1))
    list(enable(looking.around, other, until=LATER, retention=1))

    assert run(vpc) == 0

    told = capsys.readouterr()
    assert f"vpce: its time is over: {vpc} logs its queries no more" in told.err
    assert "log group /aws/vendedlogs" in told.out  # what it had logged was read before
    assert query_logging_of(looking.around, vpc) == []
    assert len(query_logging_of(looking.around, other)) == 1


def test_an_end_that_may_not_be_settled_is_told_and_the_rest_is_fine(
    looking: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    resolver, made = here("route53resolver"), clients._client
    refuses(resolver, "ListResolverQueryLogConfigs", "AccessDeniedException")
    monkeypatch.setattr(clients, "_client", lambda s, r: resolver if s == "route53resolver" else made(s, r))

    assert run(looking.vpc()) == 0
    assert "whether query logging is to end could not be settled: ListResolver" in capsys.readouterr().err


def test_uninstalling_tells_of_query_logging_that_goes_on(looking: World, capsys: pytest.CaptureFixture[str]) -> None:
    vpc, other = looking.vpc(None), looking.vpc(None, cidr="10.1.0.0/16")
    list(enable(looking.around, vpc, until=LATER, retention=1))
    a_config(other)

    assert cli.main(["uninstall", "--yes"]) == 1

    [left] = [line for line in capsys.readouterr().err.splitlines() if line.startswith("vpce: left: ")]
    command = left.partition("; vpce ")[2].removesuffix(" ends it").split()
    assert command[:3] == ["discover", vpc, "--disable"]
    assert cli.main([*command, "--yes"]) == 0
    assert cli.main(["uninstall", "--yes"]) == 0


def test_or_that_nobody_can_tell(
    looking: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    resolver, made = here("route53resolver"), clients._client
    refuses(resolver, "ListResolverQueryLogConfigs", "AccessDeniedException")
    monkeypatch.setattr(clients, "_client", lambda s, r: resolver if s == "route53resolver" else made(s, r))

    assert cli.main(["uninstall", "--yes"]) == 0

    assert "whether query logging goes on in" in capsys.readouterr().err
