"""What people do to their VPCs, in any order: wishes, subnets, endpoints of their own, and hands on ours."""

from __future__ import annotations

import functools
import ipaddress
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from moto.ec2.models import ec2_backends
from moto.moto_api._internal import mock_random

from embedded import strict_ec2
from tests.aws.conftest import ACCOUNT, NOW, PLACE, REGION
from tests.aws.machine_owed import (
    CAREFUL,
    INSTALLATION,
    LONG,
    MADE_FOR,
    MARK,
    NOT_OFFERED,
    ONLY_IN,
    OUR_RULE,
    OURS,
    OWN,
    SHIPPED,
    WINDOWS,
    Book,
    Profile,
    is_leaving,
    is_ours,
    short,
)
from tests.aws.machine_wire import Wire, backend
from vpce.core.events import Look

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_ec2 import EC2Client

TAGS = ("gateway", "ec2-ssm", "first", "second", "first+gateway", " First + second", "second+ec2-ssm")
WRONG_TAGS = ("gatway", "broken", "first+none", "", "first++gateway", "second+broken")
ZONES = ("all", "1", "2", "ALL ", "3")
WRONG_ZONES = ("0", "two", "-1", "")
ADDRESSES = ("auto", "dualstack", "ipv4")
KEYS = (*["endpoint-profile"] * 4, "endpoint-zones", "endpoint-addresses", *CAREFUL)
CARE = (
    *(("endpoint-mode", mode) for mode in ("watch", "create-only", "create-only", "Sync ", "sink")),
    *(("endpoint-window", window) for window in (*WINDOWS, "20:00-04:00", "20:00-20:30")),
    *(("endpoint-deletions", word) for word in ("allowed", "allowed", "yes")),
)
"""What people say of how careful vpce is to be, and what they cannot say."""
FOREIGN = (
    ("s3", "Gateway"),
    ("dynamodb", "Gateway"),
    ("s3", "Interface"),
    ("ssm", "Interface"),
    ("sqs", "Interface"),
    ("cassandra", "Interface"),
)
RULES = {
    "let others in": ("192.168.0.0/16", "people"),
    "let the VPC in": ("10.0.0.0/16", "people"),
    "speak for us": ("10.99.0.0/16", OUR_RULE),
}
MARKS = {"to go an hour ago": -1, "to go tomorrow": 30, "to go some time": None}
"""Hours from now that people write on an endpoint."""
NONSENSE = {"MissingParameter", "ValidationError", "InvalidAction", "InvalidParameterCombination"}
"""What EC2 answers to a call that this file has wrong."""

PICK = st.integers(0, 11)
ANY_TAG = st.sampled_from((*TAGS * 3, *["none"] * 3, *WRONG_TAGS))
FAULT = st.sampled_from(("", "", "", "", "throttled", "internal", "denied", "lost"))
FIRST_TAG = st.sampled_from((*TAGS * 2, None, None, "none", *WRONG_TAGS[:2]))


def _is_on(block: Mapping[str, Any]) -> bool:
    return bool(block["Ipv6CidrBlockState"]["State"] == "associated")


@functools.cache
def wire() -> Wire:
    return Wire()


@functools.cache
def client_of_people() -> EC2Client:
    return wire().client()


