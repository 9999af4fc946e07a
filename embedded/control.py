"""What was called, what shall fail, and what was mailed?

Tests ask the embedded AWS both over HTTP: every call is recorded with its outcome, and a fault makes the
calls that it matches slow, refused, or carried out with the answer lost.
"""

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

CALLS_KEPT = 200_000


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of the API, as it was answered."""

    time: float
    service: str
    action: str
    region: str
    account: str
    principal: str
    error: str | None
    parameters: Mapping[str, str] = field(default_factory=dict)  # of EC2 only, as on the wire


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What happens to the calls that match."""

    service: str
    action: str = "*"
    region: str = "*"
    account: str = "*"
    parameters: Mapping[str, str] = field(default_factory=dict)  # a part of the call's; EC2 only
    code: str | None = None  # None: only the delay
    message: str = "This call was made to fail."
    status: int = 400
    delay: float = 0.0
    after: bool = False  # the call is carried out and its answer lost
    times: int | None = None  # None: until it is taken back

    def matches(self, *, service: str, action: str, region: str, account: str, parameters: Mapping[str, str]) -> bool:
        return (
            self.service == service
            and self.action in ("*", action)
            and self.region in ("*", region)
            and self.account in ("*", account)
            and all(parameters.get(name) == value for name, value in self.parameters.items())
        )


@dataclass(frozen=True, kw_only=True)
class Mail:
    """What a topic sent to a subscriber by mail."""

    time: float
    topic: str
    to: str
    subject: str
    text: str


class Mails:
    """The mailboxes of all subscribers, oldest mail first. Subscriptions count as confirmed."""

    def __init__(self) -> None:
        self._mails: list[Mail] = []

    def add(self, mail: Mail) -> None:
        self._mails.append(mail)

    def as_documents(self) -> list[dict[str, Any]]:
        return [asdict(mail) for mail in list(self._mails)]

    def forget(self) -> None:
        self._mails.clear()


class Calls:
    """The record of calls, oldest first."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=CALLS_KEPT)

    def add(self, call: Call) -> None:
        self._calls.append(call)

    def as_documents(self) -> list[dict[str, Any]]:
        return [asdict(call) for call in list(self._calls)]

    def forget(self) -> None:
        self._calls.clear()


class Faults:
    """The faults that are in force; the first one that matches is taken."""

    def __init__(self) -> None:
        self._faults: list[tuple[Fault, int | None]] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append((fault, fault.times))

    def take(
        self, *, service: str, action: str, region: str, account: str, parameters: Mapping[str, str]
    ) -> Fault | None:
        with self._lock:
            for position, (fault, left) in enumerate(self._faults):
                if left == 0 or not fault.matches(
                    service=service, action=action, region=region, account=account, parameters=parameters
                ):
                    continue
                if left is not None:
                    self._faults[position] = (fault, left - 1)
                return fault
        return None

    def as_documents(self) -> list[dict[str, Any]]:
        with self._lock:
            return [{**asdict(fault), "left": left} for fault, left in self._faults if left != 0]

    def forget(self) -> None:
        with self._lock:
            self._faults.clear()
