"""What can be had? The endpoint services of a region, and the profiles made of them, in words."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from vpce.core.cost import dollars, endpoint_month, number
from vpce.core.model import Kind
from vpce.core.notice import count, plain
from vpce.core.price_table import ZONES
from vpce.core.profile import ports_of
from vpce.core.status import columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from vpce.core.model import Catalog, Offer
    from vpce.core.prices import Prices
    from vpce.core.profile import Profile
    from vpce.core.services import Service

FEW = 3
"""So many services are told in full; more are a table."""


# ---- services -----------------------------------------------------------------------------------------------------


def services_text(services: Sequence[Service], region: str, prices: Prices | None) -> str:
    """A table; or, of a few, all that is known."""
    if len(services) <= FEW:
        return "\n\n".join("\n".join(_in_full(s, region, prices)) for s in services)
    head = ("service", "type", "zones", "policy", "IPv6", "zone a month", "boto3", "profiles")
    rows = [
        (
            s.short,
            s.offer.kind,
            _zones(s.offer, region),
            "yes" if s.offer.takes_policy else "no",
            _ipv6(s.offer),
            _price(s.offer, prices),
            " ".join(s.clients) or "-",
            ", ".join(s.profiles) or "-",
        )
        for s in services
    ]
    return "\n".join([columns([head, *rows]), _below(len(services), region, prices)])


def _below(found: int, region: str, prices: Prices | None) -> str:
    costs = f"{prices}, data on top" if prices else f"no list prices of {region} are known"
    return f"{count(found, 'service')}; {costs}; gateway endpoints are free"


def _in_full(service: Service, region: str, prices: Prices | None) -> Iterator[str]:
    offer = service.offer
    data = f", and {dollars(prices.endpoint_gb[0].price)} per GB ({prices})" if prices else ""
    yield f"{service.short} ({offer.kind})"
    yield f"  name       {offer.service}"
    yield f"  zones      {_zones(offer, region)}"
    yield f"  DNS names  {_names(offer)}"
    yield f"  ports      {', '.join(map(str, ports_of(service.short)))}"
    yield f"  policy     {'takes one' if offer.takes_policy else 'takes none: everybody may do everything'}"
    yield f"  IPv6       {_ipv6(offer)}"
    yield f"  a month    {_price(offer, prices)}" + (f" in each zone{data}" if offer.kind is Kind.INTERFACE else "")
    yield f"  boto3      {', '.join(service.clients) or 'no client of that name'}"
    yield f"  profiles   {', '.join(service.profiles) or 'none'}"


def _names(offer: Offer) -> str:
    if offer.kind is Kind.GATEWAY:
        return "the service's public ones"
    return ", ".join(offer.private_dns_names) or "no private ones"


def _zones(offer: Offer, region: str) -> str:
    return " ".join(sorted(z.removeprefix(region) for z in offer.zones)) or "any"


def _ipv6(offer: Offer) -> str:
    return "yes" if "ipv6" in offer.address_types else "no" if offer.address_types else "-"


def _price(offer: Offer, prices: Prices | None) -> str:
    if offer.kind is Kind.GATEWAY:
        return "free"
    return dollars(endpoint_month(prices, 1)) if prices else "-"


def services_document(services: Iterable[Service], region: str, prices: Prices | None) -> dict[str, Any]:
    """For machines."""
    return {
        "region": region,
        "prices": str(prices or ""),
        "services": [
            {
                "name": s.short,
                "service": s.offer.service,
                "type": s.offer.kind.value,
                "zones": sorted(s.offer.zones),
                "dns_names": list(s.offer.private_dns_names),
                "ports": list(ports_of(s.short)),
                "takes_policy": s.offer.takes_policy,
                "address_types": sorted(s.offer.address_types),
                "usd_per_zone_month": _usd(s.offer, prices),
                "boto3": list(s.clients),
                "profiles": list(s.profiles),
            }
            for s in services
        ],
    }


def _usd(offer: Offer, prices: Prices | None) -> str | None:
    if offer.kind is Kind.GATEWAY:
        return number(Decimal(0))
    return number(endpoint_month(prices, 1)) if prices else None


# ---- profiles -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """A profile as a region can have it."""

    profile: Profile
    is_own: bool
    """People's own, or changed by them."""
    lacks: tuple[str, ...]
    """What it asks for and the region does not offer; optional ones are not told, they are left out."""
    months: tuple[Decimal, ...]
    """US dollars in one, two and three zones, as far as each service has them; none where no price is known."""


