"""What does AWS charge, where? List prices of one region in US dollars, with their date; and a table of them.

The table is TOML, a table for each region; `vpce.aws.pricelist` gets it, from the package or from AWS.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

HOURS = 730
"""Of a month, as AWS's own calculator has it: 365 days of 24 hours, by 12."""
GB = 1024**3
"""Bytes of what AWS bills as a GB."""


class PricesError(Exception):
    """A table of prices cannot be used; the message names it, the region and the field."""


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
    source: str = ""
    """Where they were found."""
    unproven: tuple[str, ...] = ()
    """Fields that nobody found, and that were taken from what holds in other regions; `source` says how."""

    def __str__(self) -> str:
        return f"list prices of {self.region}, {self.date}"

    @property
    def with_doubts(self) -> str:
        """The same, and which of them nobody found; for where all of them count."""
        doubt = f" (unproven: {', '.join(self.unproven)})" if self.unproven else ""
        return f"{self}{doubt}"


_AMOUNTS = ("endpoint_hour", "nat_hour", "nat_gb", "public_ipv4_hour")
_FIELDS = frozenset({"date", "source", "unproven", "endpoint_gb", *_AMOUNTS})


def read_prices(text: str, source: str) -> Mapping[str, Prices]:
    """Region → its prices.

    Args:
        text: TOML, as `prices_text` writes it.
        source: what to call it in errors.

    Raises:
        PricesError: it is not such a table; one wrong row makes all of it unusable.

    """
    try:
        table = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise PricesError(f"{source} is no TOML: {error}") from error
    if not table:
        raise PricesError(f"{source} has no region")
    return {region: _row(region, row, f"{source}: [{region}]") for region, row in sorted(table.items())}


def _row(region: str, row: Any, where: str) -> Prices:
    if not isinstance(row, Mapping):
        raise PricesError(f"{where} is no table; write a table for each region")
    if unknown := sorted(row.keys() - _FIELDS):
        raise PricesError(f"{where} has {', '.join(unknown)}, which is no field; known: {', '.join(sorted(_FIELDS))}")
    if missing := sorted(_FIELDS - {"source", "unproven"} - row.keys()):
        raise PricesError(f"{where} lacks {', '.join(missing)}")
    if type(row["date"]) is not date:
        raise PricesError(f"{where} date: {row['date']!r} is no date; write 2026-09-21, without quotes")
    unproven = row.get("unproven", [])
    if not isinstance(unproven, list) or not all(f in (*_AMOUNTS, "endpoint_gb") for f in unproven):
        raise PricesError(f"{where} unproven: {unproven!r} is no list of this row's prices")
    if not isinstance(row.get("source", ""), str):
        raise PricesError(f"{where} source: {row['source']!r} is no text")
    return Prices(
        region=region,
        date=row["date"].isoformat(),
        source=row.get("source", ""),
        endpoint_gb=_tiers(row["endpoint_gb"], f"{where} endpoint_gb"),
        unproven=tuple(sorted(unproven)),
        **{name: _amount(row[name], f"{where} {name}") for name in _AMOUNTS},
    )


def _amount(value: Any, where: str) -> Decimal:
    # NaN and infinity are TOML, too.
    if type(value) not in {int, Decimal} or not Decimal(value).is_finite() or value < 0:
        raise PricesError(f"{where}: {value!r} is no price; write US dollars, as 0.045")
    return Decimal(value)


def _tiers(value: Any, where: str) -> tuple[Tier, ...]:
    if not isinstance(value, list) or not all(isinstance(t, list) and len(t) == len(("above", "price")) for t in value):
        raise PricesError(f"{where}: {value!r} is no list of tiers; write [[0, 0.01], [1048576, 0.006]]")
    if not all(type(above) is int for above, _ in value) or [a for a, _ in value] != sorted(
        {0, *(a for a, _ in value)}
    ):
        raise PricesError(f"{where}: tiers begin at 0 GB, and each further one above the one before")
    return tuple(Tier(above=above, price=_amount(price, where)) for above, price in value)


def prices_text(table: Iterable[Prices], head: str) -> str:
    """The table as `read_prices` reads it, under a comment."""
    lines = [f"# {line}".rstrip() for line in head.splitlines()]
    for prices in sorted(table, key=lambda p: p.region):
        tiers = ", ".join(f"[{t.above}, {t.price}]" for t in prices.endpoint_gb)
        lines += [
            "",
            f"[{prices.region}]",
            f"date = {prices.date}",
            f"endpoint_hour = {prices.endpoint_hour}",
            f"endpoint_gb = [{tiers}]",
            f"nat_hour = {prices.nat_hour}",
            f"nat_gb = {prices.nat_gb}",
            f"public_ipv4_hour = {prices.public_ipv4_hour}",
            *([f"source = {_quoted(prices.source)}"] if prices.source else []),
            *([f"unproven = [{', '.join(map(_quoted, prices.unproven))}]"] if prices.unproven else []),
        ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    plain = re.sub(r"[\x00-\x1f\x7f]", " ", text)
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
