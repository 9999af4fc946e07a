"""What is a VPC owed, by the documents? Profiles, wishes and shortfalls, written down a second time.

Nothing here is computed by vpce: an oracle that shares its code shares its mistakes.
"""

from __future__ import annotations

import functools
import json
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from hypothesis import strategies as st

from tests.aws.conftest import REGION

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from vpce.core.notice import Reconciled
    from vpce.core.plan import Shortfall

INSTALLATION = "vpce"
OURS, MADE_FOR, MARK, OUR_RULE = "vpce:managed-by", "vpce:profile", "vpce:delete-after", "vpce: a CIDR of this VPC"
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
CAREFUL = ("endpoint-mode", "endpoint-window", "endpoint-deletions")
MODES = ("sync", "create-only", "watch")
WINDOWS: Mapping[str, frozenset[int]] = {
    "always": frozenset(range(24)),
    "20:00-04:00": frozenset({20, 21, 22, 23, 0, 1, 2, 3}),
    "10:00-14:00+18:00-19:00": frozenset({10, 11, 12, 13, 18}),
}
"""A window → the hours of a day in which it is open."""
FEW, SHARE = 5, 30
"""So many deletions in one run, and more than so many per cent of all, need the word."""


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
    """Ours goes now."""
    retire: bool = False
    """Ours goes a day after somebody noticed."""
    is_refused: bool = False
    mode: str = "sync"
    window: str = "always"
    is_allowed: bool = False
    """The word is there without which the guard lets no large part go."""

    @property
    def nothing(self) -> bool:
        return not (self.gateways or self.interfaces or self.remove or self.retire or self.is_refused)

    def of(self, kind: str) -> frozenset[str]:
        return self.gateways if kind == "Gateway" else self.interfaces

    def is_open(self, moment: datetime) -> bool:
        return moment.hour in WINDOWS[self.window]


def asked_of(tags: Mapping[str, str], births: Collection[str], book: Book) -> Asked:
    """What is asked; of each thing of ours in the VPC, its births say what it was made for."""
    text = tags.get("endpoint-profile")
    if text is None and not births:
        return Asked()
    if text is None and (by_default := [b for b in births if b.startswith("default/")]):
        text = min(by_default).removeprefix("default/")
    mode, window, word = (tags.get(k, v).strip().lower() for k, v in zip(CAREFUL, ("sync", "always", ""), strict=True))
    asked = Asked(retire=True) if text is None else _asked_by(text, tags, book)
    if mode not in MODES or window not in WINDOWS or word not in {"", "allowed"}:
        return Asked(is_refused=True)
    return replace(asked, mode=mode, window=window, is_allowed=bool(word))


def _asked_by(text: str, tags: Mapping[str, str], book: Book) -> Asked:
    zones = tags.get("endpoint-zones", "all").strip().lower()
    addresses = tags.get("endpoint-addresses", "auto").strip().lower()
    if text.strip().lower() == "none":
        return Asked(remove=True)
    names = [n.strip().lower() for n in text.split("+")]
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


def staying(kind: str, ours: Mapping[str, bool]) -> set[str]:
    """Which of ours stay where there are several for a service.

    Args:
        kind: of these endpoints.
        ours: id → whether it has the names, or any route.

    """
    if kind == "Gateway":
        return {*sorted(ours)[:1], *(i for i, has_routes in ours.items() if has_routes)}
    return set(sorted(ours, key=lambda i: (not ours[i], i))[:1])


