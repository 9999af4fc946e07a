"""Which endpoints are there? The table that people otherwise put together by hand."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from vpce.core.cost import data_month, dollars, endpoint_month, monthly_gb, number
from vpce.core.idle import Use
from vpce.core.model import Kind, short_name
from vpce.core.notice import plain
from vpce.core.plan import as_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from decimal import Decimal

    from vpce.core.idle import Activity
    from vpce.core.model import Endpoint, Vpc
    from vpce.core.prices import Prices


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One endpoint, or a service that is served from outside the VPC."""

    vpc: str
    service: str
    type: str
    endpoint: str
    state: str
    zones: str
    """Letters of its zones; for a gateway how many of the route tables that subnets use it is on."""
    private_dns: str
    owner: str
    """ours, foreign, central, or AWS for what an AWS service keeps."""


def status_of(vpc: Vpc, central: Mapping[str, str]) -> list[Row]:
    """The rows of a VPC, by service.

    Args:
        vpc: as it is.
        central: interface services (AWS's full names) served from outside → by what.

    """
    rows = [_row(vpc, e) for e in vpc.endpoints if e.state != "deleted"]
    for service, why in central.items():
        name = short_name(service, vpc.place.region)
        rows.append(
            Row(
                vpc=vpc.id,
                service=name,
                type="-",
                endpoint=why.removeprefix(f"{name} leads to "),
                state="-",
                zones="-",
                private_dns="-",
                owner="central",
            )
        )
    return sorted(rows, key=lambda r: (r.vpc, r.service, r.type, r.endpoint))


def _row(vpc: Vpc, endpoint: Endpoint) -> Row:
    return Row(
        vpc=vpc.id,
        service=short_name(endpoint.service, vpc.place.region),
        type=endpoint.kind.value,
        endpoint=endpoint.id,
        state=endpoint.state,
        zones=_tables(vpc, endpoint) if endpoint.kind is Kind.GATEWAY else _zones(vpc, endpoint),
        private_dns=_private_dns(endpoint),
        owner="ours" if endpoint.is_ours else "AWS" if endpoint.requester_managed else "foreign",
    )


def _tables(vpc: Vpc, endpoint: Endpoint) -> str:
    used = {t.id for s in vpc.subnets if (t := vpc.route_table_of(s)) is not None}
    return f"{len(used & endpoint.route_tables)} of {len(used)} tables"


def _zones(vpc: Vpc, endpoint: Endpoint) -> str:
    zones = {vpc.subnet_by_id[s].zone for s in endpoint.subnets if s in vpc.subnet_by_id}
    return " ".join(sorted(z.removeprefix(vpc.place.region) for z in zones)) or "none"


def _private_dns(endpoint: Endpoint) -> str:
    if endpoint.kind is Kind.GATEWAY:
        return "-"
    if endpoint.inbound_resolver_only and endpoint.private_dns:
        return "inbound only"
    return "on" if endpoint.private_dns else "off"


# ---- and what goes through them -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Used(Row):
    """A row, and whether anybody uses the endpoint."""

    activity: Activity | None
    """None for what is no endpoint of the VPC."""
    cost: Decimal | None
    """US dollars a month, by the hour and for the data; None where no price is known."""
    prices: str
    """Of where and when; empty where none is known."""


def used(rows: Iterable[Row], vpc: Vpc, activity: Mapping[str, Activity], prices: Prices | None) -> list[Used]:
    """The rows of a VPC, with what CloudWatch has counted.

    Data are at the prices of a region's first tiers: nobody sees here what goes through the region's other endpoints.
    """
    zones = {e.id: len(e.subnets) for e in vpc.endpoints if e.kind is Kind.INTERFACE and not e.requester_managed}
    return [
        Used(
            **{f.name: getattr(row, f.name) for f in fields(Row)},
            activity=activity.get(row.endpoint),
            cost=_cost(zones.get(row.endpoint, 0), activity.get(row.endpoint), prices),
            prices=str(prices or ""),
        )
        for row in rows
    ]


def _cost(zones: int, activity: Activity | None, prices: Prices | None) -> Decimal | None:
    if prices is None:
        return None
    counted = activity.bytes if activity and zones else None
    data = data_month(prices, monthly_gb(counted, activity.days)) if activity and counted else 0
    return endpoint_month(prices, zones) + data


def document(row: Row) -> dict[str, Any]:
    """For machines."""
    plain_row = {f.name: getattr(row, f.name) for f in fields(Row)}
    if not isinstance(row, Used):
        return plain_row
    activity = row.activity
    return plain_row | {
        "use": activity.use if activity else None,
        "bytes": activity.bytes if activity else None,
        "days": round(activity.days, 2) if activity else None,
        "bytes_per_month": activity.per_month if activity else None,
        "usd_per_month": number(row.cost) if row.cost is not None else None,
        "prices": row.prices,
        "why": activity.why if activity else None,
    }


# ---- as text ------------------------------------------------------------------------------------------------------


def as_text(rows: Sequence[Row]) -> str:
    """Columns as wide as they need to be; and below, whose prices they are, and why what is unknown is."""
    head = [f.name.replace("_", " ") for f in fields(Row)]
    if any(isinstance(row, Used) for row in rows):
        head += ["use", "bytes", "per month", "costs"]
    table = columns([tuple(head), *(tuple(plain(cell) for cell in _cells(row)) for row in rows)])
    prices = sorted({row.prices for row in rows if isinstance(row, Used) and row.prices})
    return "\n".join([table, *(f"costs a month, hours and data: {p}" for p in prices), *_unknown(rows)])


def _cells(row: Row) -> list[str]:
    cells = [str(getattr(row, f.name)) for f in fields(Row)]
    if not isinstance(row, Used):
        return cells
    if row.activity is None:
        return [*cells, "-", "-", "-", "-"]
    counted = [_as_bytes(row.activity.bytes), _as_bytes(row.activity.per_month)]
    return [*cells, row.activity.use, *counted, dollars(row.cost) if row.cost is not None else "-"]


def _as_bytes(count: int | None) -> str:
    return "-" if count is None else as_bytes(count)


def _unknown(rows: Iterable[Row]) -> Iterable[str]:
    """Each reason once."""
    whys: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if isinstance(row, Used) and row.activity and row.activity.use is Use.UNKNOWN:
            whys[row.activity.why].append(row.endpoint)
    return (f"unknown, since {why}: {', '.join(sorted(endpoints))}" for why, endpoints in sorted(whys.items()))


def columns(table: Sequence[tuple[str, ...]]) -> str:
    """Lines, the first of which is the head; every column as wide as it needs to be."""
    head = table[0]
    widths = [max(len(line[column]) for line in table) for column in range(len(head))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in table)
