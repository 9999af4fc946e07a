"""Endpoints are adopted; a new version changes none; a deleted stack leaves them working; vpce uninstall removes them.

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
IMPATIENT = "import sys; from vpce.cli import main, work; work.BETWEEN_LOOKS = 0.5; sys.exit(main())"


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


def vpce(stack: Stack, *words: str) -> subprocess.CompletedProcess[str]:
    """As people type it, but for the seconds between two looks."""
    environment = os.environ | stack.aws.environment()
    command = [sys.executable, "-c", IMPATIENT, *words, "--region", stack.aws.region, "--yes"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def looked_at(stack: Stack, vpc: str) -> None:
    """Somebody touches the VPC, and vpce looks at it and comes to rest."""
    began = time.time()
    stack.ec2.create_tags(Resources=[vpc], Tags=[{"Key": "touched", "Value": str(began)}])
    until(lambda: any(c["time"] > began for c in stack.aws.calls("ec2") if "assumed-role" in c["principal"]), "a look")
    stack.quiet(1)


def test_what_is_adopted_is_kept_by_the_role_that_could_not_touch_it(stack: Stack) -> None:
    vpc = stack.vpc(None)
    sts = stack.ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName=f"com.amazonaws.{stack.aws.region}.sts",
        VpcEndpointType="Interface",
        PrivateDnsEnabled=False,
    )["VpcEndpoint"]["VpcEndpointId"]
    stack.ec2.create_tags(Resources=[vpc], Tags=[{"Key": "endpoint-profile", "Value": "tiny"}])
    until(lambda: stack.available(vpc) == {"s3", "sts"}, "the rest of the profile")
    stack.quiet(1)
    assert stack.endpoints(vpc)["sts"]["PrivateDnsEnabled"] is False

    done = vpce(stack, "adopt", sts, "--profiles-parameter", "/vpce/profiles")
    looked_at(stack, vpc)

    assert done.returncode == 0, done.stderr
    adopted = stack.endpoints(vpc)["sts"]
    assert (adopted["VpcEndpointId"], adopted["PrivateDnsEnabled"], len(adopted["SubnetIds"])) == (sts, True, 2)
    assert "vpce-endpoints" in {g["GroupName"] for g in adopted["Groups"]}


def test_a_new_version_over_an_old_one_changes_no_endpoint(stack: Stack, build: Path, vpc: str) -> None:
    before = stack.endpoints(vpc)
    (build / "VpceLayer/python/vpce/news.txt").write_text("Everything is better now.\n")

    began = time.time()
    deploy(stack.aws, build, "vpce", PARAMETERS | {"LogRetention": "7"})
    looked_at(stack, vpc)

    (layer,) = stack.aws.client("lambda").list_layers()["Layers"]
    assert layer["LatestMatchingVersion"]["Version"] == 2
    assert stack.writes(since=began) == []
    assert stack.endpoints(vpc) == before


def test_nothing_is_removed_while_the_stack_would_make_it_again(stack: Stack, vpc: str) -> None:
    before = stack.endpoints(vpc)

    done = vpce(stack, "uninstall")

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
    done = vpce(stack, "uninstall")

    assert (done.returncode, done.stdout.splitlines()[0]) == (0, f"All of vpce in {stack.aws.region}:"), done.stderr
    assert set(stack.endpoints(vpc)) == {"kms"}
    groups = stack.ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"]
    assert [g["GroupName"] for g in groups] == ["default"]
    assert vpce(stack, "uninstall").stdout == f"Nothing of vpce is in {stack.aws.region}.\n"
