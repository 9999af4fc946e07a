"""What is a VPC owed, by the documents? Profiles, wishes and shortfalls, written down a second time.

Nothing here is computed by vpce: an oracle that shares its code shares its mistakes.
"""

from __future__ import annotations

import functools
import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from tests.aws.conftest import REGION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from vpce.core.notice import Reconciled
    from vpce.core.plan import Shortfall

INSTALLATION = "vpce"
OURS, MADE_FOR, OUR_RULE = "vpce:managed-by", "vpce:profile", "vpce: a CIDR of this VPC"
FOLLOWS = "vpce:addresses"
LONG = f"com.amazonaws.{REGION}."
"""What AWS puts before a service's name; a profile may leave it out."""

# ---- what is asked ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Profile:
    gateways: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()

    @property
    def is_broken(self) -> bool:
        return bool(self.required & self.optional) or not (self.gateways or self.required or self.optional)

    def in_toml(self, name: str) -> str:
        lists = {"gateway": self.gateways, "interface": self.required, "optional": self.optional}
        return "\n".join((f"[{name}]", *(f"{key} = {json.dumps(sorted(names))}" for key, names in lists.items())))


Book = dict[str, Profile]
FREE = frozenset({"s3", "dynamodb"})
SHIPPED: Book = {
    "gateway": Profile(gateways=FREE),
    "ec2-ssm": Profile(gateways=FREE, required=frozenset({"ssm", "ssmmessages"}), optional=frozenset({"ec2messages"})),
}
"""Two rows of the README's table."""
PORTS = {"cassandra": 9142}
NOT_OFFERED = frozenset({"no-such-service", "no-such-thing", "ec2messages"})
ONLY_IN = {"sqs": frozenset({f"{REGION}a"})}
WITHOUT_NAMES = WITHOUT_IPV6 = frozenset({"dynamodb"})


def _some(names: tuple[str, ...], most: int, *, least: int = 0) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(names), min_size=least, max_size=most)


