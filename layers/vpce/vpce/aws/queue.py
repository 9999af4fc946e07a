"""How does work get into the queue? As a message of ours, in the group of its place."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

from vpce.core.events import look_again

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from vpce.core.events import Look


def send(sqs: SQSClient, queue_url: str, look: Look) -> None:
    """Queue a look; it arrives after the queue's settle delay."""
    message = look_again(look, message_id=str(uuid.uuid4()))
    sqs.send_message(QueueUrl=queue_url, MessageBody=json.dumps(message), MessageGroupId=str(look.place))
