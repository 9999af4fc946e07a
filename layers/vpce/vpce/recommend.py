"""What is a VPC's private access worth? Its surroundings, its logs and AWS's prices, put together for advice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vpce.core.dns import served_centrally
from vpce.core.network import NAMES, Facet
from vpce.core.profile import ProfileError
from vpce.core.recommend import Case

if TYPE_CHECKING:
    from vpce.core.evidence import Evidence
    from vpce.core.model import Vpc
    from vpce.core.network import Network
    from vpce.reconcile import Surroundings

FACETS = NAMES | {Facet.NATS, Facet.METRICS}
"""Of a network, what a recommendation looks at."""


def case_of(around: Surroundings, vpc: Vpc, network: Network, evidence: Evidence | None = None) -> Case:
    """What is known of a VPC; what could not be read is None or empty in it, and so never counted."""
    return Case(
        vpc=vpc,
        catalog=around.catalog,
        profiles=around.profiles,
        prices=around.prices,
        zones=_zones(around, vpc),
        evidence=evidence,
        activity=network.activity,
        nats=tuple(n for n in network.nat_gateways if n.state != "deleting") if network.knows(Facet.NATS) else None,
        nat_bytes=network.nat_bytes,
        nat_days=network.counted_days,
        central=served_centrally(vpc, network, around.catalog),
    )


def _zones(around: Surroundings, vpc: Vpc) -> int | None:
    try:
        return around.wish(vpc).zones
    except ProfileError:
        return None  # its tags mean nothing, which the audit tells
