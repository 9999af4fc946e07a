"""What would a careful person find? A fleet of VPCs by seed: healthy designs, known defects, and the truth about each.

Each VPC is dealt a design, healthy as it stands, and what happens to it: defects, which yield the findings that they
must cause, and near misses, which look like defects and must cause none. The deck goes round, so that everything
happens before anything happens twice. The VPCs lie in several accounts and regions of moto's EC2, made strict; only
what no customer can bring about (a failed endpoint, a managed one) is set from behind.

Designs and defects are in benchmarks/designs.py and benchmarks/defects.py; a new one is a decorated function there.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter, defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property, partial
from random import Random
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from moto import mock_aws
from moto.ec2.models import ec2_backends
from moto.moto_api._internal import mock_random

from embedded import strict_dns, strict_ec2
from embedded.strict_ec2_behaviour import present
from vpce.aws.catalog import read_catalog
from vpce.aws.pace import Pace
from vpce.aws.parameters import shipped_profiles
from vpce.core.events import Look
from vpce.core.model import Catalog, Place
from vpce.core.profile import read_profiles
from vpce.reconcile import Surroundings, reconcile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


INSTALLATION = "vpce"
REGIONS = ("eu-west-1", "eu-central-1", "us-east-1")
HUB = "999999999999"
"""The account where central endpoints, zones and rules live."""
PER_PLACE = 38
"""moto takes time by size: more VPCs make more accounts."""
GATEWAYS = 1000
"""Quota of gateway endpoints in a region: a fleet's owner has had it raised."""
NOT_OFFERED: Mapping[str, frozenset[str]] = {"eu-central-1": frozenset({"ecs-telemetry", "xray"})}
"""Region → services that it lacks. Of the shipped profiles, one needs the first, and one would like the second."""
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)

GONE = "vpce-0dead0dead0dead00"
"""An endpoint of each place that was deleted some days ago: CloudWatch still has what went through it."""

NOT_IN_ZONE_C = frozenset({"sns"})
"""Services that are offered in zones a and b only, wherever."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Truth:
    """A finding that must come."""

    check: str
    about: tuple[str, ...] = ()
    """What its resource must name."""
    vpc: str = ""
    """Filled in by whoever builds; empty for a whole place."""
    place: Place = field(default_factory=lambda: Place(account="", region=""))
    cause: str = ""
    """The defect, in words."""


# ---- places ---------------------------------------------------------------------------------------------------------


@cache
def _session() -> boto3.Session:
    """One for all places: it keeps the service models, which take a third of a second to read."""
    return boto3.Session(aws_access_key_id="fleet", aws_secret_access_key="fleet", region_name=REGIONS[0])


@dataclass(kw_only=True)
class Site:
    """A place under construction."""

    place: Place
    vpcs: list[Built] = field(default_factory=list)
    truths: list[Truth] = field(default_factory=list)
    """About the place itself."""
    ignores: str = ""
    """The file of ignores, in TOML."""
    gateway_quota: int = GATEWAYS
    shared: dict[str, str]
    """VPC that another account shares with this one → its owner; the one that `strict_ec2.behave` was given."""

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(present().clock(), UTC)

    def client(self, service: str) -> Any:
        return self._client(service, self.place.account)

    def hub(self, service: str) -> Any:
        """The same region in the central account."""
        return self._client(service, HUB)

    def _client(self, service: str, account: str) -> Any:
        known: dict[tuple[str, str], Any] = self.__dict__.setdefault("_clients", {})
        if (service, account) not in known:
            known[service, account] = client_of(service, Place(account=account, region=self.place.region))
        return known[service, account]

    @cached_property
    def elsewhere(self) -> str:
        """The place's default VPC, where what belongs to no VPC of the fleet is put."""
        vpcs = self.client("ec2").describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
        return str(vpcs[0]["VpcId"])

    @cached_property
    def amazons_resolver(self) -> str:
        """The DHCP options that AWS has in every region; moto's VPCs have none."""
        servers = {"Key": "domain-name-servers", "Values": ["AmazonProvidedDNS"]}
        made = self.client("ec2").create_dhcp_options(DhcpConfigurations=[servers])
        return str(made["DhcpOptions"]["DhcpOptionsId"])

    @cached_property
    def catalog(self) -> Catalog:
        return read_catalog(self.client("ec2"), self.place.region)

    @property
    def backend(self) -> Any:
        """What moto holds of the place, for what no call can bring about."""
        return ec2_backends[self.place.account][self.place.region]

    def around(self) -> Surroundings:
        """The place as vpce's functions see it."""
        return Surroundings(
            place=self.place,
            ec2=self.client("ec2"),
            installation=INSTALLATION,
            profiles=read_profiles(shipped_profiles()),
            default_profile="gateway",
            pace=Pace(clock=lambda: 0.0, sleep=lambda _: None),
            catalog_of=lambda *_: self.catalog,
            client_of=lambda service, _: self.client(service),
        )

    def reconcile(self) -> None:
        """Bring VPCs to what their tags ask for, and new ones to the default profile, as the stack would."""
        vpcs, new = frozenset(v.id for v in self.vpcs), frozenset(v.id for v in self.vpcs if v.is_new)
        looks: Iterable[Look] = [Look(place=self.place, vpcs=vpcs, new=new, time=self.now.isoformat(), why="fleet")]
        for generation in range(20):
            run = reconcile(self.around(), list(looks), generation=f"{generation}", now=self.now)
            if run.errors:
                raise ExceptionGroup(f"{self.place} cannot be built", list(run.errors.values()))
            looks = run.again
            if not looks:
                return
        raise RuntimeError(f"{self.place} does not come to rest: {looks}")


