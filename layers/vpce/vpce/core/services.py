"""Which endpoint services does a region offer, and by which names do people look for them?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vpce.core.dns import matches
from vpce.core.model import Kind, short_name
from vpce.core.profile import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from vpce.core.model import Catalog, Offer
    from vpce.core.profile import Profile

_CALLED: Mapping[str, tuple[str, ...]] = {
    # Short name → what people say, where neither AWS's name nor that of a boto3 client has it.
    **dict.fromkeys(("airflow.api", "airflow.env", "airflow.ops"), ("managed workflows for apache airflow",)),
    "ec2messages": ("systems manager", "ssm", "run command"),
    "ecr.dkr": ("elastic container registry", "docker"),
    "elasticloadbalancing": ("load balancer", "alb", "nlb"),
    "email-smtp": ("simple email service", "ses"),
    "ssm": ("parameter store", "patch manager"),
    "ssmmessages": ("session manager", "systems manager", "ecs exec"),
}

SHORT = 4
"""Letters of a text that is looked for at the beginning of words only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A boto3 client, with the region's names that it calls."""

    name: str
    """``stepfunctions``."""
    titles: tuple[str, ...]
    """What AWS calls the service: ``SFN``, ``AWS Step Functions``."""
    hosts: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One endpoint service of a region, by one kind."""

    offer: Offer
    short: str
    clients: tuple[str, ...]
    """Names of boto3 clients, sorted; none for what an agent or a plain client calls."""
    called: frozenset[str]
    """All names, as AWS, boto3 and people have them."""
    profiles: tuple[str, ...]
    """Those that ask for it; ``eks (optional)``."""


def services_of(catalog: Catalog, clients: Iterable[Client], profiles: Mapping[str, Profile]) -> list[Service]:
    """All of a region, by short name and kind."""
    by_host: dict[str, list[Client]] = {}
    for client in clients:
        for host in client.hosts:
            by_host.setdefault(host, []).append(client)
    found = [_service(offer, catalog, by_host, profiles) for offer in catalog.offers]
    return sorted(found, key=lambda s: (s.short, s.offer.kind, s.offer.service))


def _service(
    offer: Offer, catalog: Catalog, by_host: Mapping[str, Sequence[Client]], profiles: Mapping[str, Profile]
) -> Service:
    short = short_name(offer.service, catalog.region)
    clients = {c.name: c for host in _hosts(offer, short, catalog.region, by_host) for c in by_host.get(host, ())}
    titles = [t for c in clients.values() for t in (c.name, *c.titles)]
    asked = (_asked(p, offer, catalog) for p in profiles.values())
    return Service(
        offer=offer,
        short=short,
        clients=tuple(sorted(clients)),
        called=frozenset({short, offer.service, *titles, *_CALLED.get(short, ())}),
        profiles=tuple(sorted(filter(None, asked))),
    )


def _hosts(offer: Offer, short: str, region: str, known: Iterable[str]) -> list[str]:
    """Its private names; where no client calls them, or it has none, what is called as AWS usually does.

    ``airflow.api`` is ``api.airflow`` in a host's name.
    """
    names = [n.removeprefix("*.") for n in offer.private_dns_names]
    if not {*names}.isdisjoint(known):
        return names
    usual = (f"{short}.{region}.", f"{'.'.join(reversed(short.split('.')))}.{region}.")
    return [host for host in known if host.startswith(usual)]


def _asked(profile: Profile, offer: Offer, catalog: Catalog) -> str:
    names = profile.gateway if offer.kind is Kind.GATEWAY else profile.interface
    asked = [n for n in names if catalog.find(n, offer.kind) == offer]
    is_optional = asked and offer.kind is Kind.INTERFACE and set(asked) <= profile.optional
    return f"{profile.name} (optional)" if is_optional else profile.name if asked else ""


def search(services: Sequence[Service], text: str) -> list[Service]:
    """Those that people may mean: called just so first, then those that have a word, or much of one, in their names.

    A DNS name finds the services that have it, also below a wildcard.
    """
    asked, name = _plain(text), text.strip().rstrip(".").lower()
    if not asked:
        return list(services)
    just = [s for s in services if _is_called(s, asked) or any(matches(name, p) for p in s.offer.private_dns_names)]
    within = [s for s in services if s not in just and any(_has(c, asked) for c in s.called - {s.offer.service})]
    return just if just and "." in name else [*just, *within]


def _is_called(service: Service, asked: str) -> bool:
    return any(_plain(c) == asked for c in service.called)


def _has(title: str, asked: str) -> bool:
    """Of few letters only those count that a word begins with: ``ses`` is in ``databases``, too."""
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", title)
    begins = any(_plain("".join(words[start:])).startswith(asked) for start in range(len(words)))
    return begins or (len(asked) > SHORT and asked in _plain(title))


def nearest(services: Iterable[Service], text: str) -> str:
    """``" (did you mean 'sqs'?)"``, or nothing."""
    known = {name: name for s in services for name in (s.short, *s.clients)}
    return did_you_mean(text.strip().lower(), known)


def _plain(text: str) -> str:
    """``AWS Step Functions`` as ``stepfunctions``: letters and figures, without who sells it."""
    return re.sub(r"^(amazon|aws)(?=.)", "", re.sub(r"[^a-z0-9]", "", text.lower()))
