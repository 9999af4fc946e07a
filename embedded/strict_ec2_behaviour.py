"""How like AWS do EC2 and the DNS around it behave at this moment? Times, page sizes, quotas, offers and token buckets.

Where AWS documents two ways, or none, a switch has both; the first value is the one that holds unless a test says so.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html: these three calls share figures, not a bucket.
BUCKET_TOKENS = 4.0
BUCKET_REFILL = 0.3  # tokens a second
DNS_REQUESTS = 5.0  # Route 53 DeveloperGuide, DNSLimitations.html: a second, of an account; of Resolver, and a Region

LOCK = threading.RLock()  # moto's server answers in threads; its dictionaries are not made for that


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How EC2 behaves. Times are in seconds; the quotas are the defaults of the PrivateLink guide."""

    pending: float = 0.0  # pending -> available
    deleting: float = 0.0  # deleting -> gone
    lag: float = 0.0  # made -> seen: for so long, lists and calls that name it know no new endpoint or security group
    attribute_lag: float = 0.0  # DNS attribute set -> believed by calls that want private DNS
    page_size: int = 1000  # the largest page of any listing
    interface_quota: int = 50  # per VPC
    gateway_quota: int = 20  # per Region
    leaving_counts: bool = True  # whether quotas are also about endpoints that are being deleted
    zones: Mapping[str, frozenset[str]] = field(default_factory=dict)  # service name -> the only zones supporting it
    missing_services: frozenset[str] = frozenset()  # service names this Region does not offer
    buckets: bool = False  # whether calls that change endpoints, and all of Route 53 and Resolver, are throttled
    hidden: frozenset[str] = frozenset()  # network interfaces that the service which manages them does not show
    shared: Mapping[str, str] = field(default_factory=dict)  # VPC shared with this account -> its owner's account
    spelling: Literal["ID", "Id"] = "ID"  # of InvalidVpcID.NotFound and the others that AWS spells in two ways
    route_exists: Literal["RouteAlreadyExists", "InvalidParameter"] = "RouteAlreadyExists"
    rewrites_policies: bool = False  # whether lists show a policy in another order and spelling than it came in
    mixed_tables: bool = False  # whether a dual-stack gateway takes route tables of subnets without IPv6
    deleted_token: Literal["old", "new"] = "old"  # what the client token of a deleted endpoint brings
    hidden_zones: bool = False  # whether ListHostedZonesByVPC shows the zones that hold endpoints' private names
    applied_quotas: bool = True  # whether GetServiceQuota knows quotas that nobody has raised
    clock: Callable[[], float] = time.time


AS_DOCUMENTED = Behaviour()


@dataclass(slots=True, kw_only=True)
class _Present:
    behaviour: Behaviour = AS_DOCUMENTED


_PRESENT = _Present()


def present() -> Behaviour:
    return _PRESENT.behaviour


def behave_as(behaviour: Behaviour) -> Behaviour:
    """Takes over a behaviour for the whole process and returns the one before."""
    with LOCK:
        before, _PRESENT.behaviour = _PRESENT.behaviour, behaviour
    return before


def now() -> float:
    return _PRESENT.behaviour.clock()


def seen_from() -> float:
    """From when on the others see what is made at this moment."""
    lag = present().lag
    return now() + lag if lag else 0.0


def is_seen(thing: Any) -> bool:
    """https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html: a new thing may not be visible yet."""
    return now() >= float(getattr(thing, "seen_at", 0.0))


@dataclass(slots=True, kw_only=True)
class Bucket:
    capacity: float = BUCKET_TOKENS
    refill: float = BUCKET_REFILL
    taken: float = 0.0
    at: float = field(default_factory=now)

    def take(self) -> bool:
        moment = now()
        self.taken = max(0.0, self.taken - (moment - self.at) * self.refill)
        self.at = moment
        if self.taken > self.capacity - 1:
            return False
        self.taken += 1
        return True
