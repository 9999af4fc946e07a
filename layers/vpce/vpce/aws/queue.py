"""How does work get into the queue? As a message of ours, in EventBridge's envelope."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from vpce.core.events import OWN_SOURCE, look_again
from vpce.core.notice import Message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_sqs import SQSClient

    from vpce.core.events import Look

NOTICE = "Notice"


def send_look(sqs: SQSClient, queue_url: str, look: Look) -> None:
    """Queue a look in the group of its place; it arrives after the queue's settle delay."""
    message = look_again(look, message_id=str(uuid.uuid4()))
    sqs.send_message(QueueUrl=queue_url, MessageBody=json.dumps(message), MessageGroupId=str(look.place))


def send_notice(sqs: SQSClient, queue_url: str, message: Message) -> None:
    """Queue what could not be told to people, in a group of its own: it holds up no place."""
    body = {"source": OWN_SOURCE, "detail-type": NOTICE, "id": str(uuid.uuid4()), "detail": asdict(message)}
    sqs.send_message(QueueUrl=queue_url, MessageBody=json.dumps(body), MessageGroupId=NOTICE)


def notice_in(event: Any) -> Message | None:
    """The notice that a message of ours carries, if it is such a message."""
    if not isinstance(event, dict) or (event.get("source"), event.get("detail-type")) != (OWN_SOURCE, NOTICE):
        return None
    detail: Mapping[str, Any] = event["detail"]
    fields: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in detail.items()}
    return Message(**fields)
