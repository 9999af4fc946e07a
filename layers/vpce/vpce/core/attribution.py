"""Whose bytes are these? Flows joined to the names that their clients had asked for.

A flow is joined by what is known of its far address, the first that tells:

    an interface endpoint of the VPC has the address              that service, inside
    the client asked for a service and got the address            that service
    somebody in the VPC did, and nobody got it for another        that service
    the flow log, or ip-ranges.json, says S3 or DYNAMODB          s3, dynamodb
    a name of AWS, or the address, that no service is known for   AWS, unattributed
    anything else                                                 other
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from vpce.core.evidence import Evidence, Source
    from vpce.core.flowlog import Flow
    from vpce.core.model import Catalog
    from vpce.core.querylog import Query

AWS, OTHER = "*", ""
"""Instead of a service: a name of AWS's that no endpoint service has, and anybody else's name."""


class Names:
    """DNS names of the services of a region, as its catalog has them."""

    def __init__(self, catalog: Catalog) -> None:
        raise NotImplementedError

    def service(self, name: str) -> str:
        """Short name of the service that is called by the name; `AWS`, or `OTHER`."""
        raise NotImplementedError


class Range(NamedTuple):
    region: str
    codes: frozenset[str]
    """``AMAZON``, ``S3`` …"""


class Ranges:
    """AWS's public addresses; without any, nothing is known of any address."""

    def __init__(self, prefixes: Iterable[tuple[str, str, str]] = (), date: str = "") -> None:
        """From (CIDR, region, code); `date` as the file has it."""
        raise NotImplementedError

    def of(self, address: str) -> Range | None:
        """None where AWS has not published it. Raises ValueError where it is no address."""
        raise NotImplementedError


def read_ranges(text: str) -> Ranges:
    """From the text of ip-ranges.json. Raises ValueError that says what is wrong with it.

    https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-syntax.html
    """
    raise NotImplementedError


class Attribution:
    """Evidence as it grows: first all queries, in any order, then all flows, in any order."""

    def __init__(
        self,
        vpc: str,
        since: datetime,
        until: datetime,
        names: Names,
        ranges: Ranges,
        *,
        vpc_cidrs: Collection[str],
        endpoint_addresses: Mapping[str, str] | None = None,
        skip_interfaces: Collection[str] = (),
        gateways: Collection[str] = (),
        skew: int = 60,
    ) -> None:
        """For one VPC.

        Args:
            vpc: its id; records that name another are not counted, those that name none are.
            since: what starts before is not counted; answers to earlier queries are remembered, though.
            until: what starts then or later is not counted.
            names: of the region's services.
            ranges: empty where ip-ranges.json is not at hand.
            vpc_cidrs: IPv4 and IPv6; what is not in them is no client.
            endpoint_addresses: address of an interface endpoint's interface → short name of its service.
            skip_interfaces: ids of interfaces of NAT gateways, endpoints and the like, whose records are others' again.
            gateways: short names of the services that the VPC has a gateway endpoint for.
            skew: seconds by which the clocks of the two logs may differ.

        """
        raise NotImplementedError

    def query(self, query: Query) -> str:
        """Why the query does not count; empty if it does."""
        raise NotImplementedError

    def flow(self, flow: Flow) -> str:
        """Why the flow does not count; empty if it does. It counts whole at the time of its start."""
        raise NotImplementedError

    def evidence(self, sources: Iterable[Source], gaps: Iterable[str] = (), better: Iterable[str] = ()) -> Evidence:
        """What is known by now, with what the readers of the logs have to tell; our own gaps come after theirs."""
        raise NotImplementedError
