"""How like AWS does EC2 behave at this moment? Times, page sizes, quotas, offers and token buckets."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html: these three calls share figures, not a bucket.
BUCKET_TOKENS = 4.0
BUCKET_REFILL = 0.3  # tokens a second

LOCK = threading.RLock()  # moto's server answers in threads; its dictionaries are not made for that


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How EC2 behaves. Times are in seconds; the quotas are the defaults of the PrivateLink guide."""

    pending: float = 0.0  # pending -> available
    deleting: float = 0.0  # deleting -> gone
    page_size: int = 1000  # the largest page of any listing
    interface_quota: int = 50  # per VPC
    gateway_quota: int = 20  # per Region
    zones: Mapping[str, frozenset[str]] = field(default_factory=dict)  # service name -> the only zones supporting it
    missing_services: frozenset[str] = frozenset()  # service names this Region does not offer
    buckets: bool = False  # whether calls that change endpoints are throttled
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


@dataclass(slots=True, kw_only=True)
class Bucket:
    tokens: float = BUCKET_TOKENS
    at: float = field(default_factory=now)

    def take(self) -> bool:
        moment = now()
        self.tokens = min(BUCKET_TOKENS, self.tokens + (moment - self.at) * BUCKET_REFILL)
        self.at = moment
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True
