"""Who is told, and how: one SNS message, as text for people and as JSON for machines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_sns import SNSClient

    from vpce.core.report import Message

_LIMIT = 255 * 1024
"""Bytes of one message, all forms together; SNS takes 256 KiB with the attributes.
https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""
_TEXT_LIMIT = 60 * 1024
"""Bytes of text, as JSON. E-mail readers give up long before; the whole report is in S3."""
_WORDS_LIMIT = 1000


def publish(sns: SNSClient, topic_arn: str, message: Message) -> None:
    """Tell everybody who subscribed. E-mail and SMS get the text, every other protocol the JSON.

    Raises:
        ClientError, BotoCoreError: SNS did not take it; the caller's work is to be tried again.

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
    """Lists are what is long; a machine that needs them reads the report in S3."""

    def short(value: Any) -> Any:
        if isinstance(value, list):
            return f"{len(value)} left out; too long for one message"
        if isinstance(value, str) and len(value) > _WORDS_LIMIT:
            return f"{value[:_WORDS_LIMIT]}…"
        return value

    return {key: short(value) for key, value in document.items()}


def _cut(text: str) -> str:
    if len(json.dumps(text)) <= _TEXT_LIMIT:
        return text
    lines, size = text.splitlines(), 0
    for number, one in enumerate(lines):
        size += len(json.dumps(one))
        if size > _TEXT_LIMIT:
            return "\n".join([*lines[:number], "", f"… lines left out here: {len(lines) - number}"])
    return text
