"""Does a message reach everybody who subscribed, in the form that each can read, and never too long?"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import PLACE
from vpce.core.findings import Finding, Severity
from vpce.core.notice import Message
from vpce.core.report import PlaceReport, Report, digest
from vpce.notify import publish

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

TOPIC = "arn:aws:sns:eu-west-1:123456789012:vpce"
LIMIT = 256 * 1024


@dataclass
class Topic:
    """Takes what is published, as SNS would."""

    published: list[dict[str, Any]] = field(default_factory=list)

    def publish(self, **request: Any) -> None:
        self.published.append(request)

    @property
    def last(self) -> dict[str, Any]:
        return self.published[-1]

    @property
    def body(self) -> dict[str, str]:
        forms: dict[str, str] = json.loads(self.last["Message"])
        return forms

    @property
    def size(self) -> int:
        """Bytes that count against the limit: the body, and names, types and values of attributes."""
        attributes = [
            (name, a["DataType"], a["StringValue"]) for name, a in self.last.get("MessageAttributes", {}).items()
        ]
        return len(self.last["Message"].encode()) + sum(len(part.encode()) for a in attributes for part in a)


def published(message: Message) -> Topic:
    topic = Topic()
    publish(cast("SNSClient", topic), TOPIC, message)
    return topic


def a_message(text: str = "Two changes.", **document: Any) -> Message:
    return Message(subject="[vpce] 2 changes", text=text, document={"type": "reconciled", **document})


def a_digest(findings: int) -> Message:
    found = tuple(
        Finding(
            check="missing-gateway-endpoint",
            severity=Severity.MEDIUM,
            title="The VPC has no gateway endpoint for S3 or DynamoDB.",
            why="Traffic goes through a NAT gateway.",
            place=PLACE,
            vpc=f"vpc-{number:017x}",
            vpc_name="payments",
            resource="s3 (Gateway)",
            what="no gateway endpoint for s3",
            fix="aws ec2 create-vpc-endpoint",
        )
        for number in range(findings)
    )
    return digest(Report(run="today", places=(PlaceReport(place=PLACE, vpcs=findings, findings=found),)))


def test_people_get_the_text_and_machines_the_document() -> None:
    message = a_message(vpcs=[{"vpc": "vpc-1"}])
    topic = published(message)

    assert topic.last["TopicArn"] == TOPIC
    assert topic.last["Subject"] == message.subject
    assert topic.last["MessageStructure"] == "json"
    assert topic.body["email"] == message.text
    assert topic.body["sms"] == message.subject
    assert json.loads(topic.body["default"]) == message.document


def test_subscribers_can_filter_by_the_type() -> None:
    attributes = published(a_message()).last["MessageAttributes"]

    assert attributes == {"type": {"DataType": "String", "StringValue": "reconciled"}}


def test_a_long_text_is_cut_with_a_count_of_what_is_left_out() -> None:
    lines = [f"line {number} {'x' * 90}" for number in range(2_000)]
    text = published(a_message("\n".join(lines))).body["email"]
    *kept, blank, last = text.splitlines()

    assert kept == lines[: len(kept)]
    assert blank == ""
    assert last == f"… lines left out here: {len(lines) - len(kept)}"
    assert len(text.encode()) < 61 * 1024


def test_one_endless_line_is_left_out_too() -> None:
    assert published(a_message("x" * 100_000)).body["email"].strip() == "… lines left out here: 1"


def test_a_text_that_fits_is_not_touched() -> None:
    text = "ä\n" * 5_000

    assert published(a_message(text)).body["email"] == text


def test_a_long_document_keeps_its_head_and_says_how_much_is_left_out() -> None:
    message = a_digest(2_000)
    document = json.loads(published(message).body["default"])

    assert (document["findings"], document["left_out"]["findings"]) == ([], 2_000)
    assert document["headline"] == message.document["headline"]
    assert document["type"] == "audit"


@pytest.mark.parametrize("findings", [0, 1, 100, 300, 400, 500, 1_000, 5_000])
def test_no_digest_is_too_long_for_sns(findings: int) -> None:
    assert published(a_digest(findings)).size <= LIMIT


def test_the_attributes_count_too() -> None:
    """SNS adds them to the body before it compares with the limit."""
    empty = len(published(a_message(vpcs=[""])).last["Message"])
    brimful = published(a_message(vpcs=["x" * (LIMIT - empty)]))

    assert brimful.size <= LIMIT


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.integers(1, 40_000))
def test_no_text_is_too_long_for_sns(text: str, times: int) -> None:
    assert published(a_message("\n".join([text] * min(times, 400_000 // (len(text) + 1))))).size <= LIMIT


def test_a_text_that_json_makes_six_times_as_long_is_not_too_long_for_sns() -> None:
    """Names may hold characters that JSON must escape."""
    assert published(a_message("\x01" * 100 + "\n" + "\n".join(["\x01" * 100] * 590))).size <= LIMIT


def test_a_document_with_one_long_text_is_not_too_long_for_sns() -> None:
    """Not only lists are long: a refusal may quote somebody's whole text."""
    topic = published(a_message(why="x" * 300_000))

    assert topic.size <= LIMIT
    assert json.loads(topic.body["default"])["type"] == "reconciled"