@cache
def credentials_of(account: str) -> Mapping[str, str]:
    """Of somebody in the account: moto tells accounts apart by their assumed roles."""
    sts = _session().client("sts")
    role = f"arn:aws:iam::{account}:role/fleet"
    return dict(sts.assume_role(RoleArn=role, RoleSessionName="fleet")["Credentials"])  # type: ignore[arg-type]


def client_of(service: str, place: Place) -> Any:
    """A client for a place, as somebody of its account."""
    known = credentials_of(place.account)
    return _session().client(
        service,  # type: ignore[call-overload]  # any service
        region_name=place.region,
        aws_access_key_id=known["AccessKeyId"],
        aws_secret_access_key=known["SecretAccessKey"],
        aws_session_token=known["SessionToken"],
        config=Config(retries={"total_max_attempts": 1}),
    )


# ---- VPCs -----------------------------------------------------------------------------------------------------------


@dataclass(kw_only=True)
class Built:
    """A VPC of the fleet, and the words in which designs and defects are written."""

    site: Site
    number: int
    """Of its CIDR in the place."""
    rng: Random
    design: str
    happened: tuple[str, ...] = ()
    id: str = ""
    subnets: dict[str, str] = field(default_factory=dict)
    """Zone's letter → the subnet that endpoints are in."""
    truths: list[Truth] = field(default_factory=list)
    is_new: bool = False
    """vpce saw it being made."""
    ignored: set[str] = field(default_factory=set)
    """Checks whose findings people do not want to hear of."""
    unused: dict[str, int] = field(default_factory=dict)
    """Interface endpoint → bytes of a moment 25 days ago; all others are used every day."""

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    # what it is

    @property
    def ec2(self) -> Any:
        return self.site.client("ec2")

    @property
    def region(self) -> str:
        return self.site.place.region

    @property
    def cidr(self) -> str:
        return f"10.{self.number}.0.0/16"

    def service(self, name: str) -> str:
        return f"com.amazonaws.{self.region}.{name}"

    def zone(self, letter: str) -> str:
        return f"{self.region}{letter}"

    @property
    def endpoints(self) -> list[Any]:
        found = self.ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [self.id]}])["VpcEndpoints"]
        return sorted(found, key=lambda e: (str(e["ServiceName"]), str(e["VpcEndpointId"])))

    @property
    def tags(self) -> dict[str, str]:
        return {t["Key"]: t["Value"] for t in self.ec2.describe_vpcs(VpcIds=[self.id])["Vpcs"][0].get("Tags", [])}

    @property
    def interfaces(self) -> list[Any]:
        return [e for e in self.endpoints if e["VpcEndpointType"] == "Interface"]

    @property
    def gateways(self) -> list[Any]:
        return [e for e in self.endpoints if e["VpcEndpointType"] == "Gateway"]

    def interface(self) -> Any:
        """Any interface endpoint."""
        return self.rng.choice(self.interfaces)

    def gateway(self, name: str) -> Any:
        return next(e for e in self.gateways if e["ServiceName"] == self.service(name))

    @property
    def tables(self) -> list[Any]:
        found = self.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [self.id]}])["RouteTables"]
        return sorted(found, key=lambda t: str(t["RouteTableId"]))

    # how it is made

    def make(self, *, zones: str = "ab", ipv6: bool = False, **tags: str) -> None:
        pairs = [{"Key": k.replace("_", "-"), "Value": v} for k, v in tags.items()]
        specification = [{"ResourceType": "vpc", "Tags": pairs}] if pairs else []
        made = self.ec2.create_vpc(
            CidrBlock=self.cidr, AmazonProvidedIpv6CidrBlock=ipv6, TagSpecifications=specification
        )
        self.id = made["Vpc"]["VpcId"]
        self.ec2.associate_dhcp_options(DhcpOptionsId=self.site.amazons_resolver, VpcId=self.id)
        for index, letter in enumerate(zones):
            self.subnets[letter] = self.subnet(letter, index)

    def subnet(self, letter: str, third: int, *, size: int = 24) -> str:
        made = self.ec2.create_subnet(
            VpcId=self.id, CidrBlock=f"10.{self.number}.{third}.0/{size}", AvailabilityZone=self.zone(letter)
        )
        return str(made["Subnet"]["SubnetId"])

    def table(self, *subnets: str) -> str:
        table = str(self.ec2.create_route_table(VpcId=self.id)["RouteTable"]["RouteTableId"])
        for subnet in subnets:
            self.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
        return table

    def private_dns_works(self) -> None:
        self.ec2.modify_vpc_attribute(VpcId=self.id, EnableDnsHostnames={"Value": True})

    def by_hand(self, name: str, **wish: Any) -> str:
        """An interface endpoint in every subnet that endpoints are in; private DNS unless said otherwise."""
        asked = {
            "SubnetIds": list(self.subnets.values()),
            "PrivateDnsEnabled": True,
            "PolicyDocument": json.dumps(everything()),
        } | wish
        made = self.ec2.create_vpc_endpoint(
            VpcId=self.id, ServiceName=self.service(name), VpcEndpointType="Interface", **asked
        )
        return str(made["VpcEndpoint"]["VpcEndpointId"])

    def gateway_by_hand(self, name: str, *tables: str) -> str:
        """A gateway endpoint on the tables, or on all there are."""
        made = self.ec2.create_vpc_endpoint(
            VpcId=self.id,
            ServiceName=self.service(name),
            RouteTableIds=list(tables or [t["RouteTableId"] for t in self.tables]),
        )
        return str(made["VpcEndpoint"]["VpcEndpointId"])

    def group(self, *cidrs: str, port: int = 443, last: int | None = None) -> str:
        """A security group that lets CIDRs in."""
        count = sum(g["VpcId"] == self.id for g in self.ec2.describe_security_groups()["SecurityGroups"])
        made = self.ec2.create_security_group(GroupName=f"endpoints-{count}", Description="endpoints", VpcId=self.id)
        group = str(made["GroupId"])
        self.let_in(group, *cidrs, port=port, last=last)
        return group

    def let_in(self, group: str, *cidrs: str, port: int = 443, last: int | None = None) -> None:
        for cidr in cidrs:
            source = {"Ipv6Ranges": [{"CidrIpv6": cidr}]} if ":" in cidr else {"IpRanges": [{"CidrIp": cidr}]}
            permission = {"IpProtocol": "tcp", "FromPort": port, "ToPort": last or port, **source}
            self.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])

    def modify(self, endpoint: str, **changes: Any) -> None:
        self.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, **changes)

    def delete(self, *endpoints: str) -> None:
        refused = self.ec2.delete_vpc_endpoints(VpcEndpointIds=list(endpoints))["Unsuccessful"]
        if refused:
            raise RuntimeError(f"{self.id}: {refused}")

    def tag(self, **tags: str) -> None:
        pairs = [{"Key": k.replace("_", "-"), "Value": v} for k, v in tags.items()]
        self.ec2.create_tags(Resources=[self.id], Tags=pairs)

    def workload(self, subnet: str, *, count: int = 1) -> None:
        """Network interfaces, as instances and functions have them."""
        for _ in range(count):
            self.ec2.create_network_interface(SubnetId=subnet, Description="workload")

    def from_behind(self, endpoint: str) -> Any:
        """Its endpoint as moto keeps it."""
        return self.site.backend.vpc_end_points[endpoint]

    def force_state(self, endpoint: str, state: str) -> None:
        """States that come from AWS's side."""
        kept = self.from_behind(endpoint)
        kept.__class__ = type(f"{state.title()}Endpoint", (type(kept),), {"state": property(lambda _: state)})