def time_in(tags: Mapping[str, str]) -> datetime | None:
    """When an endpoint goes, if it is marked so that it can be read."""
    try:
        return datetime.strptime(tags.get(MARK, ""), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


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


class Owed(NamedTuple):
    what: str
    by: frozenset[str] = frozenset()
    """How it is mended: add, disturb, less, delete; empty: people should have been told, and nothing excuses that."""

    def may_wait(self, asked: Asked, moment: datetime, *, is_guarded: bool) -> bool:
        """What the mode, the window or the guard holds back."""
        return (
            (asked.mode == "watch" and bool(self.by))
            or (asked.mode == "create-only" and bool(self.by & {"less", "delete"}))
            or (not asked.is_open(moment) and bool(self.by & {"disturb", "delete"}))
            or (is_guarded and not asked.is_allowed and "delete" in self.by)
        )


def _by(*words: str) -> frozenset[str]:
    return frozenset(words)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One VPC as EC2 shows it, and what it is owed."""

    vpc: Mapping[str, Any]
    book: Book
    moment: datetime
    subnets: list[Any]
    tables: list[Any]
    endpoints: list[Any]
    groups: list[Any]

    @property
    def id(self) -> str:
        return str(self.vpc["VpcId"])

    @functools.cached_property
    def asked(self) -> Asked:
        ours = [*(e for e in self.endpoints if e["State"] != "deleted"), *self.groups]
        births = [tags_of(thing).get(MADE_FOR, "") for thing in ours if is_ours(thing)]
        return asked_of(tags_of(self.vpc), births, self.book)

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

    def is_wanted(self, endpoint: Any) -> bool:
        service, kind = short(endpoint), endpoint["VpcEndpointType"]
        has = "RouteTableIds" if kind == "Gateway" else "PrivateDnsEnabled"
        ours = {e["VpcEndpointId"]: bool(e[has]) for e in self.living(service, kind) if is_ours(e)}
        return service in self.asked.of(kind) and endpoint["VpcEndpointId"] in staying(kind, ours)

    # -- what is neither there nor told --

    def owed(self, run: Reconciled, *, dns: Callable[[str], bool]) -> Iterator[Owed]:
        asked = self.asked
        if asked.is_refused:
            if not run.refusal or run.plan:
                yield Owed("tags that cannot be used were not told")
            return
        if run.refusal or run.plan is None:
            yield Owed(f"refused: {run.refusal}")
            return
        told: Told = defaultdict(list)
        for shortfall in run.plan.shortfalls:
            told[shortfall.service.removeprefix(LONG), shortfall.kind.value].append(shortfall)
        for endpoint in filter(is_ours, self.endpoints):
            yield from self._owed_marked(endpoint) if self.is_wanted(endpoint) else self._owed_gone(endpoint, told)
        yield from self._owed_group(told)
        for service in sorted(asked.gateways):
            yield from self._owed_gateway(service, told)
        if not asked.interfaces or ("security group", "Interface") not in told:
            for service in sorted(asked.interfaces):
                yield from self._owed_interface(service, told, dns=dns)
        elif self.our_group is not None:
            yield Owed("a group is said to lack that is there")

    def _owed_marked(self, endpoint: Any) -> Iterator[Owed]:
        if time_in(tags_of(endpoint)):
            yield Owed(f"{endpoint['VpcEndpointId']} is wanted, and marked", _by("add"))

    def _owed_gone(self, endpoint: Any, told: Told) -> Iterator[Owed]:
        name, service, kind = endpoint["VpcEndpointId"], short(endpoint), endpoint["VpcEndpointType"]
        beside = self.living(service, "Interface") if kind == "Gateway" else []
        # Of S3, an interface endpoint may need the gateway.
        users = [e for e in beside if e.get("DnsOptions", {}).get("PrivateDnsOnlyForInboundResolverEndpoint")]
        if any(not is_ours(e) for e in users):
            if (service, kind) not in told:
                yield Owed(f"{name} of ours cannot go, and nobody is told")
            return
        if any(self.is_wanted(e) for e in users):
            return
        if self.asked.remove:
            yield Owed(f"the tag says none, and {name} of ours is there", _by("delete"))
        elif time_in(tags_of(endpoint)) is None:
            yield Owed(f"nobody asks for {name} of ours, and nothing says when it goes", _by("less"))
        elif self._is_due(endpoint) and all(self._is_due(e) for e in beside if is_ours(e)):
            yield Owed(f"{name} of ours is still there", _by("delete"))

    def _is_due(self, endpoint: Any) -> bool:
        time = time_in(tags_of(endpoint))
        return time is not None and time <= self.moment

    def _owed_group(self, told: Told) -> Iterator[Owed]:
        group = self.our_group
        if group is None or self.asked.interfaces - NOT_OFFERED:
            return
        users = [e for e in self.endpoints if group["GroupId"] in {g["GroupId"] for g in e["Groups"]}]
        if not users:
            yield Owed(f"nothing uses {group['GroupId']} of ours, and nothing will", _by("less"))
        elif any(not is_ours(e) for e in users) and ("security group", "Interface") not in told:
            yield Owed("our group cannot go, and nobody is told")

    def _owed_gateway(self, service: str, told: Told) -> Iterator[Owed]:
        is_told = (service, "Gateway") in told
        if service in NOT_OFFERED:
            if not is_told:
                yield Owed(f"{service}: no gateway is offered, and nobody is told")
            return
        living = self.living(service, "Gateway")
        missing = {t["RouteTableId"] for t in self.tables}.difference(*(e["RouteTableIds"] for e in living))
        if missing and (not is_told or not living or any(is_ours(e) for e in living)):
            yield Owed(f"{service}: no route in {missing}", _by("disturb"))
        if is_told and not missing:
            yield Owed(f"{service}: told to lack, and it does not")
        ours = [e for e in living if is_ours(e)]
        if len(ours) == 1:
            yield from self._wrong_addresses(ours[0], [s["SubnetId"] for s in self.subnets])

    def _owed_interface(self, service: str, all_told: Told, *, dns: Callable[[str], bool]) -> Iterator[Owed]:
        told = all_told.get((service, "Interface"), [])
        if service in NOT_OFFERED:
            if [t.is_required for t in told] != [service not in self.asked.optional]:
                yield Owed(f"{service}: not offered; told: {told}")
            return
        names = service not in WITHOUT_NAMES
        if names and not (dns("enableDnsSupport") and dns("enableDnsHostnames")):
            yield Owed(f"{service}: the VPC's DNS attributes are off", _by("disturb"))
        zones = {s["AvailabilityZone"] for s in self.subnets}
        zones &= ONLY_IN.get(service, zones)
        living = self.living(service, "Interface")
        if not living:
            free = any(s["AvailableIpAddressCount"] > 0 for s in self.subnets if s["AvailabilityZone"] in zones)
            if free or not told:
                yield Owed(f"{service}: no endpoint, told: {told}", _by("disturb" if names else "add"))
        elif ours := [e for e in living if is_ours(e)]:
            lacking = {t.zone for t in told if t.zone}
            most = min(self.asked.zones or 99, len(zones)) - len(lacking)
            reasons = [list(self._amiss(e, names=names, zones=most)) for e in ours]
            if all(reasons):
                yield Owed(f"{service}: {reasons}", _by(*(word for these in reasons for r in these for word in r.by)))
            if names and not any(e["PrivateDnsEnabled"] for e in living):
                yield Owed(f"{service}: no endpoint has its names", _by("disturb"))

    def _wrong_addresses(self, endpoint: Mapping[str, Any], subnets: list[str]) -> Iterator[Owed]:
        has, asked = endpoint["IpAddressType"], self.asked.addresses
        dual = {s["SubnetId"] for s in self.subnets if s["Ipv6CidrBlockAssociationSet"]}
        can_be_dual = bool(subnets) and dual.issuperset(subnets) and short(endpoint) not in WITHOUT_IPV6
        if has == "dualstack" and (asked == "ipv4" or short(endpoint) in WITHOUT_IPV6):
            yield Owed("it has IPv6", _by("less", "disturb"))
        follows = endpoint["VpcEndpointType"] == "Interface" and FOLLOWS in tags_of(endpoint)
        if has == "ipv4" and can_be_dual and (asked == "dualstack" or (asked == "auto" and follows)):
            yield Owed("it has IPv4 only", _by("disturb"))

    def _amiss(self, endpoint: Mapping[str, Any], *, names: bool, zones: int) -> Iterator[Owed]:
        if endpoint["State"] != "available":
            yield Owed(f"it is {endpoint['State']}")
        if names and not endpoint["PrivateDnsEnabled"] and len(self.living(short(endpoint), "Interface")) == 1:
            yield Owed("private DNS is off", _by("disturb"))
        if len(endpoint["SubnetIds"]) < zones:
            yield Owed(f"it is in {len(endpoint['SubnetIds'])} zones, not {zones}", _by("add"))
        if len(endpoint["SubnetIds"]) > (self.asked.zones or 99):
            yield Owed("it is in too many zones", _by("less", "disturb"))
        yield from self._wrong_addresses(endpoint, endpoint["SubnetIds"])
        if self.our_group is None or self.our_group["GroupId"] not in {g["GroupId"] for g in endpoint["Groups"]}:
            yield Owed("our group is not on it", _by("add"))
            return
        port, rules = PORTS.get(short(endpoint), 443), self.rules()
        if missing := {c for c in self.cidrs if not any((p, s) == (port, c) for p, s, _ in rules)}:
            yield Owed(f"our group is closed to {missing} on {port}", _by("add"))
        if extra := {s for _, s, d in rules if d == OUR_RULE and s not in self.cidrs}:
            yield Owed(f"our group lets in {extra}, no CIDR of the VPC any more", _by("less", "disturb"))
