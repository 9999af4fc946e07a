"""Who is told, and how: one SNS message, as text for people and as JSON for machines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

    from vpce.core.report import Message

_LIMIT = 256 * 1024
"""Bytes of one message, all forms together. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""
_TEXT_LIMIT = 60 * 1024
"""E-mail readers give up long before; the whole report is in S3."""


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
    body = json.dumps({"default": json.dumps(message.document), "email": text, "sms": message.subject})
    if len(body.encode()) <= _LIMIT:
        return body
    # The document's lists are what is long; a machine that needs them reads the report in S3.
    short: dict[str, Any] = {
        key: f"{len(value)} left out; too long for one message" if isinstance(value, list) else value
        for key, value in message.document.items()
    }
    return json.dumps({"default": json.dumps(short), "email": text, "sms": message.subject})


def _cut(text: str) -> str:
    if len(text.encode()) <= _TEXT_LIMIT:
        return text
    lines, size = text.splitlines(), 0
    for number, one in enumerate(lines):
        size += len(one.encode()) + 1
        if size > _TEXT_LIMIT:
            return "\n".join([*lines[:number], "", f"… {len(lines) - number} more lines are left out here."])
    return text
