"""Which endpoints are there? The table that people otherwise put together by hand."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields
from typing import TYPE_CHECKING

from vpce.core.model import Kind, short_name
from vpce.core.notice import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from vpce.core.model import Endpoint, Vpc


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


def as_text(rows: Iterable[Row]) -> str:
    """Columns as wide as they need to be."""
    head = tuple(f.name.replace("_", " ") for f in fields(Row))
    return columns([head, *(tuple(plain(cell) for cell in astuple(r)) for r in rows)])


def columns(table: Sequence[tuple[str, ...]]) -> str:
    """Lines, the first of which is the head; every column as wide as it needs to be."""
    head = table[0]
    widths = [max(len(line[column]) for line in table) for column in range(len(head))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in table)
