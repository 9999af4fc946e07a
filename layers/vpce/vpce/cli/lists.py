"""Which endpoints are there, which could be, and at what price?"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from vpce.aws.clients import client
from vpce.aws.pricelist import HOME as PRICES_HOME
from vpce.catalogue import Listing
from vpce.cli.common import (
    FAILED,
    FINE,
    CannotError,
    Parents,
    find,
    price_source_of,
    profiles_of,
    surroundings_of,
    write,
)
from vpce.core.dns import served_centrally
from vpce.core.idle import DAYS
from vpce.core.network import NAMES, Facet
from vpce.core.price_table import as_document as prices_document
from vpce.core.price_table import as_text as prices_as_text
from vpce.core.profile import did_you_mean
from vpce.core.status import as_text as status_text
from vpce.core.status import document, status_of, used

if TYPE_CHECKING:
    from vpce.core.status import Row


def add(commands: Any, parents: Parents) -> None:
    command = commands.add_parser("status", parents=[parents.looks], help="the endpoints of a VPC, or of all VPCs")
    command.add_argument("vpc", metavar="VPC", nargs="?", help="id of the VPC")
    command.add_argument("--region", help="the VPCs' region")
    command.add_argument("--traffic", action="store_true", help="whether anybody uses them, as CloudWatch has counted")
    command.add_argument(
        "--days", type=_days, default=DAYS, metavar="N", help="that traffic is counted in (default: %(default)s)"
    )
    command.set_defaults(command=_status)
    command = commands.add_parser("services", parents=[parents.looks], help="the endpoint services of a region")
    command.add_argument("text", metavar="TEXT", nargs="?", help="a name, as AWS, boto3 or people have it; a DNS name")
    command.add_argument("--region", help="default: that of the credentials")
    command.set_defaults(command=_services)
    command = commands.add_parser(
        "profiles", parents=[parents.looks], help="the profiles, what a region has of them, and costs"
    )
    command.add_argument("name", metavar="NAME", nargs="?", help="a profile, or several joined by +")
    command.add_argument("--region", help="default: that of the credentials")
    command.set_defaults(command=_list_profiles)
    command = commands.add_parser(
        "prices", parents=[parents.out, parents.priced], help="what AWS charges where, and what that means"
    )
    command.add_argument("--region", action="append", help="may be given several times (default: all)")
    command.add_argument("--refresh", action="store_true", help="make a new table from the AWS Price List API")
    command.add_argument("--out", metavar="FILE", help="where the new table goes")
    command.set_defaults(command=_prices)


def _days(text: str) -> int:
    """CloudWatch keeps sums for 455 days.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#metrics-retention
    """
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 454:  # noqa: PLR2004
        raise argparse.ArgumentTypeError(f"{text!r} is no count of days from 1 to 454")
    return int(text)


def _status(options: argparse.Namespace) -> int:
    around, now = surroundings_of(options), datetime.now(UTC)
    vpcs = [find(around, options.vpc)] if options.vpc else around.observe(now=now)
    own = [vpc for vpc in vpcs if not vpc.is_shared_with_us]
    facets = NAMES | {Facet.METRICS} if options.traffic else NAMES
    networks = around.survey(own, facets, now=now, days=options.days).networks
    rows: list[Row] = []
    for vpc in own:
        there = status_of(vpc, served_centrally(vpc, networks[vpc.id], around.catalog))
        rows += used(there, vpc, networks[vpc.id].activity, around.prices) if options.traffic else there
    print(json.dumps([document(row) for row in rows], indent=1) if options.json else status_text(rows))
    for facet, why in sorted({(f, n.unread[f]) for n in networks.values() for f in NAMES if f in n.unread}):
        print(f"vpce: {facet} could not be read, so what is served from outside may be missing: {why}", file=sys.stderr)
    for why in sorted(
        {n.unread[Facet.METRICS] for n in networks.values() if options.traffic and not n.knows(Facet.METRICS)}
    ):
        print(f"vpce: {Facet.METRICS} could not be read: {why}", file=sys.stderr)
    return FINE


def _services(options: argparse.Namespace) -> int:
    listing = Listing(region=options.region, profiles=profiles_of(options), prices_of=price_source_of(options).of)
    print(listing.services(options.text or "", as_json=options.json))
    return FINE


def _list_profiles(options: argparse.Namespace) -> int:
    profiles = profiles_of(options)
    listing = Listing(region=options.region, profiles=profiles, prices_of=price_source_of(options).of)
    print(listing.of_profiles(options.name or "", as_json=options.json))
    broken = profiles.broken.values() if not options.name else ()
    for error in broken:
        print(f"vpce: {error}", file=sys.stderr)
    return FAILED if broken else FINE


def _prices(options: argparse.Namespace) -> int:
    source = price_source_of(options)
    if options.refresh != bool(options.out):
        raise CannotError("--refresh and --out go together: vpce prices --refresh --out FILE")
    if options.refresh:
        write(options.out, source.refreshed(client("pricing", PRICES_HOME), options.region))
        print(f"vpce: {options.out} has what AWS charges today; --prices or VPCE_PRICES use it", file=sys.stderr)
        return FINE
    if options.live_prices and not options.region:
        raise CannotError("which regions' prices? give --region, or a table of all: vpce prices --refresh --out FILE")
    found = [source.of(r) for r in dict.fromkeys(options.region)] if options.region else [*source.table.values()]
    known = [p for p in found if p is not None]
    for region in sorted({*(options.region or ())} - {p.region for p in known}):
        hint = did_you_mean(region, source.table)
        raise CannotError(f"{options.prices or 'the table in the package'} has no region {region}{hint}")
    print(json.dumps(prices_document(known), indent=1) if options.json else prices_as_text(known))
    return FINE
