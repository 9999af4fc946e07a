"""What does AWS charge, where? List prices of one region in US dollars, with their date."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal

HOURS = 730
"""Of a month, as AWS's own calculator has it: 365 days of 24 hours, by 12."""
GB = 1024**3
"""Bytes of what AWS bills as a GB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    above: int
    """GB of a month in a region from which on the price holds."""
    price: Decimal
    """Per GB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    region: str
    date: str
    """ISO 8601: the day on which they were AWS's."""
    endpoint_hour: Decimal
    """An interface endpoint, per zone. Gateway endpoints are free.
    https://aws.amazon.com/privatelink/pricing/"""
    endpoint_gb: tuple[Tier, ...]
    """Data through interface endpoints; lowest tier first, which starts at 0."""
    nat_hour: Decimal
    """https://aws.amazon.com/vpc/pricing/"""
    nat_gb: Decimal
    public_ipv4_hour: Decimal
    """A public IPv4 address in use, as every public NAT gateway has one."""

    def __str__(self) -> str:
        return f"list prices of {self.region}, {self.date}"
