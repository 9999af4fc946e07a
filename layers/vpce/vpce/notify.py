"""Who is told, and how: one SNS message, as text for people, as JSON for machines, and for chats."""

from __future__ import annotations

import json
from bisect import bisect
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from vpce.core.notice import clipped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

    from vpce.core.notice import Message, Reconciled

TEXT, CHAT, JSON = "text", "chat", "json"
"""Values of the parameter MessageFormat."""

_LIMIT = 256 * 1024
"""Bytes of one message, all forms and the attributes together.
https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""
_ARRAY_LIMIT = 32 * 1024
"""Bytes of an attribute with accounts: two thousand of them."""
_TEXT_LIMIT = 60 * 1024
"""Bytes of text, as JSON. E-mail readers give up long before; the whole report is in S3."""
_WORDS_LIMIT = 1000
_CHAT_DESCRIPTION, _CHAT_STEP, _CHAT_BYTES, _CHAT_RESOURCES = 8_000, 350, 24 * 1024, 20
"""Characters that Amazon Q Developer takes of a description and of a step; bytes that the other forms leave; names."""
_MEMORY = timedelta(hours=1)
_BETWEEN_SWEEPS = timedelta(minutes=70)
"""A little more than the hour of template.yaml: the look that comes first after something was due tells of it."""


class Told:
    """What this process told lately, so that the same trouble is not told for every event of a burst.

    There is one writer per place, so one memory serves; where it is lost, something is told twice.
    """

    def __init__(self) -> None:
        self._when: dict[tuple[str, tuple[str, ...]], datetime] = {}

    def is_news(self, run: Reconciled, now: datetime) -> bool:
        """A change always; trouble if the event named the VPC, or the time of what is held is just over, once."""
        self._when = {what: when for what, when in self._when.items() if now - when < _MEMORY}
        what = (run.vpc, run.trouble)
        is_due = run.due is not None and now - run.due < _BETWEEN_SWEEPS
        is_new = bool(run.trouble) and (run.is_named or is_due) and what not in self._when
        if is_new or run.has_changed:
            self._when[what] = now
        return is_new or run.has_changed


def publish(sns: SNSClient, topic_arn: str, message: Message, form: str = TEXT) -> None:
    """Tell everybody who subscribed, each in the form that fits.

    ====  ===============  =========  =============================================  ===========
    form  e-mail           SMS        HTTPS                                          all others
    ====  ===============  =========  =============================================  ===========
    text  text             subject    JSON                                           JSON
    chat  text             subject    Amazon Q Developer's schema                    JSON
    json  JSON             subject    JSON                                           JSON
    ====  ===============  =========  =============================================  ===========

    Amazon Q Developer in chat applications subscribes to a topic by HTTPS
    (https://repost.aws/knowledge-center/sns-aws-chatbot-message-troubleshooting), and SNS gives each protocol its own
    form (https://docs.aws.amazon.com/sns/latest/api/API_Publish.html), so that one topic serves all.

    Raises:
        ClientError, BotoCoreError: SNS did not take it; the caller keeps it for another try.

    """
    attributes = _attributes(message)
    size = sum(len(part) for name, a in attributes.items() for part in (name, a["DataType"], a["StringValue"]))
    sns.publish(
        TopicArn=topic_arn,
        Subject=message.subject,
        MessageStructure="json",
        Message=_body(message, form, _LIMIT - size),
        MessageAttributes=attributes,
    )


def _attributes(message: Message) -> dict[str, MessageAttributeValueTypeDef]:
    """What subscriptions can filter by; a policy's value matches any element of an array.

    An array that would take the room of the message is left out; ``{"exists": false}`` beside the values in a policy
    lets such messages pass.
    https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html
    """
    attributes: dict[str, MessageAttributeValueTypeDef] = {
        "type": {"DataType": "String", "StringValue": str(message.document["type"])},
        "severity": {"DataType": "String", "StringValue": message.severity},
    }
    for name, values in (("accounts", message.accounts), ("regions", message.regions)):
        text = json.dumps(values)
        if values and len(text) <= _ARRAY_LIMIT:
            attributes[name] = {"DataType": "String.Array", "StringValue": text}
    return attributes


def _body(message: Message, form: str, limit: int) -> str:
    body = _forms(message, message.document, form)
    return body if len(body) <= limit else _forms(message, _shortened(message.document), form)


def _forms(message: Message, document: Mapping[str, Any], form: str) -> str:
    forms = {"default": json.dumps(document), "sms": message.subject}
    if form != JSON:
        forms["email"] = _cut(message.text, lambda text: len(json.dumps(text)) <= _TEXT_LIMIT)
    if form == CHAT:
        forms["https"] = json.dumps(_chat(message))
    return json.dumps(forms)


def _shortened(document: Mapping[str, Any]) -> dict[str, Any]:
    """Lists are what is long: they are emptied, and counted under ``left_out``."""
    left_out = {key: len(value) for key, value in document.items() if isinstance(value, list) and value}

    def short(value: Any) -> Any:
        return [] if isinstance(value, list) else clipped(value, _WORDS_LIMIT) if isinstance(value, str) else value

    return {key: short(value) for key, value in document.items()} | {"left_out": left_out}


def _cut(text: str, fits: Callable[[str], bool]) -> str:
    """As many lines from the start as fit, and how many do not."""
    if fits(text):
        return text
    lines = text.splitlines()

    def first(number: int) -> str:
        return "\n".join([*lines[:number], "", f"… lines left out here: {len(lines) - number}"])

    return first(bisect(range(len(lines)), False, key=lambda number: not fits(first(number + 1))))


# ---- chat ---------------------------------------------------------------------------------------------------------


def _chat(message: Message) -> dict[str, Any]:
    """A custom notification of Amazon Q Developer in chat applications.

    https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
    """
    steps = [_inert(step) for step in message.next_steps]
    metadata: dict[str, Any] = {
        "summary": _inert(message.subject),
        "eventType": f"vpce-{message.document['type']}",
        "relatedResources": list(message.resources[:_CHAT_RESOURCES]),
        "additionalContext": {"severity": message.severity},
    }
    if run := message.document.get("run"):
        metadata["threadId"] = run  # what is told twice, after a failure, is told in one thread
    return {
        "version": "1.0",
        "source": "custom",
        "content": {
            "textType": "client-markdown",
            "title": _inert(message.subject),
            "description": _cut(_inert(message.brief or message.text), _fits_into_chat),
            "nextSteps": [step for step in steps if len(step) <= _CHAT_STEP],
            "keywords": ["vpce", message.severity, *message.regions[:_CHAT_RESOURCES]],
        },
        "metadata": metadata,
    }


def _fits_into_chat(text: str) -> bool:
    return len(text) <= _CHAT_DESCRIPTION and len(json.dumps(text)) <= _CHAT_BYTES


def _inert(text: str) -> str:
    """Slack reads ``<!channel>``, ``<https://…|click here>`` and @names, also where a VPC is called so.

    https://docs.slack.dev/messaging/formatting-message-text
    """
    return text.translate(_INERT)


_INERT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "\uff20", "`": "'"})
