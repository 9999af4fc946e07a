"""Findings in moto's Security Hub: imported, updated and archived by the same id; what is refused is told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from tests.aws.conftest import ACCOUNT, REGION, SESSION
from tests.factories import a_finding
from vpce.aws import clients
from vpce.core.findings import State
from vpce.core.model import Place
from vpce.core.report import PlaceReport, Report
from vpce.hub import Imported, import_findings

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_securityhub import SecurityHubClient

    from vpce.core.findings import Finding

FIRST, SECOND = "2026-11-24T06:00:00.123Z", "2026-11-25T06:00:00.456Z"
ELSEWHERE = "us-east-1"


def found_in(number: int = 1, *, region: str = REGION, account: str = ACCOUNT) -> Finding:
    """The finding of one VPC."""
    return a_finding(vpc=f"vpc-{number:017x}", place=Place(account=account, region=region), since=FIRST)


def a_report(*findings: Finding, at: str = FIRST, **changes: Any) -> Report:
    places = {f.place for f in findings}
    return Report(
        run=f"{at}-run",
        places=tuple(
            PlaceReport(place=p, vpcs=1, findings=tuple(f for f in findings if f.place == p)) for p in sorted(places)
        ),
        **changes,
    )


@pytest.fixture
def hubs(monkeypatch: pytest.MonkeyPatch) -> dict[str, SecurityHubClient]:
    return {region: SESSION.client("securityhub", region_name=region) for region in (REGION, ELSEWHERE)}


@pytest.fixture
def sent(hubs: dict[str, SecurityHubClient]) -> Callable[[Report], Imported]:
    return lambda report: import_findings(
        report, account=ACCOUNT, partition="aws", installation="vpce", hub_in=lambda region: hubs[region]
    )


def found(hub: SecurityHubClient) -> dict[str, str]:
    """Id → record state."""
    pages = hub.get_paginator("get_findings").paginate()
    return {f["Id"]: f["RecordState"] for page in pages for f in page["Findings"]}


def import_id(finding: Finding) -> str:
    return f"vpce/vpce/{finding.id}"


def test_a_finding_is_imported_and_the_next_audit_updates_it(
    hubs: dict[str, SecurityHubClient], sent: Callable[[Report], Imported]
) -> None:
    finding = found_in()

    assert sent(a_report(finding)) == Imported(taken=1)
    sent(a_report(replace(finding, state=State.OPEN, what="worded otherwise"), at=SECOND))

    (there,) = hubs[REGION].get_findings()["Findings"]
    assert (there["Id"], there["CreatedAt"], there["UpdatedAt"]) == (import_id(finding), FIRST, SECOND)
    assert there["Description"].startswith("worded otherwise")
    assert there["RecordState"] == "ACTIVE"


def test_what_was_resolved_forgotten_or_ignored_is_archived(
    hubs: dict[str, SecurityHubClient], sent: Callable[[Report], Imported]
) -> None:
    resolved, forgotten, ignored, still = (found_in(n) for n in range(4))
    sent(a_report(resolved, forgotten, ignored, still))

    sent(
        a_report(
            replace(ignored, state=State.IGNORED, ignored="wanted so"),
            replace(still, state=State.OPEN),
            at=SECOND,
            resolved=(replace(resolved, state=State.RESOLVED),),
            forgotten=(replace(forgotten, state=State.OPEN),),
        )
    )

    assert found(hubs[REGION]) == {
        import_id(resolved): "ARCHIVED",
        import_id(forgotten): "ARCHIVED",
        import_id(ignored): "ARCHIVED",
        import_id(still): "ACTIVE",
    }


def test_each_region_has_a_hub_of_its_own(
    hubs: dict[str, SecurityHubClient], sent: Callable[[Report], Imported]
) -> None:
    here, there = found_in(), found_in(region=ELSEWHERE)

    sent(a_report(here, there))

    assert [set(found(hubs[r])) for r in (REGION, ELSEWHERE)] == [{import_id(here)}, {import_id(there)}]


def test_findings_of_other_accounts_are_counted_and_not_sent(
    hubs: dict[str, SecurityHubClient], sent: Callable[[Report], Imported]
) -> None:
    """A hub takes an account's findings from that account only."""
    result = sent(a_report(found_in(), found_in(account="999999999999")))

    assert result == Imported(taken=1, elsewhere=1)
    assert found(hubs[REGION]) == {import_id(found_in()): "ACTIVE"}


