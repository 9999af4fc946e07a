"""An installation, what people and fate do to it, and what can be seen of it from outside."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embedded.process import REPOSITORY, deploy
from tests.end_to_end.case import TINY
from tests.end_to_end.conftest import Stack, until
from tests.end_to_end.document import DOCUMENT, command_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from embedded.process import EmbeddedAws

FOREIGN = "kms"
"""The endpoint that somebody else made, in every VPC of a case."""
PARAMETER = "/vpce/profiles"
SECOND_REGION = "us-east-1"
"""Audited by every installation; no case makes a VPC there."""


def site(aws: EmbeddedAws, build: Path, *, name: str = "vpce", **parameters: str) -> Site:
    """A new installation."""
    # An event points at its VPC at once: a burst is then several looks, one after the other.
    settings = {"ProfilesParameter": PARAMETER, "SettleDelay": "0"} | parameters
    return Site(aws=aws, outputs=deploy(aws, build, name, settings), name=name, build=build)


@dataclass(kw_only=True)
class Site(Stack):
    build: Path
    name: str
    theirs: dict[str, list[Any]] = field(default_factory=dict)
    """VPC → what others made in it, as it was then."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.region = self.aws.region
        self.sqs, self.events, self.ssm = (self.aws.client(name) for name in ("sqs", "events", "ssm"))
        self.queue, self.dead_letters = self.outputs["QueueUrl"], self.outputs["DeadLettersUrl"]
        resources = self.aws.client("cloudformation").describe_stack_resources(StackName=self.name)["StackResources"]
        self.ids: dict[str, str] = {r["LogicalResourceId"]: r["PhysicalResourceId"] for r in resources}
        self._as_deployed = self.sqs.get_queue_attributes(
            QueueUrl=self.queue, AttributeNames=["Policy", "VisibilityTimeout"]
        )["Attributes"]

    # ---- what people do

    def made(self, profile: str | None = "tiny", *, theirs: bool = True, zones: str = "ab") -> str:
        """A VPC; somebody else has an endpoint in it too."""
        vpc = self.vpc(profile, zones=zones)
        if theirs:
            subnet = self.ec2.describe_subnets(Filters=_in(vpc))["Subnets"][0]
            self.ec2.create_vpc_endpoint(
                VpcId=vpc,
                ServiceName=f"com.amazonaws.{self.region}.{FOREIGN}",
                VpcEndpointType="Interface",
                SubnetIds=[subnet["SubnetId"]],
                PrivateDnsEnabled=False,
            )
            self.theirs[vpc] = self.not_ours(vpc)
        return vpc

    def at_rest(self) -> str:
        """A VPC that has what it wants, before anything goes wrong."""
        vpc = self.made()
        self.arrives(vpc, TINY)
        self.settled()
        return vpc

    def tag(self, profile: str, *vpcs: str) -> None:
        self.ec2.create_tags(Resources=list(vpcs), Tags=[{"Key": "endpoint-profile", "Value": profile}])

    def look(self, *vpcs: str) -> None:
        """Somebody tags the VPCs with what means nothing to us: one look at each, and its end."""
        began = time.time()
        self.ec2.create_tags(Resources=list(vpcs), Tags=[{"Key": "touched", "Value": str(began)}])
        until(lambda: self.calls("DescribeVpcs", since=began), "a look")
        self.settled()

    def put_dead_letters_back(self) -> str:
        """Somebody types the documented command; gives what it says."""
        command, environment = command_in(DOCUMENT.read_text()), os.environ | self.aws.environment()
        done = subprocess.run(
            shlex.split(command), cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    # ---- what goes wrong

    def inject(self, service: str, action: str = "*", **fault: Any) -> None:
        self.aws.inject(service, action, region=self.region, **fault)

    def send(self, body: str | Mapping[str, Any], *, to: str = "") -> None:
        self.sqs.send_message(
            QueueUrl=to or self.queue,
            MessageBody=body if isinstance(body, str) else json.dumps(body),
            MessageGroupId=f"{self.aws.account}/{self.region}",
            MessageDeduplicationId=str(uuid.uuid4()),
        )

    def event(self, name: str, vpc: str, *, age: timedelta = timedelta(0)) -> dict[str, Any]:
        """A recorded event about a VPC of ours, with an id of its own."""
        text = (REPOSITORY / f"events/{name}.json").read_text()
        for recorded in ("vpc-06fe1a64761a0f720", "vpc-0a1b2c3d4e5f60718"):
            text = text.replace(recorded, vpc)
        event: dict[str, Any] = json.loads(text.replace("123837392027", self.aws.account))
        when = (datetime.now(UTC) - age).strftime("%Y-%m-%dT%H:%M:%SZ")
        event |= {"id": str(uuid.uuid4()), "region": self.region, "account": self.aws.account, "time": when}
        event["detail"] |= {"awsRegion": self.region, "eventTime": when}
        return event

    @contextmanager
    def deaf(self) -> Iterator[None]:
        """EventBridge delivers nothing."""
        rules = [r["Name"] for r in self.events.list_rules()["Rules"] if r["Name"].startswith(f"{self.name}-")]
        assert len(rules) >= 3
        for rule in rules:
            self.events.disable_rule(Name=rule)
        try:
            yield
            time.sleep(0.3)  # what is on its way is lost too
        finally:
            for rule in rules:
                self.events.enable_rule(Name=rule)

    @contextmanager
    def queue_with(self, **attributes: str) -> Iterator[None]:
        self.sqs.set_queue_attributes(QueueUrl=self.queue, Attributes=attributes)
        try:
            yield
        finally:
            self.sqs.set_queue_attributes(QueueUrl=self.queue, Attributes=self._as_deployed)

    @contextmanager
    def without_profiles(self) -> Iterator[None]:
        text = self.ssm.get_parameter(Name=PARAMETER)["Parameter"]["Value"]
        self.ssm.delete_parameter(Name=PARAMETER)
        try:
            yield
        finally:
            self.ssm.put_parameter(Name=PARAMETER, Type="String", Value=text)

    def kill(self) -> None:
        """The reconcile function's process ends at once, as when its sandbox is lost."""
        os.kill(self._process(), signal.SIGKILL)

    def _process(self) -> int:
        """A child of the server."""
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                parent = (entry / "stat").read_text().rsplit(")", 1)[1].split()[1]
                environment = (entry / "environ").read_bytes().split(b"\0")
            except OSError:
                continue  # it has ended
            name = f"AWS_LAMBDA_FUNCTION_NAME={self.ids['Reconcile']}".encode()
            if int(parent) == self.aws.pid and name in environment:
                return int(entry.name)
        raise AssertionError("the reconcile function has no process")

    def faults_left(self) -> list[Any]:
        """Faults that were to be met so many times, and were not."""
        return [f for f in self.aws._ask("GET", "faults") if f["left"] is not None]

    # ---- what came of it

    def arrives(self, vpc: str, wanted: frozenset[str], seconds: float = 40) -> None:
        until(lambda: self.has(vpc) == wanted, f"{sorted(wanted)} in {vpc}", seconds)

    def has(self, vpc: str) -> frozenset[str]:
        """What vpce is there for: every endpoint but that which others made."""
        return frozenset(self.available(vpc) - {FOREIGN})

    def settled(self) -> None:
        """Nothing is queued or under way, and stays so for as long as an event takes."""
        quiet_since = time.monotonic()

        def at_rest() -> bool:
            nonlocal quiet_since
            if self.waiting(self.queue):
                quiet_since = time.monotonic()
            return time.monotonic() - quiet_since > 0.4

        until(at_rest, "an empty queue")

    def waiting(self, queue: str) -> int:
        found = self.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
        return sum(int(v) for k, v in found.items() if k.startswith("ApproximateNumberOfMessages"))

    def calls(self, action: str, *, service: str = "ec2", since: float = 0, vpc: str = "") -> list[Any]:
        """Calls of vpce's own roles here."""
        return [
            c
            for c in self.aws.calls(service)
            if (c["action"], c["region"]) == (action, self.region)
            and "assumed-role" in c["principal"]
            and c["time"] >= since
            and vpc in ("", c["parameters"].get("VpcId"))
        ]

    def told(self, *words: str) -> list[str]:
        """The texts that people got and that say all the words."""
        texts = [m["text"] for m in self.aws.mails() if m["topic"] == self.outputs["TopicArn"]]
        return [t for t in texts if all(w in t for w in words)]

    def are_told(self, *words: str) -> None:
        until(lambda: self.told(*words), f"the message that says {words}", 30)

    def told_of(self, vpc: str, change: str) -> int:
        """How many notices say of this VPC, among others, that something was changed."""
        return sum(any(vpc in part and change in part for part in text.split("\n\n")) for text in self.told(vpc))

    def not_ours(self, vpc: str) -> list[Any]:
        """What others made in a VPC: endpoints and security groups, but for their states."""
        things = [
            *self.ec2.describe_vpc_endpoints(Filters=_in(vpc))["VpcEndpoints"],
            *self.ec2.describe_security_groups(Filters=_in(vpc))["SecurityGroups"],
        ]
        return [
            {k: v for k, v in thing.items() if k not in {"State", "DnsEntries"}}
            for thing in things
            if not any(t["Key"] == "vpce:managed-by" for t in thing.get("Tags", []))
        ]

    def is_whole(self, vpc: str, services: frozenset[str]) -> None:
        """Each endpoint once, on every route table or in both zones, behind one group that lets the VPC in."""
        found = self.ec2.describe_vpc_endpoints(Filters=_in(vpc))["VpcEndpoints"]
        ours = [
            e
            for e in found
            if e["State"] not in {"deleting", "deleted"} and not e["ServiceName"].endswith(f".{FOREIGN}")
        ]
        assert sorted(e["ServiceName"].rsplit(".", 1)[-1] for e in ours) == sorted(services), "made twice"
        tables = {t["RouteTableId"] for t in self.ec2.describe_route_tables(Filters=_in(vpc))["RouteTables"]}
        groups = self.ec2.describe_security_groups(Filters=_in(vpc))["SecurityGroups"]
        kept = [g for g in groups if g["GroupName"] == f"{self.name}-endpoints"]
        for endpoint in ours:
            if endpoint["VpcEndpointType"] == "Gateway":
                assert set(endpoint["RouteTableIds"]) == tables
            else:
                assert (len(endpoint["SubnetIds"]), endpoint["PrivateDnsEnabled"]) == (2, True)
                assert [g["GroupId"] for g in endpoint["Groups"]] == [g["GroupId"] for g in kept]
        cidr = self.ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["CidrBlock"]
        rules = [(p["ToPort"], r["CidrIp"]) for g in kept for p in g["IpPermissions"] for r in p["IpRanges"]]
        assert rules.count((443, cidr)) == len(kept) == ("sts" in services)

    def is_clean(self) -> None:
        """No dead letters, no undelivered events."""
        assert self.waiting(self.dead_letters) == 0, "a message ended in the dead-letter queue"
        assert self.waiting(self.ids["UndeliveredEvents"]) == 0, "an event was not delivered"

    def clean(self) -> None:
        """Nothing is left to the next case: no fault, no message, nor an endpoint, of which EC2 allows only so many."""
        self.aws.forget()
        for queue in (self.queue, self.dead_letters, self.ids["UndeliveredEvents"]):
            self.sqs.purge_queue(QueueUrl=queue)
        with self.deaf():
            vpcs = [v["VpcId"] for v in self.ec2.describe_vpcs()["Vpcs"]]
            self.ec2.delete_tags(Resources=vpcs, Tags=[{"Key": "endpoint-profile"}])
            endpoints = [e["VpcEndpointId"] for e in self.ec2.describe_vpc_endpoints()["VpcEndpoints"]]
            if endpoints:
                self.ec2.delete_vpc_endpoints(VpcEndpointIds=endpoints)


def _in(vpc: str) -> list[Any]:
    return [{"Name": "vpc-id", "Values": [vpc]}]
