"""Whatever people, AWS and vpce do, in whatever order: nothing forbidden happens, and it comes to rest as asked."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.aws.machine import Machine, SlowMachine

EXAMPLES = settings(
    max_examples=100,  # of each block
    stateful_step_count=14,
    derandomize=True,
    deadline=None,
    print_blob=True,
    phases=[Phase.generate],  # to shrink takes many minutes; fourteen steps can be read
    suppress_health_check=list(HealthCheck),
)
BLOCKS = pytest.mark.parametrize("block", range(3))


def play(machine: type[Machine], block: int) -> None:
    """Other examples for each block, since Hypothesis draws them by the name; the same on every run."""
    run_state_machine_as_test(type(f"{machine.__name__}{block}", (machine,), {}), settings=EXAMPLES)


class TestAnEc2ThatIsDoneAtOnce:
    """pytest-xdist gives one worker to a class, and another to the next."""

    @BLOCKS
    def test_nothing_forbidden_happens_and_all_comes_to_rest_as_asked(self, block: int) -> None:
        play(Machine, block)


class TestAnEc2ThatTakesItsTime:
    @BLOCKS
    def test_nothing_forbidden_happens_and_all_comes_to_rest_as_asked(self, block: int) -> None:
        play(SlowMachine, block)


def test_a_gateway_of_ours_that_an_endpoint_of_others_needs_is_told_and_comes_to_rest() -> None:
    """S3's interface endpoint may need the gateway; EC2 then refuses to delete it, however often it is asked.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/privatelink-interface-endpoints.html
    """
    machine = Machine()
    machine.begin(event=True)
    machine.tag_none(pick=0, fault="")
    machine.dns_attributes(on=True, pick=0)
    machine.foreign_endpoint(what=("s3", "Interface"), names=True, our_group=False, pick=0)
    machine.teardown()
