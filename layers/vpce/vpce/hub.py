"""Does Security Hub know what the audit found? Each finding goes to the hub of its own region, by the same id."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vpce.aws.errors import AwsError, in_words, words_of
from vpce.core.asff import asff
from vpce.core.notice import count

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mypy_boto3_securityhub import SecurityHubClient

    from vpce.core.report import Report

_BATCH = 100
"""Findings of one call. https://docs.aws.amazon.com/securityhub/latest/partnerguide/guidelines-batchimportfindings.html"""
_REASONS = 5
"""Told of one hub; some name the finding, so there may be as many as findings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What Security Hub took of a report, and what not."""

    taken: int = 0
    refused: int = 0
    elsewhere: int = 0
    """Findings of other accounts; a hub takes findings of an account from that account only."""
    troubles: tuple[str, ...] = ()
    """Why it refused what it did, for people."""


def import_findings(
    report: Report,
    *,
    account: str,
    partition: str,
    installation: str,
    hub_in: Callable[[str], SecurityHubClient],
    link: str = "",
) -> Imported:
    """Send all findings of the account; those that are over, or ignored, as archived. Refusals are told, not raised."""
    by_region: dict[str, list[dict[str, Any]]] = defaultdict(list)
    elsewhere = 0
    over = (*report.resolved, *report.forgotten)
    for finding, is_over in (*((f, False) for f in report.all_findings), *((f, True) for f in over)):
        if finding.place.account != account:
            elsewhere += 1
            continue
        by_region[finding.place.region].append(
            asff(finding, at=report.time, is_over=is_over, installation=installation, partition=partition, link=link)
        )
    taken, troubles = 0, list[str]()
    for region, documents in sorted(by_region.items()):
        number, told = _import(hub_in(region), documents)
        taken += number
        troubles += [f"Security Hub in {region}: {trouble}" for trouble in told]
    refused = sum(map(len, by_region.values())) - taken
    return Imported(taken=taken, refused=refused, elsewhere=elsewhere, troubles=tuple(troubles))


def _import(hub: SecurityHubClient, documents: Sequence[Mapping[str, Any]]) -> tuple[int, list[str]]:
    """How many one hub took, and why not the others; a hub that refuses a whole call is not asked again."""
    taken = 0
    refused: dict[str, list[str]] = defaultdict(list)
    for start in range(0, len(documents), _BATCH):
        batch: Any = documents[start : start + _BATCH]
        try:
            answer = hub.batch_import_findings(Findings=batch)
        except AwsError as error:
            refused[in_words(error)] += [d["Id"] for d in documents[start:]]
            break
        taken += answer["SuccessCount"]
        for failed in answer.get("FailedFindings", []):
            why = words_of(failed["ErrorCode"], failed["ErrorMessage"], "BatchImportFindings")
            refused[why].append(failed["Id"])
    by_number = sorted(refused.items(), key=lambda item: (-len(item[1]), item[0]))
    troubles = [f"{count(len(ids), 'finding')} not taken, {min(ids)} first: {why}" for why, ids in by_number[:_REASONS]]
    if more := by_number[_REASONS:]:
        troubles.append(f"{count(sum(len(ids) for _, ids in more), 'more finding')} not taken, for other reasons")
    return taken, troubles
