"""What can be had in a region, at a terminal: its endpoint services, and the profiles."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from vpce.aws.catalog import read_catalog
from vpce.aws.clients import client
from vpce.aws.parameters import shipped_profiles
from vpce.aws.pricelist import prices_of
from vpce.aws.sdk import sdk_clients
from vpce.core.catalogue import (
    priced,
    profiles_document,
    profiles_text,
    services_document,
    services_of_profile,
    services_text,
)
from vpce.core.profile import read_profiles
from vpce.core.services import nearest, search, services_of

if TYPE_CHECKING:
    from vpce.core.model import Catalog
    from vpce.core.profile import Profiles


class NothingFoundError(Exception):
    """No service is called so; the message says what may be meant."""


def list_services(region: str | None, text: str, profiles: Profiles, *, as_json: bool) -> str:
    """What ``vpce services [TEXT]`` prints.

    Raises:
        ClientError, BotoCoreError: the services could not be read.
        NothingFoundError: none fits the text.

    """
    catalog = _catalog(region)
    services = services_of(catalog, sdk_clients(catalog.region), profiles.tables)
    found = search(services, text)
    if not found:
        raise NothingFoundError(
            f"no endpoint service of {catalog.region} is called {text!r}{nearest(services, text)}; "
            "vpce services lists all"
        )
    prices = prices_of(catalog.region)
    if as_json:
        return json.dumps(services_document(found, catalog.region, prices), indent=1)
    return services_text(found, catalog.region, prices)


def list_profiles(region: str | None, name: str, profiles: Profiles, *, as_json: bool) -> str:
    """What ``vpce profiles [NAME]`` prints: all that can be used; or one, with its services.

    Raises:
        ClientError, BotoCoreError: the region's services could not be read.
        ProfileError: there is no such profile, or it cannot be used.

    """
    if profiles.unreadable:
        raise profiles.unreadable
    chosen = [profiles.of(name)] if name else list(profiles.tables.values())
    catalog, shipped = _catalog(region), read_profiles(shipped_profiles()).tables
    prices = prices_of(catalog.region)
    found = [priced(p, catalog, prices, is_own=not name and shipped.get(p.name) != p) for p in chosen]
    if as_json:
        return json.dumps(profiles_document(found, catalog.region, prices), indent=1)
    text = profiles_text(found, catalog.region, prices)
    if not name:
        return text
    services = services_of(catalog, sdk_clients(catalog.region), profiles.tables)
    there = services_of_profile(services, chosen[0], catalog)
    return f"{text}\n\n{services_text(there, catalog.region, prices)}"


def _catalog(region: str | None) -> Catalog:
    ec2 = client("ec2", region)
    return read_catalog(ec2, ec2.meta.region_name)