def priced(profile: Profile, catalog: Catalog, prices: Prices | None, *, is_own: bool) -> Priced:
    offers = [catalog.find(name, Kind.INTERFACE) for name in profile.interface]
    there = [o for o in offers if o is not None]
    missing = [
        *(f"{n} (gateway)" for n in profile.gateway if catalog.find(n, Kind.GATEWAY) is None),
        *(n for n, o in zip(profile.interface, offers, strict=True) if o is None and n not in profile.optional),
    ]
    in_zones = [sum(min(zones, len(o.zones) or zones) for o in there) for zones in ZONES]
    return Priced(
        profile=profile,
        is_own=is_own,
        lacks=tuple(missing),
        months=tuple(endpoint_month(prices, interfaces) for interfaces in in_zones) if prices else (),
    )


def profiles_text(profiles: Sequence[Priced], region: str, prices: Prices | None) -> str:
    costs = f"{prices}, data on top" if prices else f"no list prices of {region} are known"
    blocks = ["\n".join(_profile(p, region)) for p in profiles]
    return "\n\n".join([*blocks, f"a month: {costs}; with the optional ones that the region has"])


def _profile(priced_: Priced, region: str) -> Iterator[str]:
    profile = priced_.profile
    yield f"{profile.name}{' (yours)' if priced_.is_own else ''}"
    if profile.description:
        yield f"  {plain(profile.description)}"
    required = [n for n in profile.interface if n not in profile.optional]
    for what, names in (
        ("gateway", profile.gateway),
        ("interface", required),
        ("optional", sorted(profile.optional)),
    ):
        if names:
            yield f"  {what:<9}  {', '.join(names)}"
    if priced_.lacks:
        yield f"  lacking    {', '.join(priced_.lacks)}: {region} does not offer it"
    yield f"  policy     {profile.policy.name if profile.policy else 'left as it is; full access on what is made'}"
    if not profile.interface:
        yield "  a month    free"
    elif priced_.months:
        each = (f"{dollars(m)} in {count(z, 'zone')}" for z, m in zip(ZONES, priced_.months, strict=True))
        yield f"  a month    {', '.join(each)}"


def profiles_document(profiles: Iterable[Priced], region: str, prices: Prices | None) -> dict[str, Any]:
    """For machines."""
    return {
        "region": region,
        "prices": str(prices or ""),
        "profiles": [
            {
                "name": p.profile.name,
                "own": p.is_own,
                "description": p.profile.description,
                "gateway": list(p.profile.gateway),
                "interface": [n for n in p.profile.interface if n not in p.profile.optional],
                "optional": sorted(p.profile.optional),
                "lacks": list(p.lacks),
                "policy": p.profile.policy.name if p.profile.policy else None,
                "usd_per_month": [number(m) for m in p.months],
            }
            for p in profiles
        ],
    }


def services_of_profile(services: Sequence[Service], profile: Profile, catalog: Catalog) -> list[Service]:
    """Those that a profile asks for and the region has."""
    asked: Mapping[Kind, Sequence[str]] = {Kind.GATEWAY: profile.gateway, Kind.INTERFACE: profile.interface}
    offers = [catalog.find(name, kind) for kind, names in asked.items() for name in names]
    return [s for s in services if s.offer in offers]
