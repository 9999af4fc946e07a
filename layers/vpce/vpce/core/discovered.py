"""What did discovery find? Evidence as people and machines read it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from vpce.core.evidence import Evidence, Source, Usage
from vpce.core.model import utc
from vpce.core.notice import plain
from vpce.core.plan import as_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from vpce.core.model import Vpc

_HEAD = ("service", "clients", "lookups", "bytes", "share", "way")


def as_text(evidence: Evidence, vpc: Vpc) -> str:
    rows = list(_rows(evidence))
    lines = [
        f"{vpc.name} in {vpc.place}",
        f"  {evidence.days:.3g} days, from {utc(evidence.since)} to {utc(evidence.until)}",
        "",
        *(_table(rows) if rows else ["    No service is known to be called."]),
        "",
        "  Read",
        *(line for source in evidence.sources for line in _source(source)),
    ]
    if not evidence.sources:
        lines.append("    nothing")
    if evidence.gaps:
        lines += ["", "  What this does not tell", *(f"    - {gap}" for gap in evidence.gaps)]
    if evidence.better:
        lines += ["", "  What would tell more", *(f"    $ {command}" for command in evidence.better)]
    return "\n".join(plain(line) for line in lines)


def _rows(evidence: Evidence) -> Iterator[tuple[str, ...]]:
    whole = sum(u.bytes for u in evidence.services) + evidence.aws_bytes + evidence.other_bytes
    for usage in evidence.services:
        lookups = f"{usage.lookups:,}" if evidence.has_names else "?"
        yield (
            usage.service,
            f"{len(usage.clients):,}",
            lookups,
            *_bytes(usage.bytes, whole, evidence, _way(usage) or "nobody was seen to send anything"),
        )
    if evidence.has_bytes:
        for name, number, direct in (
            ("AWS, unattributed", evidence.aws_bytes, evidence.aws_direct),
            ("not AWS", evidence.other_bytes, evidence.other_direct),
        ):
            way = _way(Usage(service=name, outside=number, direct=direct)) or "outside"
            yield name, "", "", *_bytes(number, whole, evidence, way)


def _bytes(number: int, whole: int, evidence: Evidence, way: str) -> tuple[str, str, str]:
    if not evidence.has_bytes:
        return "?", "?", "?"
    return as_bytes(number), f"{number / whole:.1%}" if whole else "-", way


def _way(usage: Usage) -> str:
    ways = {
        "outside": usage.outside - usage.direct,
        "outside without NAT": usage.direct,
        "interface endpoint": usage.inside,
        "gateway endpoint": usage.gateway,
    }
    taken = {way: number for way, number in ways.items() if number}
    if len(taken) == 1:
        return next(iter(taken))
    return ", ".join(f"{way} {number / usage.bytes:.0%}" for way, number in taken.items())


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    table = [_HEAD, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(_HEAD))]
    for row in table:
        cells = (
            cell.rjust(width) if 0 < column < len(_HEAD) - 1 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield f"    {'  '.join(cells)}".rstrip()


def _source(source: Source) -> Iterator[str]:
    yield f"    {source.kind:<9}  {source.where}: {source.records:,} record{'' if source.records == 1 else 's'}"
    for why, number in sorted(source.skipped.items(), key=lambda item: (-item[1], item[0])):
        yield f"               {number:,} not counted: {why}"
    if source.trouble:
        yield f"               ! {source.trouble}"


def evidence_document(evidence: Evidence) -> dict[str, Any]:
    return {
        "vpc": evidence.vpc,
        "since": evidence.since.isoformat(),
        "until": evidence.until.isoformat(),
        "days_of_bytes": evidence.days_of_bytes,
        "has_names": evidence.has_names,
        "has_bytes": evidence.has_bytes,
        "is_whole": evidence.is_whole,
        "serves_others": evidence.serves_others,
        "services": [_usage_document(u) for u in evidence.services],
        "aws_bytes": evidence.aws_bytes,
        "other_bytes": evidence.other_bytes,
        "aws_direct": evidence.aws_direct,
        "other_direct": evidence.other_direct,
        "sources": [_source_document(s) for s in evidence.sources],
        "gaps": list(evidence.gaps),
        "better": list(evidence.better),
    }


MOST_CLIENTS = 100
"""Named in a document; a VPC may have tens of thousands."""


def _usage_document(usage: Usage) -> dict[str, Any]:
    return {
        "service": usage.service,
        "names": list(usage.names),
        "clients": list(usage.clients[:MOST_CLIENTS]),
        "client_count": len(usage.clients),
        "lookups": usage.lookups,
        "bytes": usage.bytes,
        "outside": usage.outside,
        "direct": usage.direct,
        "inside": usage.inside,
        "gateway": usage.gateway,
    }


def _source_document(source: Source) -> dict[str, Any]:
    return {
        "kind": source.kind,
        "where": source.where,
        "records": source.records,
        "skipped": dict(source.skipped),
        "first": source.first.isoformat() if source.first else None,
        "last": source.last.isoformat() if source.last else None,
        "trouble": source.trouble,
    }


def read_evidence(document: Mapping[str, Any]) -> Evidence:
    """The opposite of `evidence_document`."""
    return Evidence(
        vpc=document["vpc"],
        since=_moment(document["since"]),
        until=_moment(document["until"]),
        services=tuple(_usages(document["services"])),
        aws_bytes=document["aws_bytes"],
        other_bytes=document["other_bytes"],
        aws_direct=document["aws_direct"],
        other_direct=document["other_direct"],
        sources=tuple(_read_source(source) for source in document["sources"]),
        gaps=tuple(document["gaps"]),
        better=tuple(document["better"]),
        is_whole=document["is_whole"],
        serves_others=document["serves_others"],
    )


def _read_source(document: Mapping[str, Any]) -> Source:
    times = {key: _moment(document[key]) if document[key] else None for key in ("first", "last")}
    return Source(**{**document, **times})


def _usages(documents: Iterable[Mapping[str, Any]]) -> Iterator[Usage]:
    for document in documents:
        yield Usage(
            service=document["service"],
            names=tuple(document["names"]),
            clients=tuple(document["clients"]),
            lookups=document["lookups"],
            outside=document["outside"],
            direct=document["direct"],
            inside=document["inside"],
            gateway=document["gateway"],
        )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
