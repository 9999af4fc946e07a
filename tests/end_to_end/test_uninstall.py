"""A new version changes no endpoint; a deleted stack leaves them working; vpce uninstall removes them.

An installation of its own lives through all of it, in this order: these tests are one story.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from embedded.process import REPOSITORY, EmbeddedAws, deploy
from tests.end_to_end.conftest import PROFILES, Stack, sam, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PARAMETERS = {"ProfilesParameter": "/vpce/profiles", "SettleDelay": "0", "DefaultProfile": ""}
IMPATIENT = "import sys; from vpce import cli; cli._BETWEEN_LOOKS = 0.5; sys.exit(cli.main())"


@pytest.fixture
def no_faults_left() -> None:
    """In place of the session's, which would deploy an installation that nobody uses here."""


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("built")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, build: Path) -> Iterator[Stack]:
    log = tmp_path_factory.mktemp("embedded") / "log"
    runtimes = {"python3.13": REPOSITORY / ".venv-lambda/bin/python"}
    with EmbeddedAws(iam=True, event_delay=0.05, pending=0.3, deleting=0.3, runtimes=runtimes, log=log) as aws:
        aws.client("ssm").put_parameter(Name="/vpce/profiles", Type="String", Value=PROFILES)
        sam(aws, "build", "--build-dir", str(build), "--cache-dir", str(tmp_path_factory.mktemp("cache")))
        yield Stack(aws=aws, outputs=deploy(aws, build, "vpce", PARAMETERS))


@pytest.fixture(scope="module")
def vpc(stack: Stack) -> str:
    """At rest, with the endpoints that its tag asks for, and one of somebody else's."""
    vpc = stack.vpc("tiny")
    until(lambda: stack.available(vpc) == {"s3", "sts"}, "the profile")
    stack.ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName=f"com.amazonaws.{stack.aws.region}.kms",
        VpcEndpointType="Interface",
        PrivateDnsEnabled=False,
    )
    until(lambda: "kms" in stack.available(vpc), "somebody else's endpoint")
    stack.quiet(1)
    return vpc


def uninstall(stack: Stack) -> subprocess.CompletedProcess[str]:
    """As people type it, but for the seconds between two looks."""
    environment = os.environ | stack.aws.environment()
    command = [sys.executable, "-c", IMPATIENT, "uninstall", "--region", stack.aws.region, "--yes"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_new_version_over_an_old_one_changes_no_endpoint(stack: Stack, build: Path, vpc: str) -> None:
    before, began = stack.endpoints(vpc), time.time()
    (build / "VpceLayer/python/vpce/news.txt").write_text("Everything is better now.\n")

    deploy(stack.aws, build, "vpce", PARAMETERS | {"LogRetention": "7"})
    stack.ec2.create_tags(Resources=[vpc], Tags=[{"Key": "touched", "Value": "yes"}])
    until(lambda: any(c["time"] > began for c in stack.aws.calls("ec2") if "assumed-role" in c["principal"]), "a look")
    stack.quiet(1)

    (layer,) = stack.aws.client("lambda").list_layers()["Layers"]
    assert layer["LatestMatchingVersion"]["Version"] == 2
    assert stack.writes(since=began) == []
    assert stack.endpoints(vpc) == before


def test_nothing_is_removed_while_the_stack_would_make_it_again(stack: Stack, vpc: str) -> None:
    before = stack.endpoints(vpc)

    done = uninstall(stack)

    assert done.returncode == 1
    assert f"sam delete --stack-name vpce --region {stack.aws.region}" in done.stderr
    assert stack.endpoints(vpc) == before


def test_deleting_the_stack_leaves_the_endpoints_working_and_says_so(stack: Stack, vpc: str) -> None:
    before = stack.endpoints(vpc)
    assert "They stay and keep working" in stack.outputs["AfterDeletion"]
    assert f"vpce uninstall --installation vpce --region {stack.aws.region}" in stack.outputs["AfterDeletion"]

    sam(stack.aws, "delete", "--stack-name", "vpce", "--region", stack.aws.region, "--no-prompts")

    assert stack.endpoints(vpc) == before


def test_uninstalling_removes_all_of_it_and_nothing_else(stack: Stack, vpc: str) -> None:
    done = uninstall(stack)

    assert (done.returncode, done.stdout.splitlines()[0]) == (0, f"All of vpce in {stack.aws.region}:"), done.stderr
    assert set(stack.endpoints(vpc)) == {"kms"}
    groups = stack.ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"]
    assert [g["GroupName"] for g in groups] == ["default"]
    assert uninstall(stack).stdout == f"Nothing of vpce is in {stack.aws.region}.\n"
