"""vpce services and vpce profiles, with the names of the installed botocore and the services of moto's region."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from tests.aws.conftest import REGION, SESSION
from vpce import cli
from vpce.aws.catalog import read_catalog
from vpce.aws.sdk import sdk_clients
from vpce.core.services import search, services_of

if TYPE_CHECKING:
    from pathlib import Path

    from vpce.core.services import Service

pytestmark = pytest.mark.usefixtures("one_session")


def found(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    assert cli.main(["services", *words, "--json"]) == 0
    services: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["services"]
    return services


@cache
def services() -> list[Service]:
    return services_of(read_catalog(SESSION.client("ec2"), REGION), sdk_clients(REGION), {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cloudwatch", "monitoring"),
        ("stepfunctions", "states"),
        ("Step Functions", "states"),
        ("eventbridge", "events"),
        ("parameter store", "ssm"),
        ("session manager", "ssmmessages"),
        ("efs", "elasticfilesystem"),
        ("emr", "elasticmapreduce"),
        ("elb", "elasticloadbalancing"),
        ("elbv2", "elasticloadbalancing"),
        ("ses", "email-smtp"),
        ("mwaa", "airflow.api"),
        ("keyspaces", "cassandra"),
        ("firehose", "kinesis-firehose"),
        ("kinesis", "kinesis-streams"),
        ("x-ray", "xray"),
        ("container registry", "ecr.api"),
        ("api gateway", "execute-api"),
        ("secrets manager", "secretsmanager"),
    ],
)
def test_the_names_that_people_use_lead_to_awss(text: str, expected: str) -> None:
    assert search(services(), text)[0].short == expected


def test_a_service_is_told_with_all_that_is_known_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    [service] = found(capsys, "ecr.dkr")

    assert service["service"] == f"com.amazonaws.{REGION}.ecr.dkr"
    assert service["zones"] == [f"{REGION}{z}" for z in "abc"]
    assert (service["type"], service["ports"], service["boto3"]) == ("Interface", [443], [])
    assert {"ecs-fargate", "eks", "private"} <= {*service["profiles"]}
    assert float(service["usd_per_zone_month"]) > 0


def test_another_region_is_asked_for_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    [service] = found(capsys, "kms", "--region", "us-east-1")[:1]

    assert service["dns_names"] == ["kms.us-east-1.amazonaws.com"]
    assert service["boto3"] == ["kms"]


def test_all_services_of_a_region_are_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["services"]) == 0

    *lines, last = capsys.readouterr().out.splitlines()
    assert last.startswith(f"{len(lines) - 1} services; list prices of {REGION}, 20")


def test_a_name_of_nothing_is_told_with_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["services", "cloudwach"]) == 1
    assert (
        f"no endpoint service of {REGION} is called 'cloudwach' (did you mean 'cloudwatch'?); vpce services lists all"
        in capsys.readouterr().err
    )


def test_every_client_of_botocore_has_a_name_and_nearly_every_one_a_host_in_the_region() -> None:
    clients = sdk_clients("cn-north-1")

    assert all(c.titles for c in clients)
    assert sum(bool(c.hosts) for c in clients) > 0.95 * len(clients)
    assert "sync-states.cn-north-1.amazonaws.com.cn" in next(c.hosts for c in clients if c.name == "stepfunctions")


def test_a_region_that_botocore_does_not_know_yet_is_of_its_partition() -> None:
    assert "sqs.eu-north-9.amazonaws.com" in next(c.hosts for c in sdk_clients("eu-north-9") if c.name == "sqs")


# ---- profiles -----------------------------------------------------------------------------------------------------


def test_profiles_are_listed_with_what_they_cost(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["profiles", "--json"]) == 0

    document = json.loads(capsys.readouterr().out)
    profiles = {p["name"]: p for p in document["profiles"]}
    assert document["prices"].startswith(f"list prices of {REGION}, 20")
    assert [float(m) for m in profiles["ec2-ssm"]["usd_per_month"]] == [24.09, 48.18, 72.27]
    assert profiles["ec2-ssm"]["optional"] == ["ec2messages"]
    assert not any(p["lacks"] or p["own"] for p in profiles.values())


def test_profiles_of_your_own_are_told_apart_and_broken_ones_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own.toml"
    own.write_text('[tiny]\ngateway = ["s3"]\ninterface = ["nothing"]\n[lambda]\ninterface = ["sqs"]\n[bad]\nx = 1\n')

    assert cli.main(["profiles", "--profiles", str(own)]) == 1

    said = capsys.readouterr()
    assert "tiny (yours)\n" in said.out
    assert f"lacking    nothing: {REGION} does not offer it" in said.out
    assert "lambda (yours)\n" in said.out
    assert "\nec2-ssm\n" in said.out
    assert "profile 'bad' has an unknown key 'x'" in said.err


def test_one_profile_is_told_with_its_services(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["profiles", "lambda+ec2-ssm"]) == 0

    out = capsys.readouterr().out
    assert out.startswith("lambda+ec2-ssm\n")
    assert [line.split()[0] for line in out.split("service  ")[1].splitlines()[1:-1]] == [
        "dynamodb", "ec2messages", "kms", "lambda", "s3", "secretsmanager", "sns", "sqs", "ssm", "ssmmessages", "sts",
    ]  # fmt: skip


def test_a_profile_that_is_none_is_told_with_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["profiles", "gatway"]) == 1
    assert "did you mean 'gateway'?" in capsys.readouterr().err


def test_a_text_of_profiles_that_cannot_be_read_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "own.toml").write_text("[")

    assert cli.main(["profiles", "--profiles", str(tmp_path / "own.toml")]) == 1
    assert "is no valid TOML" in capsys.readouterr().err
