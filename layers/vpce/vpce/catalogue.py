"""What can be had in a region, at a terminal: its endpoint services, and the profiles."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from vpce.aws.catalog import read_catalog
from vpce.aws.clients import client
from vpce.aws.parameters import shipped_profiles
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
    from collections.abc import Callable

    from vpce.core.model import Catalog
    from vpce.core.prices import Prices
    from vpce.core.profile import Profiles


class NothingFoundError(Exception):
    """No service is called so; the message says what may be meant."""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """Of one region."""

    region: str | None
    """None: where the environment says."""
    profiles: Profiles
    prices_of: Callable[[str], Prices | None]

    def services(self, text: str, *, as_json: bool) -> str:
        """What ``vpce services [TEXT]`` prints.

        Raises:
            ClientError, BotoCoreError: the services could not be read.
            NothingFoundError: none fits the text.

        """
        catalog = self._catalog
        services = services_of(catalog, sdk_clients(catalog.region), self.profiles.tables)
        found = search(services, text)
        if not found:
            raise NothingFoundError(
                f"no endpoint service of {catalog.region} is called {text!r}{nearest(services, text)}; "
                "vpce services lists all"
            )
        prices = self.prices_of(catalog.region)
        if as_json:
            return json.dumps(services_document(found, catalog.region, prices), indent=1)
        return services_text(found, catalog.region, prices)

    def of_profiles(self, name: str, *, as_json: bool) -> str:
        """What ``vpce profiles [NAME]`` prints: all that can be used; or one, with its services.

        Raises:
            ClientError, BotoCoreError: the region's services could not be read.
            ProfileError: there is no such profile, or it cannot be used.

        """
        if self.profiles.unreadable:
            raise self.profiles.unreadable
        chosen = [self.profiles.of(name)] if name else list(self.profiles.tables.values())
        catalog, shipped = self._catalog, read_profiles(shipped_profiles()).tables
        prices = self.prices_of(catalog.region)
        found = [priced(p, catalog, prices, is_own=not name and shipped.get(p.name) != p) for p in chosen]
        if as_json:
            return json.dumps(profiles_document(found, catalog.region, prices), indent=1)
        text = profiles_text(found, catalog.region, prices)
        if not name:
            return text
        services = services_of(catalog, sdk_clients(catalog.region), self.profiles.tables)
        there = services_of_profile(services, chosen[0], catalog)
        return f"{text}\n\n{services_text(there, catalog.region, prices)}"

    @cached_property
    def _catalog(self) -> Catalog:
        ec2 = client("ec2", self.region)
        return read_catalog(ec2, ec2.meta.region_name)