@pytest.mark.parametrize(("number", "sizes"), [(0, []), (1, [1]), (100, [100]), (101, [100, 1]), (10_000, [100] * 100)])
def test_no_call_has_more_findings_than_a_hub_takes(
    hubs: dict[str, SecurityHubClient], sent: Callable[[Report], Imported], number: int, sizes: list[int]
) -> None:
    calls: list[int] = []

    def take(params: Any, **_: Any) -> Any:
        calls.append(params["body"].count(b'"SchemaVersion"'))
        assert len(params["body"]) < 6 * 1024 * 1024
        return _answer(200, SuccessCount=calls[-1], FailedCount=0, FailedFindings=[])

    hubs[REGION].meta.events.register_first("before-call.securityhub.BatchImportFindings", take)

    assert sent(a_report(*(found_in(n) for n in range(number)))) == Imported(taken=number)
    assert calls == sizes


def _answer(status: int, **body: Any) -> Any:
    return type("Response", (), {"status_code": status})(), body


def _refuse(hub: SecurityHubClient, code: str, message: str, status: int) -> None:
    """As a hub that answers every call with an error; moto's takes everything, enabled or not."""
    answer = _answer(status, Error={"Code": code, "Message": message}, ResponseMetadata={"HTTPStatusCode": status})
    hub.meta.events.register_first("before-call.securityhub.BatchImportFindings", lambda **_: answer)


def test_a_region_without_security_hub_is_told_with_the_fix_and_costs_no_other_region(
    hubs: dict[str, SecurityHubClient], sent: Callable[[Report], Imported]
) -> None:
    _refuse(hubs[ELSEWHERE], "InvalidAccessException", f"Account {ACCOUNT} is not subscribed to AWS Security Hub", 401)

    result = sent(a_report(found_in(), *(found_in(n, region=ELSEWHERE) for n in range(250))))

    (trouble,) = result.troubles
    assert (result.taken, result.refused) == (1, 250)
    assert trouble.startswith(f"Security Hub in {ELSEWHERE}: 250 findings not taken, vpce/vpce/")
    assert "InvalidAccessException" in trouble
    assert trouble.endswith("enable Security Hub in the region, or set the parameter SecurityHub to off")


def test_a_denied_call_is_told(hubs: dict[str, SecurityHubClient], sent: Callable[[Report], Imported]) -> None:
    _refuse(hubs[REGION], "AccessDeniedException", "not authorized", 403)

    (trouble,) = sent(a_report(found_in())).troubles

    assert trouble.endswith("BatchImportFindings: AccessDeniedException: not authorized; allow it to vpce's role")


def test_findings_that_fail_inside_a_good_answer_are_told_once_for_each_reason(
    hubs: dict[str, SecurityHubClient], sent: Callable[[Report], Imported]
) -> None:
    findings = [found_in(n) for n in range(3)]
    failed = [
        {"Id": import_id(f), "ErrorCode": "InvalidInput", "ErrorMessage": "Finding does not adhere\nto the format"}
        for f in findings[:2]
    ]
    answer = _answer(200, SuccessCount=1, FailedCount=2, FailedFindings=failed)
    hubs[REGION].meta.events.register_first("before-call.securityhub.BatchImportFindings", lambda **_: answer)

    result = sent(a_report(*findings))

    why = "BatchImportFindings: InvalidInput: Finding does not adhere to the format"
    told = f"Security Hub in {REGION}: 2 findings not taken, {min(f['Id'] for f in failed)} first: {why}"
    assert result == Imported(taken=1, refused=2, troubles=(told,))


def test_reasons_that_differ_for_each_finding_are_told_a_few_times(
    hubs: dict[str, SecurityHubClient], sent: Callable[[Report], Imported]
) -> None:
    failed = [{"Id": f"{n}", "ErrorCode": "InvalidInput", "ErrorMessage": f"finding {n}"} for n in range(10)]
    answer = _answer(200, SuccessCount=0, FailedCount=10, FailedFindings=failed)
    hubs[REGION].meta.events.register_first("before-call.securityhub.BatchImportFindings", lambda **_: answer)

    *some, last = sent(a_report(*(found_in(n) for n in range(10)))).troubles

    assert len(some) == 5
    assert last == f"Security Hub in {REGION}: 5 more findings not taken, for other reasons"


def test_throttling_is_ridden_out(hubs: dict[str, SecurityHubClient], sent: Callable[[Report], Imported]) -> None:
    hub = hubs[REGION] = clients._client.__wrapped__("securityhub", REGION)
    tried: list[int] = []

    def throttle(request: Any, **_: Any) -> Any:
        tried.append(1)
        if len(tried) > 2:
            return None
        headers = HTTPHeaders.from_dict({"x-amzn-errortype": "TooManyRequestsException"})
        return AWSResponse(request.url, 429, headers, Body())

    hub.meta.events.register_first("before-send.securityhub.BatchImportFindings", throttle)

    assert sent(a_report(found_in())) == Imported(taken=1)
    assert len(tried) == 3


class Body:
    """What urllib3 would read."""

    def stream(self) -> list[bytes]:
        return [b'{"message": "slow down"}']
