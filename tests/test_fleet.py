"""Does the audit find every known defect of a fleet, and nothing else?

A small fleet here; `make fleet` has the large one, for any seed.
"""

from __future__ import annotations

import pytest

from benchmarks.fleet import DESIGNS, REGIONS, TWISTS, Twist, aws, build, deal, lots_of, places_for, truths_of
from benchmarks.judge import Judged, judge_place, table
from vpce.core.checks import CHECKS

VPCS = 30


@pytest.mark.parametrize("seed", [1, 2])
def test_everything_is_found_and_nothing_else(seed: int) -> None:
    judged = Judged()
    for place, lots in lots_of(seed, VPCS).items():
        judged += judge_place(seed, place, lots)

    assert judged.hits
    assert [(t.check, t.vpc, t.about, t.cause) for t in judged.missed] == []
    assert [(f.check, f.vpc, f.resource, f.what) for f in judged.false] == []


def test_every_check_has_a_defect_and_every_defect_a_check() -> None:
    """Policies are open unless something happens."""
    assert {t.check for t in TWISTS.values() if not t.is_near_miss} == set(CHECKS) - {"open-policy"}
    assert {t.check for t in TWISTS.values()} == set(CHECKS)


@pytest.mark.parametrize("twist", TWISTS.values(), ids=TWISTS)
def test_everything_that_happens_has_a_design_to_happen_to(twist: Twist) -> None:
    assert any(twist.fits(design, frozenset()) for design in DESIGNS.values())


def test_a_fleet_of_300_has_everything_in_several_accounts_and_regions() -> None:
    lots = deal(7, 300)

    assert {name for lot in lots for name in lot.twists} == set(TWISTS)
    assert {lot.design for lot in lots} == set(DESIGNS)
    assert len({p.account for p in places_for(300)}) > 1
    assert {p.region for p in places_for(300)} == set(REGIONS)


def test_the_same_seed_brings_the_same_fleet() -> None:
    assert deal(3, VPCS) == deal(3, VPCS)
    assert deal(3, VPCS) != deal(4, VPCS)
    place, lots = next(iter(lots_of(3, VPCS).items()))
    built = []
    for _ in range(2):
        with aws() as shared:
            built.append([(t.check, t.cause) for t in truths_of(build(3, place, lots, shared))])

    assert built[0] == built[1]


def test_a_perfect_score_is_printed_for_each_check() -> None:
    lines = table(Judged())

    assert [line.split()[0] for line in lines[1:]] == list(CHECKS)
