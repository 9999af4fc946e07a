"""Whatever people, AWS and vpce do, in whatever order: nothing forbidden happens, and it comes to rest as asked."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings

from tests.aws.machine import Machine, SlowMachine

EXAMPLES = settings(
    max_examples=300,  # of each machine
    stateful_step_count=14,
    derandomize=True,
    deadline=None,
    print_blob=True,
    phases=[Phase.generate],  # to shrink takes many minutes; fourteen steps can be read
    suppress_health_check=list(HealthCheck),
)

TestMachine = Machine.TestCase
TestMachine.settings = EXAMPLES
TestSlowMachine = SlowMachine.TestCase
TestSlowMachine.settings = EXAMPLES


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