class People(RuleBasedStateMachine):
    """Up to two VPCs and what is in them; EC2 does at once what it is asked."""

    pending = deleting = 0.0

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000.0
        self.ec2 = client_of_people()
        self.queue: list[Look] = []
        self.vpcs: list[str] = []
        self.nets: dict[str, str] = {}
        self.blocks = 0
        self.book: Book = {}
        self.adopted: Counter[tuple[str, str, str]] = Counter()
        """(VPC, service, type) → how often people gave an endpoint our tag."""
        self._open = ExitStack()

    def teardown(self) -> None:
        self._open.close()

    # -- what vpce does meanwhile: people need it, `machine.Machine` has it --

    def deliver(self, budget: float = 120) -> Any:
        """The messages reach vpce."""
        raise NotImplementedError

    def fail(self, operation: str, kind: str, times: int) -> None:
        """The next calls of vpce fail."""
        raise NotImplementedError

    def hours_pass(self, hours: int) -> None:
        """And vpce looks everywhere."""
        raise NotImplementedError

    # -- what there is --

    def _endpoints(self, *, ours: bool) -> list[Any]:
        found = self.ec2.describe_vpc_endpoints(Filters=[], MaxResults=1000)["VpcEndpoints"]
        there = (e for e in found if is_ours(e) is ours and not is_leaving(e))
        return sorted(there, key=lambda e: str(e["VpcEndpointId"]))

    def _our_groups(self) -> list[Any]:
        """Those of our name, with our tag or without."""
        groups = self.ec2.describe_security_groups()["SecurityGroups"]
        return sorted((g for g in groups if g["GroupName"] == "vpce-endpoints"), key=lambda g: str(g["GroupId"]))

    def _of(self, pick: int) -> str:
        return self.vpcs[pick % len(self.vpcs)]

    def _do(self, call: Callable[..., Any], **arguments: Any) -> Any:
        """People do something; AWS may refuse it to them as well, and throttles them with us."""
        for _ in range(6):
            try:
                return call(**arguments)
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code in NONSENSE:
                    raise
                if code != "RequestLimitExceeded":
                    return None
                self.now += 4
        return None

    def _told(self, *vpcs: str, new: bool = False) -> None:
        """An event of it arrives; without VPCs one that names none."""
        ids = frozenset(vpcs)
        time = self.moment.isoformat()
        self.queue.append(Look(place=PLACE, vpcs=ids, new=ids if new else frozenset(), why="test", time=time))

    @property
    def moment(self) -> datetime:
        return NOW.astimezone(UTC) + timedelta(seconds=self.now)

    # -- VPCs and their tags --

    @initialize(
        zones=st.sampled_from(("ab", "a", "aab", "abc", "")),
        tables=st.integers(0, 2),
        first=OWN,
        second=OWN,
        tag=FIRST_TAG,
        event=st.booleans(),
        settled=st.sampled_from((True, True, True, False)),
        budget=st.sampled_from((120, 120, 16)),
        lag=st.sampled_from((0.0, 0.0, 8.0, 60.0)),
        theirs=st.sampled_from((None, None, None, None, *FOREIGN)),
        token=st.sampled_from(("old", "new")),
        six=st.sampled_from((0, 0, 1, 9)),
        fault=FAULT,
        care=st.sampled_from((*[None] * 12, *CARE)),
    )
    def begin(
        self,
        *,
        zones: str = "ab",
        tables: int = 0,
        first: Profile = SHIPPED["gateway"],
        second: Profile = SHIPPED["gateway"],
        tag: str | None = None,
        event: bool = True,
        settled: bool = True,
        budget: int = 120,
        lag: float = 0.0,
        theirs: tuple[str, str] | None = None,
        token: str = "old",
        six: int = 0,
        fault: str = "",
        care: tuple[str, str] | None = None,
    ) -> None:
        self.book = {**SHIPPED, "first": first, "second": second, "broken": Profile()}
        behaviour = strict_ec2.behave(
            pending=self.pending,
            deleting=self.deleting,
            lag=lag,
            deleted_token=token,
            buckets=True,
            clock=lambda: self.now,
            zones={f"{LONG}{s}": z for s, z in ONLY_IN.items()},
            missing_services=frozenset(f"{LONG}{s}" for s in NOT_OFFERED),
            mixed_tables=True,
        )
        strict_ec2.install()
        self._open.enter_context(behaviour)
        ec2_backends[ACCOUNT].reset()
        ec2_backends.pop(ACCOUNT, None)
        mock_random.seed(0)  # ids decide between equals
        wire().forget()
        vpc = self._make_vpc(zones, tables, tag, is_told=event or settled)
        self._give_ipv6(vpc, six)
        if theirs:
            self.foreign_endpoint(pick=0, what=theirs, names=False, our_group=False)
        if fault:
            self.fail(operation="Every change", kind=fault, times=6)
        for _ in range(6 if settled else 0):  # most of what may go wrong needs endpoints that are there
            if self.queue:
                self.deliver(budget)
                self.now += 30
        if care:
            self.tag_care(pick=0, care=care)

    @precondition(lambda self: len(self.vpcs) < 2)
    @rule(
        zones=st.sampled_from(("ab", "", "aab")),
        tables=st.integers(0, 1),
        tag=FIRST_TAG,
        event=st.booleans(),
    )
    def make_vpc(self, zones: str, tables: int, tag: str | None, event: bool) -> None:  # noqa: FBT001
        self._make_vpc(zones, tables, tag, is_told=event)

    def _make_vpc(self, zones: str, tables: int, tag: str | None, *, is_told: bool) -> str:
        net = f"10.{len(self.nets)}"
        tags = [] if tag is None else [{"Key": "endpoint-profile", "Value": tag}]
        specification: Any = [{"ResourceType": "vpc", "Tags": tags}] if tags else []
        made = self.ec2.create_vpc(CidrBlock=f"{net}.0.0/16", TagSpecifications=specification)
        vpc = made["Vpc"]["VpcId"]
        self.vpcs.append(vpc)
        self.nets[vpc] = net
        for zone in zones:
            self._subnet(vpc, zone)
        for _ in range(tables):
            self.ec2.create_route_table(VpcId=vpc)
        if is_told:
            self._told(vpc, new=True)
        return vpc

    def _give_ipv6(self, vpc: str, most: int) -> None:
        there: Any = self.ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]
        blocks = [b["Ipv6CidrBlock"] for b in there.get("Ipv6CidrBlockAssociationSet", []) if _is_on(b)]
        if most and not blocks:
            made: Any = self.ec2.associate_vpc_cidr_block(VpcId=vpc, AmazonProvidedIpv6CidrBlock=True)
            blocks = [made["Ipv6CidrBlockAssociation"]["Ipv6CidrBlock"]]
        found = [s for s in self.ec2.describe_subnets()["Subnets"] if s["VpcId"] == vpc]
        without = [s for s in found if not any(_is_on(b) for b in s["Ipv6CidrBlockAssociationSet"])]
        for subnet in without[:most]:
            self.blocks += 1
            block = blocks[0].replace("00::/56", f"{self.blocks % 256:02x}::/64")
            self.ec2.associate_subnet_cidr_block(SubnetId=subnet["SubnetId"], Ipv6CidrBlock=block)

    @precondition(lambda self: len(self.vpcs) > 1)
    @rule(pick=PICK)
    def remove_vpc(self, pick: int) -> None:
        """EC2 refuses while anything is in it; messages that name it may be under way."""
        vpc = self._of(pick)
        for subnet in [s for s in self.ec2.describe_subnets()["Subnets"] if s["VpcId"] == vpc]:
            self._do(self.ec2.delete_subnet, SubnetId=subnet["SubnetId"])
        for group in [g for g in self._our_groups() if g["VpcId"] == vpc]:
            self._do(self.ec2.delete_security_group, GroupId=group["GroupId"])
        if self._do(self.ec2.delete_vpc, VpcId=vpc) is not None:
            self.vpcs.remove(vpc)

    def _subnet(self, vpc: str, zone: str, bits: int = 24) -> Any:
        self.blocks += 1
        block = f"{self.nets[vpc]}.{self.blocks}.0/{bits}"
        return self.ec2.create_subnet(VpcId=vpc, CidrBlock=block, AvailabilityZone=f"{REGION}{zone}")["Subnet"]

    @rule(pick=PICK, zone=st.sampled_from("abc"), is_full=st.booleans())
    def add_subnet(self, pick: int, zone: str, is_full: bool) -> None:  # noqa: FBT001
        made = self._subnet(self._of(pick), zone, 28 if is_full else 24)
        if is_full:
            hosts = [str(h) for h in ipaddress.ip_network(made["CidrBlock"]).hosts()][3:]  # the first three are AWS's
            taken: Any = [{"PrivateIpAddress": h, "Primary": h == hosts[0]} for h in hosts]
            self.ec2.create_network_interface(SubnetId=made["SubnetId"], PrivateIpAddresses=taken)
        self._told(made["VpcId"])

    @rule(pick=PICK)
    def remove_subnet(self, pick: int) -> None:
        found = [s for s in self.ec2.describe_subnets()["Subnets"] if s["VpcId"] in self.vpcs]
        if found:
            self._do(self.ec2.delete_subnet, SubnetId=found[pick % len(found)]["SubnetId"])

    @rule(pick=PICK, remove=st.booleans())
    def route_tables(self, pick: int, remove: bool) -> None:  # noqa: FBT001
        vpc = self._of(pick)
        tables = [t for t in self.ec2.describe_route_tables()["RouteTables"] if t["VpcId"] == vpc]
        extra = [t["RouteTableId"] for t in tables if not any(a.get("Main") for a in t["Associations"])]
        if remove and extra:
            self._do(self.ec2.delete_route_table, RouteTableId=extra[pick % len(extra)])
        else:
            self.ec2.create_route_table(VpcId=vpc)
            self._told(vpc)

    @rule(pick=PICK, remove=st.booleans(), six=st.booleans())
    def cidrs(self, pick: int, remove: bool, six: bool) -> None:  # noqa: FBT001
        vpc = self._of(pick)
        there: Any = self.ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]
        key = "Ipv6CidrBlockAssociationSet" if six else "CidrBlockAssociationSet"
        extra = [a["AssociationId"] for a in there.get(key, [])[0 if six else 1 :]]
        if remove and extra:
            self._do(self.ec2.disassociate_vpc_cidr_block, AssociationId=extra[pick % len(extra)])
        elif six:
            self._do(self.ec2.associate_vpc_cidr_block, VpcId=vpc, AmazonProvidedIpv6CidrBlock=True)
        else:
            self._do(self.ec2.associate_vpc_cidr_block, VpcId=vpc, CidrBlock=f"10.{100 + pick}.0.0/16")
        self._told(vpc)

    @rule(pick=PICK, most=st.sampled_from((1, 9, 9)))
    def subnets_get_ipv6(self, pick: int, most: int) -> None:
        vpc = self._of(pick)
        self._give_ipv6(vpc, most)
        self._told(vpc)

    @rule(pick=PICK, value=st.sampled_from((*ADDRESSES, *ADDRESSES, "both")))
    def tag_addresses(self, pick: int, value: str) -> None:
        self.ec2.create_tags(Resources=[self._of(pick)], Tags=[{"Key": "endpoint-addresses", "Value": value}])
        self._told(self._of(pick))

    @rule(pick=PICK, value=ANY_TAG, told=st.booleans())
    def tag(self, pick: int, value: str, told: bool) -> None:  # noqa: FBT001
        self.ec2.create_tags(Resources=[self._of(pick)], Tags=[{"Key": "endpoint-profile", "Value": value}])
        if told:
            self._told(self._of(pick))

    @rule(pick=PICK, fault=FAULT)
    def tag_none(self, pick: int, fault: str) -> None:
        self.tag(pick=pick, value="none", told=True)
        if fault:
            self.fail(operation="Every change", kind=fault, times=1)

    @rule(pick=PICK, care=st.sampled_from(CARE))
    def tag_care(self, pick: int, care: tuple[str, str]) -> None:
        key, value = care
        self.ec2.create_tags(Resources=[self._of(pick)], Tags=[{"Key": key, "Value": value}])
        self._told(self._of(pick))

    @rule(pick=PICK, value=st.sampled_from((None, None, "gateway", "first")), fault=FAULT)
    def want_less(self, pick: int, value: str | None, fault: str) -> None:
        """And nobody comes back to it for a day."""
        if value is None:
            self.untag(pick=pick, key="endpoint-profile")
        else:
            self.tag(pick=pick, value=value, told=True)
        self.hours_pass(hours=25)
        if fault:
            self.fail(operation="Every change", kind=fault, times=1)

    @rule(pick=PICK, key=st.sampled_from(KEYS))
    def untag(self, pick: int, key: str) -> None:
        self.ec2.delete_tags(Resources=[self._of(pick)], Tags=[{"Key": key}])
        self._told(self._of(pick))

    @rule(pick=PICK, value=st.sampled_from((*ZONES * 3, *WRONG_ZONES)))
    def tag_zones(self, pick: int, value: str) -> None:
        self.ec2.create_tags(Resources=[self._of(pick)], Tags=[{"Key": "endpoint-zones", "Value": value}])
        self._told(self._of(pick))

    @rule(pick=PICK, on=st.booleans())
    def dns_attributes(self, pick: int, on: bool) -> None:  # noqa: FBT001
        vpc = self._of(pick)
        self.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": on or pick % 2 == 0})
        self._do(self.ec2.modify_vpc_attribute, VpcId=vpc, EnableDnsHostnames={"Value": on})

    # -- people and endpoints of their own --

    @rule(pick=PICK, what=st.sampled_from(FOREIGN), names=st.booleans(), our_group=st.booleans())
    def foreign_endpoint(self, pick: int, what: tuple[str, str], names: bool, our_group: bool) -> None:  # noqa: FBT001
        vpc, (service, kind) = self._of(pick), what
        arguments: dict[str, Any] = {"VpcId": vpc, "ServiceName": f"{LONG}{service}", "VpcEndpointType": kind}
        if kind == "Gateway":
            tables = [t for t in self.ec2.describe_route_tables()["RouteTables"] if t["VpcId"] == vpc]
            ids = sorted(t["RouteTableId"] for t in tables)
            arguments |= {"RouteTableIds": ids[pick % 2 : 1 + pick % 4]}
        else:
            subnets = [s["SubnetId"] for s in self.ec2.describe_subnets()["Subnets"] if s["VpcId"] == vpc]
            arguments |= {"PrivateDnsEnabled": names, "SubnetIds": subnets[:1]}
            groups = [g["GroupId"] for g in self._our_groups() if g["VpcId"] == vpc]
            if groups and our_group:
                arguments["SecurityGroupIds"] = groups
        self._do(self.ec2.create_vpc_endpoint, **arguments)

    @rule(pick=PICK)
    def delete_foreign_endpoint(self, pick: int) -> None:
        if there := self._endpoints(ours=False):
            self._do(self.ec2.delete_vpc_endpoints, VpcEndpointIds=[there[pick % len(there)]["VpcEndpointId"]])

    # -- people and what is ours --

    def _has_ours(self) -> bool:
        """Read from moto, since it is asked before every step."""
        ec2 = backend()
        return any(ec2.tags.get(i, {}).get(OURS) for i in ec2.vpc_end_points)

    @precondition(_has_ours)
    @rule(pick=PICK, told=st.booleans())
    def delete_ours(self, pick: int, told: bool) -> None:  # noqa: FBT001
        if there := self._endpoints(ours=True):
            one = there[pick % len(there)]
            self._do(self.ec2.delete_vpc_endpoints, VpcEndpointIds=[one["VpcEndpointId"]])
            if told:
                self._told()

    @precondition(_has_ours)
    @rule(pick=PICK, what=st.sampled_from(("part", "names", "group", "part", "names", "tag", "made for", *MARKS)))
    def meddle_with_ours(self, pick: int, what: str) -> None:
        there = self._endpoints(ours=True)
        if not there:
            return
        one = there[pick % len(there)]
        name = one["VpcEndpointId"]
        modify = functools.partial(self._do, self.ec2.modify_vpc_endpoint, VpcEndpointId=name)
        is_gateway = one["VpcEndpointType"] == "Gateway"
        match what:
            case "part" if is_gateway:
                modify(RemoveRouteTableIds=one["RouteTableIds"][: 1 + pick % 2])
            case "part":
                modify(RemoveSubnetIds=one["SubnetIds"][: 1 + pick % 2])
            case "names" if not is_gateway:
                modify(PrivateDnsEnabled=False)
            case "group" if not is_gateway:
                modify(RemoveSecurityGroupIds=[g["GroupId"] for g in one["Groups"]])
            case "tag":
                self.ec2.delete_tags(Resources=[name], Tags=[{"Key": OURS}])
            case "made for":
                self.ec2.delete_tags(Resources=[name], Tags=[{"Key": MADE_FOR}])
            case _ if what in MARKS:
                hours = MARKS[what]
                value = "soon" if hours is None else f"{self.moment + timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"
                self.ec2.create_tags(Resources=[name], Tags=[{"Key": MARK, "Value": value}])
            case _:
                pass
        self._told(one["VpcId"])

    @rule(pick=PICK)
    def give_our_tag(self, pick: int) -> None:
        """To an endpoint that had it, or never had."""
        if there := self._endpoints(ours=False):
            one = there[pick % len(there)]
            self.ec2.create_tags(Resources=[one["VpcEndpointId"]], Tags=[{"Key": OURS, "Value": INSTALLATION}])
            self.adopted[one["VpcId"], short(one), one["VpcEndpointType"]] += 1

    def _has_group(self) -> bool:
        return any(g.name == "vpce-endpoints" for groups in backend().groups.values() for g in groups.values())

    @precondition(_has_group)
    @rule(pick=PICK, what=st.sampled_from(("revoke", "untag", "tag", "delete", *RULES)))
    def meddle_with_our_group(self, pick: int, what: str) -> None:
        there = self._our_groups()
        if not there:
            return
        group = there[pick % len(there)]
        name, rules = group["GroupId"], group["IpPermissions"]
        match what:
            case "revoke" if rules:
                self._do(self.ec2.revoke_security_group_ingress, GroupId=name, IpPermissions=rules[pick % 3 :] or rules)
            case "untag":
                self.ec2.delete_tags(Resources=[name], Tags=[{"Key": OURS}])
            case "tag":
                self.ec2.create_tags(Resources=[name], Tags=[{"Key": OURS, "Value": INSTALLATION}])
            case "delete":
                self._do(self.ec2.delete_security_group, GroupId=name)
            case _ if what in RULES:
                cidr, said = RULES[what]
                ranges = [{"CidrIp": cidr, "Description": said}]
                added = [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": ranges}]
                self._do(self.ec2.authorize_security_group_ingress, GroupId=name, IpPermissions=added)
            case _:
                pass
        self._told(group["VpcId"])
