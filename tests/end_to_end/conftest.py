"""The real template, built and deployed by the real SAM CLI into an embedded AWS that enforces IAM."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from embedded.process import REPOSITORY, EmbeddedAws

pytest.register_assert_rewrite("tests.end_to_end.aside", "tests.end_to_end.caution")

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAILBOX = "team@example.com"
SHARE = 5
"""Per cent that may go in one run: the tests share an installation, and together they have many endpoints."""
PROFILES = '[tiny]\ndescription = "For tests."\ngateway = ["s3"]\ninterface = ["sts"]\n'


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-reliability", action="store_true", help="write what came of it into docs/reliability.md")


@dataclass(kw_only=True)
class Stack:
    """The deployed installation."""

    aws: EmbeddedAws
    outputs: dict[str, str]

    def __post_init__(self) -> None:
        self.ec2, self.s3, self.states = (self.aws.client(name) for name in ("ec2", "s3", "stepfunctions"))
        self._networks = 0

    def vpc(self, profile: str | None, *, zones: str = "ab", **tags: str) -> str:
        """A VPC made as people make one: the VPC, then its subnets."""
        self._networks += 1
        wanted = ({"endpoint-profile": profile} if profile else {}) | {k.replace("_", "-"): v for k, v in tags.items()}
        specification = [{"ResourceType": "vpc", "Tags": [{"Key": k, "Value": v} for k, v in wanted.items()]}]
        vpc: str = self.ec2.create_vpc(
            CidrBlock=f"10.{self._networks}.0.0/16", TagSpecifications=specification if wanted else []
        )["Vpc"]["VpcId"]
        for number, zone in enumerate(zones):
            self.ec2.create_subnet(
                VpcId=vpc,
                CidrBlock=f"10.{self._networks}.{number}.0/24",
                AvailabilityZone=f"{self.aws.region}{zone}",
            )
        return vpc

    def endpoints(self, vpc: str) -> dict[str, Any]:
        """Short service name → endpoint, of what is not being deleted."""
        found = self.ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["VpcEndpoints"]
        region = f"{self.aws.region}."
        return {e["ServiceName"].split(region)[1]: e for e in found if e["State"] not in {"deleting", "deleted"}}

    def available(self, vpc: str) -> set[str]:
        return {name for name, e in self.endpoints(vpc).items() if e["State"] == "available"}

    def writes(self, *, since: float = 0) -> list[str]:
        """EC2 changes that vpce's own roles made, as the calls recorded tell."""
        return [
            c["action"]
            for c in self.aws.calls("ec2")
            if "assumed-role" in c["principal"] and not c["action"].startswith("Describe") and c["time"] >= since
        ]

    def quiet(self, seconds: float = 3.0) -> None:
        """Wait until nothing has been called for a while: every event was looked at."""
        until(lambda: time.time() - max((c["time"] for c in self.aws.calls("ec2")), default=0) > seconds, "quiet")

    def start_audit(self) -> str:
        """Run the state machine."""
        run: str = self.states.start_execution(stateMachineArn=self.outputs["AuditRunArn"])["executionArn"]
        return run

    def report_of(self, run: str) -> dict[str, Any]:
        """The report of a run, as it lies in S3 in the end."""
        end = until(
            lambda: (d := self.states.describe_execution(executionArn=run))["status"] != "RUNNING" and d, "the audit"
        )
        assert end["status"] == "SUCCEEDED", (end.get("error"), end.get("cause"))
        location = json.loads(end["output"])["report"]
        bucket, key = location.removeprefix("s3://").split("/", 1)
        report: dict[str, Any] = json.load(self.s3.get_object(Bucket=bucket, Key=key)["Body"])
        return report

    def audit(self) -> dict[str, Any]:
        return self.report_of(self.start_audit())


def until(true: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := true():
            return value
        time.sleep(0.2)
    pytest.fail(f"waited {seconds} s for {what}, in vain")


def sam(aws: EmbeddedAws, *words: str) -> None:
    environment = os.environ | aws.environment() | {"PATH": f"{REPOSITORY}/.venv/bin:{os.environ['PATH']}"}
    done = subprocess.run(
        [REPOSITORY / ".venv-sam/bin/sam", *words],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    log = tmp_path_factory.mktemp("embedded") / "log"
    with EmbeddedAws(iam=True, runtimes={"python3.13": REPOSITORY / ".venv-lambda/bin/python"}, log=log) as aws:
        aws.client("ssm").put_parameter(Name="/vpce/profiles", Type="String", Value=PROFILES)
        bucket = {"LocationConstraint": aws.region}
        aws.client("s3").create_bucket(Bucket="vpce-artifacts", CreateBucketConfiguration=bucket)
        built = tmp_path_factory.mktemp("built")
        sam(aws, "build", "--build-dir", str(built), "--cache-dir", str(tmp_path_factory.mktemp("cache")))
        parameters = [
            f"NotificationEmail={MAILBOX}",
            "SettleDelay=1",
            "ProfilesParameter=/vpce/profiles",
            "AuditRegions=eu-west-1,us-east-1",
            f"DeletionShare={SHARE}",
        ]
        sam(
            *(aws, "deploy", "--config-file", str(REPOSITORY / "samconfig.toml"), "--config-env", "embedded"),
            *("--template-file", str(built / "template.yaml")),
            *("--parameter-overrides", *parameters),
        )
        found = aws.client("cloudformation").describe_stacks(StackName="vpce")["Stacks"][0]["Outputs"]
        yield Stack(aws=aws, outputs={o["OutputKey"]: o["OutputValue"] for o in found})


@pytest.fixture(autouse=True)
def no_faults_left(stack: Stack) -> Iterator[None]:
    """Faults end with their test; the record of calls stays, for the last test to judge."""
    yield
    stack.aws.heal()


@pytest.fixture(scope="session")
def example() -> str:
    return Path(REPOSITORY / "examples/private-vpc.yaml").read_text()
