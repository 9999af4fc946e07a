"""When may the next call go out: AWS's token buckets, kept from our side.

EC2 throttles per account and region: 4 tokens and 0.3 a second each for creating, changing and deleting endpoints,
100 and 20 a second for most describes. Route 53 takes five requests a second of an account, its Resolver five of an
account and region, whatever they ask. Whoever runs into the limit loses calls; whoever counts along loses none.

https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html#limits-api-requests
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

BUCKETS: Mapping[str, tuple[int, float]] = {
    "CreateVpcEndpoint": (4, 0.3),
    "ModifyVpcEndpoint": (4, 0.3),
    "DeleteVpcEndpoints": (4, 0.3),
    "DescribeVpcAttribute": (100, 20.0),
    "Route53": (1, 5.0),
    "Route53Resolver": (1, 5.0),
}
"""Operation, or service for all of its operations → tokens, refill per second. Other calls are too few to matter.
Route 53 documents no burst, so there is none."""

RESERVE = 15.0
"""Seconds kept for the last calls, the notice and the message that goes on."""


class OutOfTimeError(Exception):
    """A look would take longer than the invocation lasts; it is worth another try, and told if it stays so."""


class Pace:
    """The buckets of one place. Keep it as long as the process lives: AWS remembers too."""

    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._buckets = {name: (float(tokens), clock()) for name, (tokens, _) in BUCKETS.items()}
        self._until = float("inf")

    def budget(self, seconds: float) -> Pace:
        """From now on, wait for nothing beyond so many seconds (less a reserve)."""
        self._until = self._clock() + seconds - RESERVE
        return self

    def has(self, seconds: float) -> bool:
        """Whether the budget still holds so many seconds."""
        return self._clock() + seconds < self._until

    def ready(self, operation: str) -> bool:
        """Wait for a token. False, without waiting, if it would come after the budget: leave the call for later."""
        if self._clock() + self._delay(operation) >= self._until:
            return False
        if delay := self._delay(operation):
            self._sleep(delay)
        return True

    def spent(self, operation: str) -> None:
        """The call was answered. AWS took the token some time before: counted from now, we never think it has more."""
        if operation in BUCKETS:
            now = self._clock()
            self._buckets[operation] = (self._tokens(operation, now) - 1, now)

    def refused(self, operation: str) -> None:
        """AWS said no: somebody else drinks from the bucket, so count it as empty."""
        if operation in BUCKETS:
            self._buckets[operation] = (0.0, self._clock())

    def _delay(self, operation: str) -> float:
        if operation not in BUCKETS:
            return 0.0
        return max(0.0, (1 - self._tokens(operation, self._clock())) / BUCKETS[operation][1])

    def _tokens(self, operation: str, now: float) -> float:
        tokens, since = self._buckets[operation]
        capacity, refill = BUCKETS[operation]
        return min(float(capacity), tokens + (now - since) * refill)
