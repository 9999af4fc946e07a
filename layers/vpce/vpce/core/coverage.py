"""How does a VPC have each service: ours, foreign, central, missing, broken? One row of the report's matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vpce.core.model import Kind, short_name
from vpce.core.plan import CreateEndpoint
from vpce.core.report import Cell, Coverage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vpce.core.checks import Checked, Subject

_RANK = (Cell.OURS, Cell.FOREIGN, Cell.CENTRAL, Cell.BROKEN, Cell.MISSING)
"""Of several endpoints of one service, the first that serves is what the VPC has."""


def cell_name(service: str, kind: Kind) -> str:
    """What a column of the matrix is called: S3 and DynamoDB have two."""
    return f"{service} (gateway)" if kind is Kind.GATEWAY else service


def coverage_of(subject: Subject, checked: Checked, central: Mapping[str, str]) -> Coverage:
    """The row of a VPC.

    Args:
        subject: the VPC with its plan.
        checked: what its checks found.
        central: interface services (AWS's full names) served from outside the VPC → by what.

    """
    cells: dict[str, Cell] = {}
    for name, cell in (*_there(subject, checked), *_elsewhere(subject, central), *_missing(subject)):
        cells[name] = min(cells.get(name, cell), cell, key=_RANK.index)
    vpc, plan = subject.vpc, subject.plan
    profile = plan.wish.profile if plan and subject.follows_a_profile else None
    return Coverage(
        place=vpc.place,
        vpc=vpc.id,
        vpc_name=vpc.tags.get("Name", ""),
        profile=profile.name if profile else "",
        cells=cells,
    )


def _there(subject: Subject, checked: Checked) -> Iterator[tuple[str, Cell]]:
    for endpoint in subject.vpc.endpoints:
        if endpoint.is_leaving:
            continue
        is_broken = endpoint.is_broken or endpoint.id in checked.broken
        cell = Cell.BROKEN if is_broken else Cell.OURS if endpoint.is_ours else Cell.FOREIGN
        yield cell_name(subject.short(endpoint), endpoint.kind), cell


def _elsewhere(subject: Subject, central: Mapping[str, str]) -> Iterator[tuple[str, Cell]]:
    for service in central:
        yield cell_name(short_name(service, subject.vpc.place.region), Kind.INTERFACE), Cell.CENTRAL


def _missing(subject: Subject) -> Iterator[tuple[str, Cell]]:
    if subject.plan is None:
        return
    for action in subject.plan.actions:
        if isinstance(action, CreateEndpoint):
            yield cell_name(action.service, action.offer.kind), Cell.MISSING
    for shortfall in subject.plan.shortfalls if subject.follows_a_profile else ():
        if shortfall.is_required and not shortfall.zone:
            yield cell_name(shortfall.service, shortfall.kind), Cell.MISSING
