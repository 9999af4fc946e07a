"""Which names were asked for, by whom, and what was answered? Lines of Route 53 Resolver query logs.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-query-logs-format.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Iterator


class Query(NamedTuple):
    time: float
    """Seconds since 1970."""
    vpc: str
    """Empty where the log names none."""
    client: str
    """The address that asked."""
    name: str
    """Lower case, without the final dot."""
    type: str
    """A, AAAA, HTTPS …"""
    rcode: str
    addresses: tuple[str, ...]
    """A and AAAA answers."""
    aliases: tuple[str, ...]
    """Names on the way there, from CNAME answers; as `name`."""


def read_queries(lines: Iterable[str], skipped: Counter[str]) -> Iterator[Query]:
    """Queries, in the order of the lines: one JSON object each.

    Args:
        lines: of a log.
        skipped: why → how many lines were none; counted as the lines are read.

    """
    raise NotImplementedError
