"""Whatever goes wrong, the table says what is lost: every case of faults.py, and what must hold after each.

`make faults` also writes the outcomes into docs/reliability.md.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from embedded.process import REPOSITORY, EmbeddedAws
from tests.end_to_end.case import Case
from tests.end_to_end.conftest import MAILBOX, PROFILES, sam
from tests.end_to_end.document import DOCUMENT, with_table
from tests.end_to_end.faults import CASES
from tests.end_to_end.site import PARAMETER, SECOND_REGION, Site, site

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LANES = 5
"""Installations in which cases happen at the same time. They mostly wait: for EC2's pace, for events, for the queue."""


class Lanes:
    """Installations, each in an AWS of its own, so that no fault meets the case beside it."""

    def __init__(self, sites: list[Site]) -> None:
        self._free: queue.SimpleQueue[Site] = queue.SimpleQueue()
        for one in sites:
            self._free.put(one)

    @contextlib.contextmanager
    def taken(self) -> Iterator[Site]:
        one = self._free.get()
        try:
            yield one
        finally:
            one.clean()
            self._free.put(one)


@pytest.fixture(scope="module")
def lanes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lanes]:
    """The template, built once by the SAM CLI and deployed in each AWS."""
    build, cache, logs = (tmp_path_factory.mktemp(name) for name in ("built", "cache", "embedded"))
    runtimes = {"python3.13": REPOSITORY / ".venv-lambda/bin/python"}

    def opened(number: int) -> Site:
        aws = EmbeddedAws(
            iam=True, event_delay=0.05, pending=0.3, deleting=0.3, runtimes=runtimes, log=logs / str(number)
        )
        opening.enter_context(aws)
        aws.client("ssm").put_parameter(Name=PARAMETER, Type="String", Value=PROFILES)
        if number == 0:
            sam(aws, "build", "--build-dir", str(build), "--cache-dir", str(cache))
            built.set()
        assert built.wait(120)
        return site(aws, build, NotificationEmail=MAILBOX, AuditRegions=f"{aws.region},{SECOND_REGION}")

    built = threading.Event()
    with contextlib.ExitStack() as opening, ThreadPoolExecutor(LANES) as pool:
        yield Lanes(list(pool.map(opened, range(LANES))))


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest, lanes: Lanes) -> Iterator[Mapping[str, Future[None]]]:
    """What comes of the cases that were asked for, by name; written into the document if that was asked for too."""
    items = [i for i in request.session.items if isinstance(i, pytest.Function) and hasattr(i, "callspec")]
    asked = [c for c in (i.callspec.params.get("case") for i in items) if isinstance(c, Case)]
    with ThreadPoolExecutor(LANES) as pool:
        futures = {c.name: pool.submit(_happen, lanes, c) for c in asked}
        yield futures
        for future in futures.values():
            future.cancel()
    if request.config.getoption("write_reliability", default=False):
        survived = {n for n, f in futures.items() if not f.cancelled() and f.exception() is None}
        rows = [c.row if c.name in survived else f"| {c.name} | {c.times} | **not survived** | |" for c in CASES]
        DOCUMENT.write_text(with_table(DOCUMENT.read_text(), rows))


@pytest.fixture
def no_faults_left() -> None:
    """In place of the session's, which would deploy an installation that nobody uses here."""


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name.replace(" ", "-"))
def test_a_fault_costs_nothing(case: Case, outcomes: Mapping[str, Future[None]]) -> None:
    outcomes[case.name].result()


def _happen(lanes: Lanes, case: Case) -> None:
    """Let a case happen; what must hold in the end is the same for all."""
    with lanes.taken() as here:
        wanted = case.happens(here)
        for vpc, services in wanted.items():
            here.arrives(vpc, services)
        here.settled()
        assert here.faults_left() == [], "the fault was injected less often than it says"
        here.aws.heal()
        if wanted:
            now = time.time()
            here.look(*wanted)
            assert here.writes(since=now) == [], "the second plan is not empty"
        for vpc, services in wanted.items():
            here.is_whole(vpc, services)
            assert here.not_ours(vpc) == here.theirs.get(vpc, here.not_ours(vpc)), "what others made was touched"
            made = [f"created {service}" for service in services]
            made += ["created security group"] if "sts" in services else []
            assert {m for m in made if not here.told_of(vpc, m)} == case.untold, "told otherwise than the table says"
        here.is_clean()
