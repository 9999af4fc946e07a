"""moto's EC2 made strict, in this process; one VPC builder for all tests against it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from embedded import strict_dns, strict_ec2
from vpce.aws import clients
from vpce.aws.pace import Pace
from vpce.aws.parameters import shipped_profiles
from vpce.core.events import Look
from vpce.core.model import Place
from vpce.core.profile import Profiles, read_profiles
from vpce.reconcile import Run, Surroundings, reconcile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_ec2 import EC2Client

    from vpce.aws.apply import Unseen

REGION, ACCOUNT = "eu-west-1", "123456789012"
PLACE = Place(account=ACCOUNT, region=REGION)
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SESSION = boto3.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name=REGION)


@pytest.fixture(autouse=True)
def aws() -> Iterator[None]:
    strict_ec2.install()
    strict_dns.install()
    with mock_aws(), strict_ec2.behave(pending=0.0, deleting=0.0):
        yield


@pytest.fixture
def ec2() -> EC2Client:
    """It does not try again, so that every refusal is seen."""
    return SESSION.client("ec2", config=Config(retries={"total_max_attempts": 1}))


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass(kw_only=True)
class World:
    """An EC2 and an installation that looks at it."""

    ec2: EC2Client
    clock: Clock = field(default_factory=Clock)
    profiles: Profiles = field(default_factory=lambda: read_profiles(shipped_profiles()))
    installation: str = "vpce"
    default_profile: str = "gateway"
    generation: int = 0
    unseen: Unseen = field(default_factory=dict)
    client_of: Callable[..., Any] | None = None
    """None: nobody looks at what surrounds endpoints."""
    _pace: Pace | None = None

    @property
    def pace(self) -> Pace:
        if self._pace is None:
            self._pace = Pace(clock=self.clock, sleep=self.clock.sleep)
        return self._pace

    @property
    def around(self) -> Surroundings:
        return Surroundings(
            place=PLACE,
            ec2=self.ec2,
            installation=self.installation,
            profiles=self.profiles,
            pace=self.pace,
            default_profile=self.default_profile,
            unseen=self.unseen,
            client_of=self.client_of,
        )

    def vpc(
        self,
        profile: str | None = "ec2-ssm",
        *,
        zones: str = "ab",
        cidr: str = "10.0.0.0/16",
        tables: int = 0,
        six: str = "",
        tags: dict[str, str] | None = None,
    ) -> str:
        """A VPC with one subnet per zone, some of them with IPv6, and some route tables beside the main one."""
        wanted = {"endpoint-profile": profile} if profile else {}
        all_tags = [{"Key": k, "Value": v} for k, v in (wanted | (tags or {})).items()]
        specification: Any = [{"ResourceType": "vpc", "Tags": all_tags}] if all_tags else []
        vpc = self.ec2.create_vpc(CidrBlock=cidr, TagSpecifications=specification)["Vpc"]["VpcId"]
        for number, zone in enumerate(zones):
            block = f"{cidr.rsplit('.', 2)[0]}.{number}.0/24"
            self.ec2.create_subnet(VpcId=vpc, CidrBlock=block, AvailabilityZone=f"{REGION}{zone}")
        for _ in range(tables):
            self.ec2.create_route_table(VpcId=vpc)
        if six:
            self.give_ipv6(vpc, six)
        return vpc

    def give_ipv6(self, vpc: str, zones: str) -> None:
        """A block for the VPC, if it has none, and for its subnets in these zones that have none."""
        there: Any = self.ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]
        if not there.get("Ipv6CidrBlockAssociationSet"):
            self.ec2.associate_vpc_cidr_block(VpcId=vpc, AmazonProvidedIpv6CidrBlock=True)
            there = self.ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]
        block = there["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].removesuffix("00::/56")
        found = self.ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
        for subnet in found:
            number = int(subnet["CidrBlock"].split(".")[2])
            if subnet["AvailabilityZone"][-1] in zones and not subnet["Ipv6CidrBlockAssociationSet"]:
                self.ec2.associate_subnet_cidr_block(
                    SubnetId=subnet["SubnetId"], Ipv6CidrBlock=f"{block}{number:02x}::/64"
                )

    def run(self, *vpcs: str, new: bool = False, at: datetime = NOW, now: datetime = NOW) -> Run:
        """One round of the reconciler; without VPCs it looks everywhere."""
        self.generation += 1
        ids = frozenset(vpcs)
        look = Look(
            place=PLACE,
            vpcs=ids,
            new=ids if new else frozenset(),
            why="test",
            time=at.isoformat(),
        )
        return reconcile(self.around, [look], generation=str(self.generation), now=now)

    def settle(self, *vpcs: str, new: bool = False, now: datetime = NOW) -> list[Run]:
        """Rounds, half a minute apart, until the reconciler asks for no other look."""
        looks = [self.run(*vpcs, new=new, now=now)]
        while looks[-1].again:
            assert len(looks) < 30, f"it does not come to rest: {looks[-1]}"
            self.generation += 1
            now += timedelta(seconds=30)
            looks.append(reconcile(self.around, looks[-1].again, generation=str(self.generation), now=now))
        return looks

    def endpoints(self, vpc: str) -> dict[tuple[str, str], Any]:
        """(short name, type) → what EC2 says of the endpoint."""
        found = self.ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["VpcEndpoints"]
        return {(e["ServiceName"].split(f"{REGION}.")[1], e["VpcEndpointType"]): e for e in found}

    def services(self, vpc: str) -> set[str]:
        return {name for name, _ in self.endpoints(vpc)}

    def marks(self, vpc: str) -> dict[str, str]:
        """Short name → when the endpoint goes, of those that are marked."""
        tags = {name: {t["Key"]: t["Value"] for t in e["Tags"]} for (name, _), e in self.endpoints(vpc).items()}
        return {name: t["vpce:delete-after"] for name, t in tags.items() if "vpce:delete-after" in t}

    def tables(self, vpc: str) -> set[str]:
        found = self.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
        return {t["RouteTableId"] for t in found}

    def our_groups(self, vpc: str) -> list[Any]:
        found = self.ec2.describe_security_groups(
            Filters=[{"Name": "vpc-id", "Values": [vpc]}, {"Name": "tag-key", "Values": ["vpce:managed-by"]}]
        )
        return list(found["SecurityGroups"])

    def attribute(self, vpc: str, name: str) -> bool:
        key = name[0].upper() + name[1:]
        answer: Any = self.ec2.describe_vpc_attribute(VpcId=vpc, Attribute=name)  # type: ignore[arg-type]
        return bool(answer[key]["Value"])

    def tag(self, vpc: str, **tags: str) -> None:
        pairs = [{"Key": k.replace("_", "-"), "Value": v} for k, v in tags.items()]
        self.ec2.create_tags(Resources=[vpc], Tags=pairs)  # type: ignore[arg-type]

    def untag(self, vpc: str, *keys: str) -> None:
        self.ec2.delete_tags(Resources=[vpc], Tags=[{"Key": k} for k in keys])


@pytest.fixture
def world(ec2: EC2Client) -> World:
    return World(ec2=ec2)


@pytest.fixture
def one_session(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    """The command line talks to the world's EC2, and does not wait."""

    def made(service: str, region: str | None) -> Any:
        here = region in (None, REGION)
        return world.ec2 if service == "ec2" and here else SESSION.client(service, region_name=region)  # type: ignore[call-overload]

    monkeypatch.setattr(clients, "_client", made)
    monkeypatch.setattr("vpce.cli.work.time.sleep", lambda _: None)


@pytest.fixture
def calls(ec2: EC2Client) -> list[str]:
    """Every call that this client makes, as operation names."""
    made: list[str] = []
    ec2.meta.events.register_first("before-call.ec2.*", lambda model, **_: made.append(model.name))
    return made


@pytest.fixture
def aws_fails(ec2: EC2Client) -> Callable[..., None]:
    """Make the next calls of one operation fail, the way AWS fails."""

    def fail(operation: str, code: str, *, times: int = 1, message: str = "", status: int = 400, skip: int = 0) -> None:
        left, passing = [times], [skip]

        def refuse(**_: Any) -> Any:
            if passing[0]:
                passing[0] -= 1
                return None
            if not left[0]:
                return None
            left[0] -= 1
            answer = {
                "Error": {"Code": code, "Message": message or code},
                "ResponseMetadata": {"HTTPStatusCode": status},
            }
            return SimpleNamespace(status_code=status), answer

        ec2.meta.events.register_first(f"before-call.ec2.{operation}", refuse)

    return fail