OWN: st.SearchStrategy[Profile] = st.builds(
    Profile,
    gateways=_some(("s3", "dynamodb", "no-such-service"), 2),
    required=_some(
        ("sqs", f"{LONG}sqs", "ssm", "cassandra", "s3", "dynamodb", "dynamodb", "no-such-service"), 3, least=1
    ),
    optional=_some(("ssm", "no-such-thing"), 1),
)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the tags of a VPC ask for, by the README."""

    gateways: frozenset[str] = frozenset()
    interfaces: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    zones: int | None = None
    addresses: str = "auto"
    remove: bool = False
    is_refused: bool = False

    @property
    def nothing(self) -> bool:
        return not (self.gateways or self.interfaces or self.remove)


def asked_of(tags: Mapping[str, str], made_for: Iterable[str], book: Book) -> Asked:
    text, zones = tags.get("endpoint-profile"), tags.get("endpoint-zones", "all").strip().lower()
    if text is None:
        births = set(made_for)
        if not births or not all(b.startswith("default/") for b in births):
            return Asked()
        text = min(births).removeprefix("default/")
    if text.strip().lower() == "none":
        return Asked(remove=True)
    names = [n.strip().lower() for n in text.split("+")]
    addresses = tags.get("endpoint-addresses", "auto").strip().lower()
    if (
        any(n not in book or book[n].is_broken for n in names)
        or (zones != "all" and not (zones.isdigit() and int(zones)))
        or addresses not in {"auto", "dualstack", "ipv4"}
    ):
        return Asked(is_refused=True)
    required = _shortened(s for n in names for s in book[n].required)
    optional = _shortened(s for n in names for s in book[n].optional) - required
    return Asked(
        gateways=_shortened(s for n in names for s in book[n].gateways),
        interfaces=required | optional,
        optional=optional,
        zones=None if zones == "all" else int(zones),
        addresses=addresses,
    )


def _shortened(names: Iterable[str]) -> frozenset[str]:
    return frozenset(n.removeprefix(LONG) for n in names)


# ---- what is there ------------------------------------------------------------------------------------------------


def tags_of(thing: Mapping[str, Any]) -> dict[str, str]:
    return {t["Key"]: t["Value"] for t in thing.get("Tags", [])}


def is_ours(thing: Mapping[str, Any]) -> bool:
    return tags_of(thing).get(OURS) == INSTALLATION


def is_leaving(endpoint: Mapping[str, Any]) -> bool:
    return endpoint["State"] in {"deleting", "deleted"}


def short(endpoint: Mapping[str, Any]) -> str:
    return str(endpoint["ServiceName"]).removeprefix(LONG)


Told = dict[tuple[str, str], list["Shortfall"]]
"""(service, type) → what people are told that it lacks."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One VPC as EC2 shows it, and what it is owed."""

    vpc: Mapping[str, Any]
    book: Book
    subnets: list[Any]
    tables: list[Any]
    endpoints: list[Any]
    groups: list[Any]

    @property
    def id(self) -> str:
        return str(self.vpc["VpcId"])

    @functools.cached_property
    def asked(self) -> Asked:
        made_for = [tags_of(e).get(MADE_FOR, "") for e in self.endpoints if is_ours(e) and e["State"] != "deleted"]
        return asked_of(tags_of(self.vpc), made_for, self.book)

    @functools.cached_property
    def our_group(self) -> Any:
        return next((g for g in self.groups if is_ours(g)), None)

    def living(self, service: str, kind: str) -> list[Any]:
        return [e for e in self.endpoints if (short(e), e["VpcEndpointType"]) == (service, kind) and not is_leaving(e)]

    @property
    def cidrs(self) -> set[str]:
        four = [a for a in self.vpc["CidrBlockAssociationSet"] if a["CidrBlockState"]["State"] == "associated"]
        six = self.vpc.get("Ipv6CidrBlockAssociationSet", [])
        six = [a for a in six if a["Ipv6CidrBlockState"]["State"] == "associated"]
        return {a["CidrBlock"] for a in four} | {a["Ipv6CidrBlock"] for a in six}

    def rules(self) -> set[tuple[int, str, str]]:
        return {
            (p["FromPort"], r.get("CidrIp") or r.get("CidrIpv6"), r.get("Description", ""))
            for p in self.our_group["IpPermissions"]
            if p["IpProtocol"] == "tcp" and p["FromPort"] == p["ToPort"]
            for r in (*p["IpRanges"], *p["Ipv6Ranges"])
        }

    # -- what is neither there nor told --

    def owed(self, run: Reconciled, *, dns: Callable[[str], bool]) -> Iterable[str]:
        asked = self.asked
        if asked.is_refused:
            if not run.refusal or run.plan:
                yield "tags that cannot be used were not told"
            return
        if run.refusal or run.plan is None:
            yield f"refused: {run.refusal}"
            return
        told: Told = defaultdict(list)
        for shortfall in run.plan.shortfalls:
            told[shortfall.service.removeprefix(LONG), shortfall.kind.value].append(shortfall)
        if asked.remove:
            yield from self._owed_removal(told)
        for service in sorted(asked.gateways):
            yield from self._owed_gateway(service, told)
        if ("security group", "Interface") not in told:
            for service in sorted(asked.interfaces):
                yield from self._owed_interface(service, told, dns=dns)
        elif self.our_group is not None and not asked.remove:
            yield "a group is said to lack that is there"

    def _owed_removal(self, told: Told) -> Iterable[str]:
        for endpoint in self.endpoints:
            service = short(endpoint)
            # Of S3, an interface endpoint of others may need our gateway.
            is_needed = endpoint["VpcEndpointType"] == "Gateway" and bool(self.living(service, "Interface"))
            if is_ours(endpoint) and not (is_needed and (service, "Gateway") in told):
                yield f"the tag says none, and {endpoint['VpcEndpointId']} of ours is there"
        group = self.our_group
        if group is None:
            return
        used = any(group["GroupId"] in {g["GroupId"] for g in e["Groups"]} for e in self.endpoints)
        if not used:
            yield f"the tag says none, nothing uses {group['GroupId']}, and it is there"
        elif ("security group", "Interface") not in told:
            yield "our group cannot go, and nobody is told"

    def _owed_gateway(self, service: str, told: Told) -> Iterable[str]:
        is_told = (service, "Gateway") in told
        if service in NOT_OFFERED:
            if not is_told:
                yield f"{service}: no gateway is offered, and nobody is told"
            return
        living = self.living(service, "Gateway")
        missing = {t["RouteTableId"] for t in self.tables}.difference(*(e["RouteTableIds"] for e in living))
        if missing and (not is_told or not living or any(is_ours(e) for e in living)):
            yield f"{service}: no route in {missing}"
        if is_told and not missing:
            yield f"{service}: told to lack, and it does not"
        ours = [e for e in living if is_ours(e)]
        if len(ours) == 1:
            yield from self._wrong_addresses(ours[0], [s["SubnetId"] for s in self.subnets])

    def _owed_interface(self, service: str, all_told: Told, *, dns: Callable[[str], bool]) -> Iterable[str]:
        told = all_told.get((service, "Interface"), [])
        if service in NOT_OFFERED:
            if [t.is_required for t in told] != [service not in self.asked.optional]:
                yield f"{service}: not offered; told: {told}"
            return
        names = service not in WITHOUT_NAMES
        if names and not (dns("enableDnsSupport") and dns("enableDnsHostnames")):
            yield f"{service}: the VPC's DNS attributes are off"
        zones = {s["AvailabilityZone"] for s in self.subnets}
        zones &= ONLY_IN.get(service, zones)
        living = self.living(service, "Interface")
        if not living:
            free = any(s["AvailableIpAddressCount"] > 0 for s in self.subnets if s["AvailabilityZone"] in zones)
            if free or not told:
                yield f"{service}: no endpoint, told: {told}"
        elif ours := [e for e in living if is_ours(e)]:
            lacking = {t.zone for t in told if t.zone}
            most = min(self.asked.zones or 99, len(zones)) - len(lacking)
            reasons = [list(self._amiss(e, names=names, zones=most)) for e in ours]
            if all(reasons):
                yield f"{service}: {reasons}"
            if names and not any(e["PrivateDnsEnabled"] for e in living):
                yield f"{service}: no endpoint has its names"

    def _wrong_addresses(self, endpoint: Mapping[str, Any], subnets: list[str]) -> Iterable[str]:
        has, asked = endpoint["IpAddressType"], self.asked.addresses
        dual = {s["SubnetId"] for s in self.subnets if s["Ipv6CidrBlockAssociationSet"]}
        can_be_dual = bool(subnets) and dual.issuperset(subnets) and short(endpoint) not in WITHOUT_IPV6
        if has == "dualstack" and (asked == "ipv4" or short(endpoint) in WITHOUT_IPV6):
            yield "it has IPv6"
        follows = endpoint["VpcEndpointType"] == "Interface" and FOLLOWS in tags_of(endpoint)
        if has == "ipv4" and can_be_dual and (asked == "dualstack" or (asked == "auto" and follows)):
            yield "it has IPv4 only"

    def _amiss(self, endpoint: Mapping[str, Any], *, names: bool, zones: int) -> Iterable[str]:
        if endpoint["State"] != "available":
            yield f"it is {endpoint['State']}"
        if names and not endpoint["PrivateDnsEnabled"] and len(self.living(short(endpoint), "Interface")) == 1:
            yield "private DNS is off"
        if len(endpoint["SubnetIds"]) < zones:
            yield f"it is in {len(endpoint['SubnetIds'])} zones, not {zones}"
        if len(endpoint["SubnetIds"]) > (self.asked.zones or 99):
            yield "it is in too many zones"
        yield from self._wrong_addresses(endpoint, endpoint["SubnetIds"])
        if self.our_group is None or self.our_group["GroupId"] not in {g["GroupId"] for g in endpoint["Groups"]}:
            yield "our group is not on it"
            return
        port, rules = PORTS.get(short(endpoint), 443), self.rules()
        if missing := {c for c in self.cidrs if not any((p, s) == (port, c) for p, s, _ in rules)}:
            yield f"our group is closed to {missing} on {port}"
        if extra := {s for _, s, d in rules if d == OUR_RULE and s not in self.cidrs}:
            yield f"our group lets in {extra}, no CIDR of the VPC any more"
