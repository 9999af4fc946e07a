"""Does a client in a VPC reach a name privately? The name's way, the packet's way, and what both come to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from vpce.core.dns import Hop, Leads, Mark, Resolution, example_of, patterns_of, resolve
from vpce.core.model import Kind
from vpce.core.notice import plain
from vpce.core.way import way

if TYPE_CHECKING:
    from vpce.core.model import Catalog, Vpc
    from vpce.core.network import Network


class Reach(StrEnum):
    PRIVATE = "reached privately"
    PUBLIC = "reached by public addresses, out of the VPC"
    BROKEN = "not reached as it should be"
    UNKNOWN = "cannot be told from here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    vpc: Vpc
    resolution: Resolution
    way: tuple[Hop, ...]

    @property
    def hops(self) -> tuple[Hop, ...]:
        return (*self.resolution.hops, *self.way)

    @property
    def reach(self) -> Reach:
        marks = {h.mark for h in self.hops}
        if Mark.NO in marks:
            return Reach.BROKEN
        if Mark.UNKNOWN in marks or self.resolution.leads is Leads.ELSEWHERE:
            return Reach.UNKNOWN
        if self.resolution.leads in {Leads.ENDPOINT, Leads.CENTRAL}:
            return Reach.PRIVATE
        routes = [h.mark for h in self.way if h.what == "route"]
        return Reach.PRIVATE if routes and all(m is Mark.YES for m in routes) else Reach.PUBLIC


def journey(name: str, vpc: Vpc, network: Network, catalog: Catalog) -> Journey:
    """Follow a name, and the packets to where it leads."""
    found = resolve(name, vpc, network, catalog)
    return Journey(vpc=vpc, resolution=found, way=tuple(way(found, vpc, network, catalog)))


def name_of(text: str, catalog: Catalog) -> str | None:
    """A DNS name from what people write: the name itself, or a service's short name; None if it is neither.

    Of a service's names, AWS's usual one: neither FIPS nor the newer ``api.aws``.
    """
    for kind in (Kind.INTERFACE, Kind.GATEWAY):
        offer = catalog.find(text.strip().lower(), kind)
        if offer is not None and (names := list(patterns_of(offer))):
            return example_of(min(names, key=lambda n: (n.startswith("*."), "fips" in n, "api.aws" in n, len(n), n)))
    return text if "." in text.strip(".") else None


_SIGNS = {Mark.YES: "yes", Mark.NO: "NO", Mark.UNKNOWN: "?", Mark.NOTE: "·"}


def as_text(found: Journey) -> str:
    lines = [f"{plain(found.vpc.name)} in {found.vpc.place}", f"  {plain(found.resolution.name)}"]
    lines += [_line(hop) for hop in found.resolution.hops]
    lines.append(f"    → leads to {_leads(found.resolution)}")
    lines += [_line(hop) for hop in found.way]
    lines.append(f"  {found.reach.capitalize()}.")
    return "\n".join(lines)


def _line(hop: Hop) -> str:
    return f"  {_SIGNS[hop.mark]:>5}  {hop.what:<20} {plain(hop.why)}"


def _leads(found: Resolution) -> str:
    target = found.endpoint.id if found.endpoint else found.target
    return f"{found.leads}{f' ({plain(target)})' if target else ''}"


def as_document(found: Journey) -> dict[str, Any]:
    resolution = found.resolution
    return {
        "vpc": found.vpc.id,
        "account": found.vpc.place.account,
        "region": found.vpc.place.region,
        "name": resolution.name,
        "leads": resolution.leads.name.lower(),
        "cause": resolution.cause.name.lower(),
        "decided_by": resolution.decided_by,
        "endpoint": resolution.endpoint.id if resolution.endpoint else None,
        "target": resolution.target,
        "hops": [{"what": h.what, "mark": h.mark.value, "why": h.why} for h in found.hops],
        "reach": found.reach.name.lower(),
    }
