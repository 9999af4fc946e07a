"""How does work get into the queue? As a message of ours, in EventBridge's envelope; or back, once we can do it."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from vpce.core.events import OWN_SOURCE, look_again
from vpce.core.notice import Message

if TYPE_CHECKING:
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
    detail: Any = event.get("detail")
    match detail:
        case {"subject": str(), "text": str(), "document": {"type": str()}}:
            known = {f.name for f in fields(Message)}
            said: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in detail.items() if k in known}
            return Message(**said)
    return None


def put_back(sqs: SQSClient, dead_letters_url: str, queue_url: str) -> int:
    """Move all dead letters back into the queue; gives how many.

    It may be stopped at any time: a message is deleted only once it is back, and one that comes twice is harmless.
    """
    count = 0
    while messages := sqs.receive_message(
        QueueUrl=dead_letters_url,
        MaxNumberOfMessages=10,
        WaitTimeSeconds=1,  # else SQS asks only some of its servers, and may find nothing
        MessageSystemAttributeNames=["MessageGroupId"],
    ).get("Messages"):
        for message in messages:
            sqs.send_message(
                QueueUrl=queue_url,
                MessageBody=message["Body"],
                MessageGroupId=message["Attributes"]["MessageGroupId"],
                MessageDeduplicationId=str(uuid.uuid4()),  # else SQS takes it for the one that failed, and drops it
            )
            sqs.delete_message(QueueUrl=dead_letters_url, ReceiptHandle=message["ReceiptHandle"])
            count += 1
    return count
