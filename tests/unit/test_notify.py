"""Does a message reach everybody who subscribed, in the form that each can read, and never too long?"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import PLACE, a_compared_report, a_finding, a_report
from vpce.aws.queue import notice_in, send_notice
from vpce.core.compare import compare
from vpce.core.digest import digest
from vpce.core.notice import Message, unreadable
from vpce.notify import publish

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

    Golden = Callable[[str, str], None]

TOPIC = "arn:aws:sns:eu-west-1:123456789012:vpce"
LIMIT = 256 * 1024


@dataclass
class Queue:
    """Keeps what is sent, as SQS would."""

    body: str = ""

    def send_message(self, **request: Any) -> None:
        self.body = request["MessageBody"]


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


def published(message: Message, form: str = "text") -> Topic:
    topic = Topic()
    publish(cast("SNSClient", topic), TOPIC, message, form)
    return topic


def a_message(text: str = "Two changes.", **document: Any) -> Message:
    return Message(subject="[vpce] 2 changes", text=text, document={"type": "reconciled", **document})


def a_digest(findings: int) -> Message:
    found = (a_finding(vpc=f"vpc-{number:017x}") for number in range(findings))
    return digest(compare(a_report(*found), None), location="s3://reports/findings.json", link="https://console")


def test_people_get_the_text_and_machines_the_document() -> None:
    message = a_message(vpcs=[{"vpc": "vpc-1"}])
    topic = published(message)

    assert topic.last["TopicArn"] == TOPIC
    assert topic.last["Subject"] == message.subject
    assert topic.last["MessageStructure"] == "json"
    assert topic.body["email"] == message.text
    assert topic.body["sms"] == message.subject
    assert json.loads(topic.body["default"]) == message.document


# ---- what subscribers filter by -----------------------------------------------------------------------------------


def test_subscribers_can_filter_by_type_severity_accounts_and_regions() -> None:
    attributes = published(unreadable(PLACE, "denied", [])).last["MessageAttributes"]

    assert attributes == {
        "type": {"DataType": "String", "StringValue": "unread"},
        "severity": {"DataType": "String", "StringValue": "high"},
        "accounts": {"DataType": "String.Array", "StringValue": '["123456789012"]'},
        "regions": {"DataType": "String.Array", "StringValue": '["eu-west-1"]'},
    }


def test_a_digest_can_be_filtered_by_every_place_that_it_tells_of() -> None:
    attributes = published(digest(a_compared_report())).last["MessageAttributes"]

    assert json.loads(attributes["regions"]["StringValue"]) == ["eu-north-1", "eu-west-1", "eu-west-2", "us-east-1"]


def test_an_array_without_values_is_left_out() -> None:
    """SNS takes no empty ones."""
    assert set(published(a_message()).last["MessageAttributes"]) == {"type", "severity"}


@pytest.mark.parametrize(("accounts", "is_there"), [(2_000, True), (10_000, False)])
def test_an_array_that_takes_the_room_of_the_message_is_left_out(accounts: int, *, is_there: bool) -> None:
    many = replace(a_digest(2_000), accounts=tuple(f"{number:012}" for number in range(accounts)))
    topic = published(many, "chat")

    assert ("accounts" in topic.last["MessageAttributes"]) == is_there
    assert topic.size <= LIMIT


def test_what_is_kept_for_a_later_try_is_told_as_it_was() -> None:
    queue = Queue()
    message = digest(a_compared_report())
    send_notice(cast("SQSClient", queue), "url", message)

    assert notice_in(json.loads(queue.body)) == message


def test_what_an_older_version_kept_is_told_too() -> None:
    kept = {
        "source": "vpce",
        "detail-type": "Notice",
        "detail": {"subject": "s", "text": "t", "document": {"type": "unread"}},
    }

    assert notice_in(kept) == Message(subject="s", text="t", document={"type": "unread"})


# ---- forms --------------------------------------------------------------------------------------------------------


def test_everybody_may_get_json() -> None:
    body = published(a_message(vpcs=[]), "json").body

    assert set(body) == {"default", "sms"}
    assert json.loads(body["default"])["type"] == "reconciled"


def test_in_a_chat_people_read_the_news_and_the_others_get_what_they_always_get(golden: Golden) -> None:
    message = digest(a_compared_report(), location="s3://reports/findings.json", link="https://console/report")
    body = published(message, "chat").body
    chat = body.pop("https")

    golden("digest_chat.json", json.dumps(json.loads(chat), indent=1, ensure_ascii=False) + "\n")
    assert body == published(message).body


def test_a_notice_is_read_in_a_chat_too(golden: Golden) -> None:
    chat = published(unreadable(PLACE, "denied", ["a tag changed"]), "chat").body["https"]

    golden("unreadable_chat.json", json.dumps(json.loads(chat), indent=1, ensure_ascii=False) + "\n")


def is_taken_by_amazon_q(chat: dict[str, Any]) -> bool:
    """https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html"""
    content = chat["content"]
    return (
        (chat["version"], chat["source"], content["textType"]) == ("1.0", "custom", "client-markdown")
        and len(content["title"]) <= 250
        and 0 < len(content["description"]) <= 8_000
        and all(len(step) <= 350 for step in content["nextSteps"])
        and all(0 < len(word) <= 75 for word in content["keywords"])
    )


@given(st.text(max_size=300), st.integers(0, 200))
def test_whatever_names_people_give_a_chat_takes_the_message(text: str, times: int) -> None:
    hostile = a_finding(vpc_name=text, what=text * times, fix=text)
    report = compare(a_report(*(replace(hostile, vpc=f"vpc-{n}") for n in range(times))), None)
    topic = published(digest(report, link=text), "chat")

    assert is_taken_by_amazon_q(json.loads(topic.body["https"]))
    assert topic.size <= LIMIT


@pytest.mark.parametrize("lie", ["<!channel>", "<https://evil.example|click>", "@here", "`code`", "&lt;"])
def test_no_name_of_a_vpc_calls_people_or_fakes_a_link_in_a_chat(lie: str) -> None:
    report = compare(a_report(a_finding(vpc_name=lie, what=lie, fix=lie)), None)
    content = json.loads(published(digest(report), "chat").body["https"])["content"]
    said = json.dumps(content, ensure_ascii=False)

    assert lie not in said
    assert not set("<>@`") & set(said)


def test_a_command_that_a_chat_does_not_take_whole_is_not_shown() -> None:
    report = compare(a_report(a_finding(fix="aws " + "x" * 350), a_finding(vpc="vpc-2", fix="aws ec2 y")), None)

    assert json.loads(published(digest(report), "chat").body["https"])["content"]["nextSteps"] == ["aws ec2 y"]


# ---- limits -------------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("form", ["text", "chat", "json"])
@pytest.mark.parametrize("findings", [0, 1, 100, 300, 400, 500, 1_000, 10_000])
def test_no_digest_is_too_long_for_sns(findings: int, form: str) -> None:
    assert published(a_digest(findings), form).size <= LIMIT


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
