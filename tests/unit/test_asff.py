"""Does Security Hub take every finding, however long and hostile, and know it again?

Limits: https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_AwsSecurityFinding.html
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from botocore.session import get_session
from botocore.validate import validate_parameters
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import a_finding
from vpce.core.asff import asff
from vpce.core.findings import Severity, State
from vpce.core.model import Place

AT = "2026-11-24T06:00:00.123Z"
SHAPE = get_session().get_service_model("securityhub").shape_for("AwsSecurityFinding")
FINDING = a_finding(state=State.OPEN, since="2026-11-20T06:00:00.456Z")


def sent(*, is_over: bool = False, at: str = AT, **changes: Any) -> dict[str, Any]:
    finding = replace(FINDING, **changes)
    return asff(finding, at=at, is_over=is_over, installation="vpce", partition="aws")


def test_a_finding_says_what_where_since_when_and_how_to_mend_it() -> None:
    assert sent() == {
        "SchemaVersion": "2018-10-08",
        "Id": f"vpce/vpce/{FINDING.id}",
        "ProductArn": "arn:aws:securityhub:eu-west-1:123456789012:product/123456789012/default",
        "ProductName": "vpce",
        "GeneratorId": "vpce/broken-private-dns",
        "AwsAccountId": "123456789012",
        "CreatedAt": "2026-11-20T06:00:00.456Z",
        "UpdatedAt": AT,
        "Title": "An interface endpoint's private DNS names do not resolve to it.",
        "Description": "sqs vpce-1: private DNS is off; Traffic leaves by a NAT gateway.",
        "Remediation": {"Recommendation": {"Text": FINDING.fix}},
        "FindingProviderFields": {
            "Severity": {"Label": "HIGH", "Original": "high"},
            "Types": ["Software and Configuration Checks/AWS Security Best Practices/Network Reachability"],
        },
        "Resources": [
            {
                "Type": "AwsEc2Vpc",
                "Id": "arn:aws:ec2:eu-west-1:123456789012:vpc/vpc-1",
                "Partition": "aws",
                "Region": "eu-west-1",
                "Tags": {"Name": "payments"},
            }
        ],
        "RecordState": "ACTIVE",
        "ProductFields": {
            "vpce/check": "broken-private-dns",
            "vpce/installation": "vpce",
            "vpce/resource": "vpce-1 private DNS",
            "vpce/state": "open",
        },
    }


def test_the_same_problem_keeps_its_id_whatever_became_of_it() -> None:
    later = sent(state=State.RESOLVED, is_over=True, at="2026-11-25T06:00:00Z", what="worded otherwise")

    assert later["Id"] == sent()["Id"]
    assert later["CreatedAt"] == sent()["CreatedAt"]
    assert later["UpdatedAt"] > sent()["UpdatedAt"]


def test_two_installations_do_not_update_each_others_findings() -> None:
    other = asff(FINDING, at=AT, is_over=False, installation="vpce-test", partition="aws")

    assert other["Id"] != sent()["Id"]


def test_what_was_never_compared_is_as_old_as_the_audit() -> None:
    assert sent(since="")["CreatedAt"] == AT


@pytest.mark.parametrize(
    ("document", "record"),
    [
        (sent(state=State.NEW), "ACTIVE"),
        (sent(state=State.OPEN), "ACTIVE"),
        (sent(state=State.IGNORED), "ARCHIVED"),
        (sent(state=State.RESOLVED, is_over=True), "ARCHIVED"),
        (sent(state=State.OPEN, is_over=True), "ARCHIVED"),
    ],
    ids=["new", "open", "ignored", "resolved", "forgotten"],
)
def test_what_is_over_or_ignored_is_archived(document: dict[str, Any], record: str) -> None:
    assert document["RecordState"] == record


def test_every_severity_has_a_label() -> None:
    labels = [sent(severity=s)["FindingProviderFields"]["Severity"]["Label"] for s in Severity]

    assert labels == ["INFORMATIONAL", "LOW", "MEDIUM", "HIGH"]


def test_who_ignores_it_and_why_is_there() -> None:
    fields = sent(state=State.IGNORED, ignored="vpce-ignores.toml: wanted so")["ProductFields"]

    assert fields["vpce/ignored"] == "vpce-ignores.toml: wanted so"


def test_what_it_costs_is_there_where_it_is_known() -> None:
    fields = sent(monthly="16.06", price_date="2026-01-02")["ProductFields"]

    assert fields["vpce/cost"] == "$16.06 a month by the hour; list prices of eu-west-1, 2026-01-02"
    assert "vpce/cost" not in sent()["ProductFields"]


def test_a_link_leads_to_the_whole_report() -> None:
    document = asff(FINDING, at=AT, is_over=False, installation="vpce", partition="aws", link="https://here")

    assert document["Remediation"]["Recommendation"]["Url"] == "https://here"


def test_what_concerns_no_vpc_is_about_the_account() -> None:
    (resource,) = sent(vpc="", vpc_name="")["Resources"]

    assert (resource["Type"], resource["Id"]) == ("AwsAccount", "AWS::::Account:123456789012")


def test_arns_are_of_the_partition_and_of_the_findings_own_place() -> None:
    place = Place(account="999999999999", region="cn-north-1")
    document = asff(replace(FINDING, place=place), at=AT, is_over=False, installation="vpce", partition="aws-cn")

    assert document["ProductArn"] == "arn:aws-cn:securityhub:cn-north-1:999999999999:product/999999999999/default"
    assert document["Resources"][0]["Id"] == "arn:aws-cn:ec2:cn-north-1:999999999999:vpc/vpc-1"
    assert document["AwsAccountId"] == "999999999999"


def test_lines_become_one_line_and_what_does_not_print_goes() -> None:
    hostile = "<b>\x00evil\x1b[31m\u202e\ud800</b>\r\nsecond\tline"

    assert sent(vpc_name=hostile)["Resources"][0]["Tags"]["Name"] == "<b> evil [31m </b>; second line"
    assert "Tags" not in sent(vpc_name="\x00")["Resources"][0]


@given(
    text=st.text(max_size=40) | st.text(st.characters(categories=["Cc", "Cf", "Zl", "Zp"]), max_size=40),
    times=st.sampled_from([1, 20_000]),
)
def test_no_text_is_too_long_or_unprintable_for_security_hub(text: str, times: int) -> None:
    text *= times
    document = sent(
        title=f"A title. {text}", what=text, fix=f"Mend it. {text}", vpc_name=text, resource=text, ignored=text
    )

    validate_parameters(document, SHAPE)
    assert 0 < len(document["Title"]) <= 256
    assert 0 < len(document["Description"]) <= 1024
    assert 0 < len(document["Remediation"]["Recommendation"]["Text"]) <= 512
    assert all(0 < len(v) <= 2048 and len(k) <= 128 for k, v in document["ProductFields"].items())
    assert all(0 < len(v) <= 256 for r in document["Resources"] for v in r.get("Tags", {}).values())
    whole = json.dumps(document, ensure_ascii=False)
    assert whole.isprintable()
    assert len(whole.encode()) <= 240 * 1024
