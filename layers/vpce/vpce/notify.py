"""Who is told, and how: one SNS message, as text for people and as JSON for machines."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from mypy_boto3_sns import SNSClient

    from vpce.core.notice import Message, Reconciled

_LIMIT = 255 * 1024
"""Bytes of one message, all forms together; SNS takes 256 KiB with the attributes.
https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""
_TEXT_LIMIT = 60 * 1024
"""Bytes of text, as JSON. E-mail readers give up long before; the whole report is in S3."""
_WORDS_LIMIT = 1000
_MEMORY = timedelta(hours=1)


class Told:
    """What this process told lately, so that the same trouble is not told for every event of a burst.

    There is one writer per place, so one memory serves; where it is lost, something is told twice.
    """

    def __init__(self) -> None:
        self._when: dict[tuple[str, tuple[str, ...]], datetime] = {}

    def is_news(self, run: Reconciled, now: datetime) -> bool:
        """A change always; trouble if the event named the VPC, and it was not told within the hour."""
        self._when = {what: when for what, when in self._when.items() if now - when < _MEMORY}
        what = (run.vpc, run.trouble)
        is_new = bool(run.trouble) and run.is_named and what not in self._when
        if is_new or run.has_changed:
            self._when[what] = now
        return is_new or run.has_changed


def publish(sns: SNSClient, topic_arn: str, message: Message) -> None:
    """Tell everybody who subscribed. E-mail and SMS get the text, every other protocol the JSON.

    Raises:
        ClientError, BotoCoreError: SNS did not take it; the caller keeps it for another try.

    """
    sns.publish(
        TopicArn=topic_arn,
        Subject=message.subject,
        MessageStructure="json",
        Message=_body(message),
        MessageAttributes={"type": {"DataType": "String", "StringValue": str(message.document["type"])}},
    )


def _body(message: Message) -> str:
    text = _cut(message.text)
    body = _forms(message, message.document, text)
    return body if len(body) <= _LIMIT else _forms(message, _shortened(message.document), text)


def _forms(message: Message, document: Mapping[str, Any], text: str) -> str:
    return json.dumps({"default": json.dumps(document), "email": text, "sms": message.subject})


def _shortened(document: Mapping[str, Any]) -> dict[str, Any]:
    """Lists are what is long: they are emptied, and counted under ``left_out``."""
    left_out = {key: len(value) for key, value in document.items() if isinstance(value, list) and value}

    def short(value: Any) -> Any:
        if isinstance(value, list):
            return []
        return f"{value[:_WORDS_LIMIT]}…" if isinstance(value, str) and len(value) > _WORDS_LIMIT else value

    return {key: short(value) for key, value in document.items()} | {"left_out": left_out}


def _cut(text: str) -> str:
    if len(json.dumps(text)) <= _TEXT_LIMIT:
        return text
    lines, size = text.splitlines(), 0
    for number, one in enumerate(lines):
        size += len(json.dumps(one))
        if size > _TEXT_LIMIT:
            return "\n".join([*lines[:number], "", f"… lines left out here: {len(lines) - number}"])
    return text
