"""Which names were asked for, by whom, and what was answered? Lines of Route 53 Resolver query logs.

Resolver logs no query that it answers from its cache.
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-query-logs.html
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-query-logs-format.html
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Iterator

NOT_JSON, NO_QUERY, NO_TIME = "no JSON", "no query", "no time that can be read"


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
    for line in lines:
        if not line.strip():
            continue
        try:
            document = json.loads(line)
        except (ValueError, RecursionError):
            skipped[NOT_JSON] += 1
            continue
        try:
            yield _query(document)
        except _NoTimeError:
            skipped[NO_TIME] += 1
        except (KeyError, TypeError, AttributeError):
            skipped[NO_QUERY] += 1


class _NoTimeError(Exception):
    """The query has no time that can be read."""


def _query(document: Any) -> Query:
    """Raises KeyError, TypeError or AttributeError for what is no query, and _NoTimeError."""
    answers = document.get("answers") or ()
    return Query(
        time=_seconds(document["query_timestamp"]),
        # With a Route 53 Profile's query logging the VPC is the resource that asked.
        vpc=document.get("vpc_id") or document.get("resource_id") or "",
        client=document["srcaddr"].strip(),
        name=_plain(document["query_name"]),
        type=document["query_type"].upper(),
        rcode=document["rcode"].upper(),
        addresses=tuple(a["Rdata"].strip() for a in answers if a["Type"] in {"A", "AAAA"}),
        aliases=tuple(_plain(a["Rdata"]) for a in answers if a["Type"] == "CNAME"),
    )


def _plain(name: str) -> str:
    return name.strip().rstrip(".").lower()


def _seconds(text: Any) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise _NoTimeError from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
