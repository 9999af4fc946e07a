"""Does anybody use an interface endpoint? Active, idle or unknown, by the bytes that CloudWatch has counted.

    what is known of it                                          use
    -----------------------------------------------------------  -------
    more bytes than `NOISE`                                      active
    CloudWatch could not be asked, or does not count such        unknown
    fewer than `FEWEST` days were looked at                      unknown
    it is younger than the days looked at, or of unknown age     unknown
    nothing was counted of any other endpoint of the place       unknown
    all else                                                     idle

Silence is no proof: CloudWatch has no data of an endpoint that got no packet, and none either where it counts nothing.
https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-cloudwatch-metrics.html
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from vpce.core.model import IDLE_TAG, Kind, moment, short_name
from vpce.core.notice import count
from vpce.core.plan import as_bytes
from vpce.core.prices import HOURS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from vpce.core.model import Endpoint, Vpc

DAYS = 30
"""That are looked at if nobody says otherwise: what runs once a month is in use."""
FEWEST = 14
"""Days of silence that say something: a fortnight has every day of the week twice."""
NOISE = 2000
"""Bytes within all the days: no TLS handshake fits in, for a server's certificates are longer; a port scan does."""
SELF_KEPT = frozenset({"guardduty-data", "guardduty-data-fips"})
"""Services that are called only where an agent runs, and whose endpoints may be there before one does.
https://docs.aws.amazon.com/guardduty/latest/ug/runtime-monitoring-shared-vpc.html"""
EXPECTED = "expected"
"""The value of `IDLE_TAG`, on an endpoint or its VPC: it is there for the day when another way fails."""


class Use(StrEnum):
    ACTIVE = "active"
    IDLE = "idle"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What CloudWatch tells of one endpoint."""

    endpoint: str
    use: Use
    bytes: int | None
    """In both directions; None where nothing is known."""
    days: float
    """That the bytes were counted in, the last one unfinished; no more than it has lived."""
    why: str

    @property
    def per_month(self) -> int | None:
        """Bytes, at the pace of these days."""
        return None if self.bytes is None else round(self.bytes * HOURS / (24 * self.days))


def window(now: datetime, days: int = DAYS) -> tuple[datetime, datetime]:
    """From when until when to count: so many whole days in UTC, as CloudWatch sums them up, and today so far."""
    until = now.astimezone(UTC)
    return until.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days), until


def activities(
    vpcs: Iterable[Vpc], counted: Mapping[str, int] | None, *, since: datetime, until: datetime
) -> dict[str, Activity]:
    """By endpoint, those of all VPCs that are not deleted.

    Args:
        vpcs: as they were observed.
        counted: endpoint → bytes, of the whole place; those that nothing could be asked of are left out. None: nothing
            could be read.
        since: when the count begins.
        until: when it ends.

    """
    there = ((vpc, endpoint) for vpc in vpcs for endpoint in vpc.endpoints if endpoint.state != "deleted")
    return {e.id: _activity(e, _uncounted(e, vpc.place.region), counted, since, until) for vpc, e in there}


def _uncounted(endpoint: Endpoint, region: str) -> str:
    """Why CloudWatch does not count such endpoints; empty where it does.

    https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-cloudwatch-metrics.html
    """
    if endpoint.kind is Kind.GATEWAY:
        return "CloudWatch counts no gateway endpoints"
    if endpoint.service_region not in {"", region}:
        return "CloudWatch counts no endpoints of another region's services"
    return ""


def _activity(
    endpoint: Endpoint, uncounted: str, counted: Mapping[str, int] | None, since: datetime, until: datetime
) -> Activity:
    number = counted.get(endpoint.id) if counted else None
    made = moment(endpoint.created)
    days = max(until - max(made or since, since), timedelta(hours=1)) / timedelta(days=1)
    within = f"in {count(round(days), 'day')}" if days >= 1 else "in less than a day"
    told = f"{as_bytes(number or 0)} {within}"
    if number is not None and number > NOISE:
        use, why = Use.ACTIVE, told
    elif doubt := uncounted or _doubt(endpoint, counted, since, until):
        use, why = Use.UNKNOWN, doubt if number is None else f"{told}, but {doubt}"
    else:
        use, why = Use.IDLE, f"{told}, less than one TLS handshake" if number else f"no packet {within}"
    return Activity(endpoint=endpoint.id, use=use, bytes=number, days=days, why=why)


def _doubt(endpoint: Endpoint, counted: Mapping[str, int] | None, since: datetime, until: datetime) -> str:
    """Why its silence tells nothing; empty where it does."""
    created = moment(endpoint.created)
    if counted is None:
        return "CloudWatch could not be read"
    if not any(number > NOISE for number in counted.values()):
        return "CloudWatch has counted no traffic of any endpoint here"
    if endpoint.id not in counted:
        return "nobody knows how to ask CloudWatch for it"
    if until - since < timedelta(days=FEWEST):
        return f"less than {FEWEST} days tell nothing"
    if created is None:
        return "EC2 does not tell how old it is"
    return f"it was made on {created:%Y-%m-%d}" if created > since else ""


def is_expected(endpoint: Endpoint, vpc: Vpc) -> bool:
    """Whether nobody need use it: a tag says so, or what it is for."""
    return short_name(endpoint.service, vpc.place.region) in SELF_KEPT or _is_said_so(endpoint, vpc)


def _is_said_so(endpoint: Endpoint, vpc: Vpc) -> bool:
    return _says(endpoint, vpc).strip().lower() == EXPECTED


def misspelt(endpoint: Endpoint, vpc: Vpc) -> str:
    """What is wrong with such a tag, in words; empty for nothing."""
    text = _says(endpoint, vpc)
    return (
        f"{IDLE_TAG} = {text!r} means nothing; the word is '{EXPECTED}'"
        if text and not _is_said_so(endpoint, vpc)
        else ""
    )


def _says(endpoint: Endpoint, vpc: Vpc) -> str:
    return endpoint.idle_tag or vpc.tags.get(IDLE_TAG, "")
