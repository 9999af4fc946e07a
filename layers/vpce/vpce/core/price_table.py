"""List prices as people and machines read them, with what they make of an endpoint beside a NAT gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vpce.core.cost import break_even
from vpce.core.status import columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from vpce.core.prices import Prices

ZONES = (1, 2, 3)
"""What endpoints are priced for, where nobody says how many."""
_HEAD = ("region", "date", "endpoint/h", "endpoint/GB", "NAT/h", "NAT/GB", "IPv4/h", "1 zone", "2 zones", "3 zones")


def as_text(table: Iterable[Prices]) -> str:
    """A line for each region; a question mark at what nobody has proved."""
    rows = sorted(table, key=lambda p: p.region)
    lines = [columns([_HEAD, *(tuple(_cells(p)) for p in rows)]), "", *_notes(rows)]
    return "\n".join(lines)


def _cells(prices: Prices) -> Iterator[str]:
    yield prices.region
    yield prices.date
    for field in ("endpoint_hour", "endpoint_gb", "nat_hour", "nat_gb", "public_ipv4_hour"):
        amount = prices.endpoint_gb[0].price if field == "endpoint_gb" else getattr(prices, field)
        yield f"{amount}{'?' if field in prices.unproven else ''}"
    for zones in ZONES:
        gb = break_even(prices, zones)
        yield "never" if gb is None else f"{gb:.0f} GB"


def _notes(rows: Iterable[Prices]) -> Iterator[str]:
    yield "US dollars. Interface endpoints by zone, with the first tier of their data; gateway endpoints are free."
    yield "zones: GB a month above which an interface endpoint costs less than a NAT gateway that stays, at 730 hours."
    if any(p.unproven for p in rows):
        yield "?: nobody has proved it; the table says what was taken. vpce prices --refresh asks AWS."


def as_document(table: Iterable[Prices]) -> list[dict[str, Any]]:
    """Amounts are texts, in US dollars; break-evens are GB a month, or null for never."""
    return [
        {
            "region": p.region,
            "date": p.date,
            "source": p.source,
            "unproven": [*p.unproven],
            "endpoint_hour": str(p.endpoint_hour),
            "endpoint_gb": [{"above": t.above, "price": str(t.price)} for t in p.endpoint_gb],
            "nat_hour": str(p.nat_hour),
            "nat_gb": str(p.nat_gb),
            "public_ipv4_hour": str(p.public_ipv4_hour),
            "break_even_gb": {
                str(zones): None if (gb := break_even(p, zones)) is None else f"{gb:.1f}" for zones in ZONES
            },
        }
        for p in sorted(table, key=lambda p: p.region)
    ]