def everything(**changes: Any) -> dict[str, Any]:
    """A policy statement's usual form."""
    statement = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"} | changes
    return {"Version": "2012-10-17", "Statement": [statement]}


# ---- designs, defects, near misses ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    name: str
    has: frozenset[str]
    """What defects may count on."""
    make: Callable[[Built], Iterator[Truth] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Twist:
    """Something that happens to a VPC."""

    name: str
    check: str
    """Id of the check that must find it; of the one that must not, for a near miss."""
    is_near_miss: bool
    needs: frozenset[str]
    lacks: frozenset[str]
    spoils: frozenset[str]
    """Parts of the VPC that nothing else may touch."""
    happen: Callable[[Built], Iterator[Truth] | None]

    @property
    def words(self) -> str:
        return words_of(self.name)

    def fits(self, design: Design, spoilt: frozenset[str]) -> bool:
        return self.needs <= design.has and not self.lacks & design.has and not self.spoils & spoilt


_SPELT = {
    w.lower(): w for w in ("ACL", "AWS", "Amazon", "CIDR", "DNS", "DynamoDB", "ECR", "HTTPS", "Keyspaces", "S3", "VPC")
}


def words_of(name: str) -> str:
    """``s3_s_policy_is_open`` → S3's policy is open."""
    plain = re.sub(r"_s(?=_|$)", "'s", name.strip("_")).replace("_", " ")
    return re.sub(r"\w+", lambda m: _SPELT.get(m[0], m[0]), plain)


ALWAYS: list[Callable[[Built], Iterator[Truth]]] = []
"""What must be found of every VPC as it stands in the end, whatever happened."""
DESIGNS: dict[str, Design] = {}
TWISTS: dict[str, Twist] = {}


def design(*has: str) -> Callable[[Callable[[Built], Any]], Callable[[Built], Any]]:
    def register(make: Callable[[Built], Any]) -> Callable[[Built], Any]:
        DESIGNS[make.__name__] = Design(name=make.__name__, has=frozenset(has), make=make)
        return make

    return register


def defect(check: str, *, needs: str = "", lacks: str = "", spoils: str) -> Callable[[Any], Any]:
    """Register a defect; it yields what must be found. The arguments are words with spaces between."""
    return _twist(check, needs=needs, lacks=lacks, spoils=spoils, is_near_miss=False)


def near_miss(check: str, *, needs: str = "", lacks: str = "", spoils: str) -> Callable[[Any], Any]:
    """Register what looks like a defect and is none."""
    return _twist(check, needs=needs, lacks=lacks, spoils=spoils, is_near_miss=True)


def _twist(check: str, *, needs: str, lacks: str, spoils: str, is_near_miss: bool) -> Callable[[Any], Any]:
    def register(happen: Any) -> Any:
        if happen.__name__ in TWISTS:
            raise ValueError(f"two twists are called {happen.__name__}")
        TWISTS[happen.__name__] = Twist(
            name=happen.__name__,
            check=check,
            is_near_miss=is_near_miss,
            needs=frozenset(needs.split()),
            lacks=frozenset(lacks.split()),
            spoils=frozenset(spoils.split()),
            happen=happen,
        )
        return happen

    return register


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """What a VPC is dealt."""

    number: int
    design: str
    twists: tuple[str, ...]


HEALTHY_SHARE = 0.15
MORE = (0.5, 0.35, 0.2)
"""Chances that a second, a third and a fourth thing happen."""


def deal(seed: int, vpcs: int, *, without: frozenset[str] = frozenset()) -> list[Lot]:
    """Designs and twists for so many VPCs; the same for the same seed."""
    rng = Random(f"deal {seed}")
    deck = _Deck(rng, without)
    lots = []
    for number in range(vpcs):
        first = None if rng.random() < HEALTHY_SHARE else deck.next(lambda _: True)
        fitting = [d for d in DESIGNS.values() if first is None or first.fits(d, frozenset())]
        chosen = min(fitting, key=lambda d: (deck.made[d.name], rng.random()))
        deck.made[chosen.name] += 1
        twists = [first] if first else []
        for chance in MORE if first else ():
            spoilt = frozenset[str]().union(*(t.spoils for t in twists))
            if rng.random() < chance and (another := deck.next(partial(_fits, chosen, spoilt))):
                twists.append(another)
        lots.append(Lot(number=number, design=chosen.name, twists=tuple(t.name for t in twists)))
    return lots


def _fits(chosen: Design, spoilt: frozenset[str], twist: Twist) -> bool:
    return twist.fits(chosen, spoilt)


class _Deck:
    """Goes round: everything happens before anything happens twice."""

    def __init__(self, rng: Random, without: frozenset[str]) -> None:
        self._rng, self._without, self._cards = rng, without, list[Twist]()
        self.made: Counter[str] = Counter()

    def next(self, is_wanted: Callable[[Twist], bool]) -> Twist | None:
        """The next card that is wanted, off the deck."""
        if not self._cards:
            self._cards = [t for t in TWISTS.values() if t.name not in self._without]
            self._rng.shuffle(self._cards)
        found = next((c for c in self._cards if is_wanted(c)), None)
        if found:
            self._cards.remove(found)
        return found


def places_for(vpcs: int) -> list[Place]:
    accounts = max(2, -(-vpcs // (PER_PLACE * len(REGIONS))))
    return [
        Place(account=f"{number:012d}", region=region)
        for number in range(100_000_000_001, 100_000_000_001 + accounts)
        for region in REGIONS
    ]


# ---- building -------------------------------------------------------------------------------------------------------


def lots_of(seed: int, vpcs: int, *, without: frozenset[str] = frozenset()) -> Mapping[Place, list[Lot]]:
    """The deal, laid out over the places."""
    places = places_for(vpcs)
    laid: dict[Place, list[Lot]] = defaultdict(list)
    for lot in deal(seed, vpcs, without=without):
        laid[places[lot.number % len(places)]].append(lot)
    return laid


@contextmanager
def aws(clock: Callable[[], float] = NOW.timestamp) -> Iterator[dict[str, str]]:
    """The AWS that fleets are built in; gives its table of shared VPCs."""
    os.environ |= {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": REGIONS[0]}
    shared: dict[str, str] = {}
    missing = frozenset(f"com.amazonaws.{region}.{name}" for region, names in NOT_OFFERED.items() for name in names)
    zones = {f"com.amazonaws.{r}.{name}": frozenset({f"{r}a", f"{r}b"}) for r in REGIONS for name in NOT_IN_ZONE_C}
    strict_ec2.install()
    strict_dns.install()
    credentials_of.cache_clear()
    behaviour = {"clock": clock, "gateway_quota": GATEWAYS, "shared": shared, "missing_services": missing}
    with mock_aws(), strict_ec2.behave(**behaviour, zones=zones):
        yield shared


def build(seed: int, place: Place, lots: Iterable[Lot], shared: dict[str, str]) -> Site:
    """Make a place's VPCs in `aws`, let vpce bring them to their profiles, and let happen what was dealt."""
    site = Site(place=place, shared=shared)
    mock_random.seed(f"{seed} {place}")
    site.client("ec2").associate_dhcp_options(DhcpOptionsId=site.amazons_resolver, VpcId=site.elsewhere)
    for index, lot in enumerate(lots, start=1):
        rng = Random(f"{seed} {lot.number}")
        site.vpcs.append(Built(site=site, number=index, rng=rng, design=lot.design, happened=lot.twists))
    for vpc in site.vpcs:
        _told(vpc, DESIGNS[vpc.design].make, "as designed")
    site.reconcile()
    for vpc in site.vpcs:
        for name in vpc.happened:
            _told(vpc, TWISTS[name].happen, TWISTS[name].words)
        for always in ALWAYS:
            _told(vpc, always, words_of(always.__name__))
    if place.region == REGIONS[-1]:
        _fill(site)
    _count(site)
    return site


def _count(site: Site) -> None:
    """Traffic, as PrivateLink counts it: per endpoint, and per endpoint and subnet; of what was deleted, too."""
    gone = {"Endpoint Type": "Interface", "Service Name": "s", "VPC Endpoint Id": GONE, "VPC Id": site.elsewhere}
    data = [_datum(site, gone, 10**9, days=5)]
    for vpc in site.vpcs:
        for endpoint in vpc.interfaces:
            id_, service = endpoint["VpcEndpointId"], endpoint["ServiceName"]
            number, days = (vpc.unused[id_], 25) if id_ in vpc.unused else (10**9, 2)
            whole = gone | {"Service Name": service, "VPC Endpoint Id": id_, "VPC Id": vpc.id}
            parts = [whole | {"Subnet Id": s} for s in endpoint["SubnetIds"]]
            data += [_datum(site, dimensions, number, days=days) for dimensions in (whole, *parts) if number]
    site.client("cloudwatch").put_metric_data(Namespace="AWS/PrivateLinkEndpoints", MetricData=data)


def _datum(site: Site, dimensions: Mapping[str, str], number: int, *, days: int) -> dict[str, Any]:
    return {
        "MetricName": "BytesProcessed",
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
        "Timestamp": site.now - timedelta(days=days),
        "Value": number,
    }


def _fill(site: Site) -> None:
    """Nobody has had this region's quota raised."""
    endpoints = site.client("ec2").describe_vpc_endpoints()["VpcEndpoints"]
    site.gateway_quota = sum(e["VpcEndpointType"] == "Gateway" for e in endpoints) + 1
    truth = Truth(check="quota-headroom", about=("gateway",), place=site.place, cause="gateways near the quota")
    site.truths.append(truth)


def _told(vpc: Built, act: Callable[[Built], Iterator[Truth] | None], cause: str) -> None:
    """Do it, and note what must be found."""
    for truth in act(vpc) or ():
        vpc.truths.append(replace(truth, vpc=vpc.id, place=vpc.site.place, cause=cause))


def truths_of(site: Site) -> list[Truth]:
    """Everything that must be found in a place, each once."""
    told = [*site.truths, *(t for v in site.vpcs for t in v.truths if t.check not in v.ignored)]
    return list({(t.check, t.vpc, t.about): t for t in told}.values())
