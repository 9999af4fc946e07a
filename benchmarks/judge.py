"""Does the audit find what a careful person would, and nothing else? Precision and recall per check, on a fleet.

    python -m benchmarks.judge [--seed 1] [--vpcs 300]

Each place of the fleet is built and audited in a process of its own, and its findings are held against the truth. A
finding counts for a truth when check, account, region and VPC are the same and its resource names what the truth is
about; each counts once. Ends with 1 if anything was missed or told for nothing.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING

import benchmarks.defects  # noqa: F401  they register themselves
from benchmarks.fleet import NOW, aws, build, lots_of, truths_of
from embedded import strict_ec2
from vpce.audit import audit_place
from vpce.core.checks import CHECKS
from vpce.core.findings import State, Unread
from vpce.core.ignores import IgnoresFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.fleet import Lot, Site, Truth
    from vpce.core.findings import Finding
    from vpce.core.model import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What came of one place, or of all."""

    hits: tuple[Truth, ...] = ()
    missed: tuple[Truth, ...] = ()
    false: tuple[Finding, ...] = ()

    def __add__(self, other: Judged) -> Judged:
        return Judged(hits=self.hits + other.hits, missed=self.missed + other.missed, false=self.false + other.false)

    @property
    def is_perfect(self) -> bool:
        return not self.missed and not self.false


def judge(truths: Iterable[Truth], findings: Iterable[Finding]) -> Judged:
    """Pair truths with findings, each once; the truths that say most choose first."""
    left = list(findings)
    hits: list[Truth] = []
    missed: list[Truth] = []
    for truth in sorted(truths, key=lambda t: (-len(t.about), t)):
        match = next((f for f in left if _fits(truth, f)), None)
        if match is None:
            missed.append(truth)
        else:
            left.remove(match)
            hits.append(truth)
    return Judged(hits=tuple(hits), missed=tuple(missed), false=tuple(left))


def _fits(truth: Truth, finding: Finding) -> bool:
    is_there = (truth.check, truth.place, truth.vpc) == (finding.check, finding.place, finding.vpc)
    return is_there and all(name in finding.resource for name in truth.about)


def judge_place(seed: int, place: Place, lots: Sequence[Lot]) -> Judged:
    """Build a place, audit it, and hold the findings against the truth."""
    with aws() as shared:
        site = build(seed, place, lots, shared)
        with strict_ec2.behave(gateway_quota=site.gateway_quota):
            report = audit_place(site.around(), now=NOW.isoformat()).report
    if isinstance(report, Unread) or report.unread:
        raise RuntimeError(f"{place} was not read whole: {report}")
    return judge(truths_of(site), heard(site, report.findings))


def heard(site: Site, findings: Iterable[Finding]) -> list[Finding]:
    """What people hear of: nothing that the VPC's tag or the file of ignores keeps from them."""
    file = IgnoresFile(home=site.place, source="ignores.toml", checks=CHECKS)
    ignores = file.read(site.ignores.encode(), today=site.now.date().isoformat())
    return [f for f in (*map(ignores.judge, findings), *ignores.findings) if f.state is not State.IGNORED]


def judge_fleet(seed: int, vpcs: int, *, processes: int | None = None) -> Judged:
    """The whole fleet, place by place, each in a process of its own: moto then draws the same ids for the same seed."""
    laid = lots_of(seed, vpcs)
    total = Judged()
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        for judged in pool.map(judge_place, [seed] * len(laid), laid.keys(), laid.values()):
            total += judged
    return total


def table(judged: Judged) -> list[str]:
    """One line per check: what was there, what was found, precision and recall."""
    hits = Counter(t.check for t in judged.hits)
    missed = Counter(t.check for t in judged.missed)
    false = Counter(f.check for f in judged.false)
    width = max(len(c) for c in CHECKS)
    lines = [f"{'check':<{width}}  {'there':>6}  {'found':>6}  {'missed':>6}  {'false':>6}  precision  recall"]
    for check in CHECKS:
        there, told = hits[check] + missed[check], hits[check] + false[check]
        precision = f"{hits[check] / told:.3f}" if told else "  -  "
        recall = f"{hits[check] / there:.3f}" if there else "  -  "
        figures = f"{there:>6}  {hits[check]:>6}  {missed[check]:>6}  {false[check]:>6}"
        lines.append(f"{check:<{width}}  {figures}  {precision:>9}  {recall:>6}")
    return lines


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.judge", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--vpcs", type=int, default=300)
    given = parser.parse_args(arguments)
    started = time.monotonic()
    laid = lots_of(given.seed, given.vpcs)
    judged = judge_fleet(given.seed, given.vpcs)
    for truth in judged.missed:
        print(f"missed: {truth.check} {truth.place} {truth.vpc} {' '.join(truth.about)} ({truth.cause})")
    for finding in judged.false:
        print(f"false: {finding.check} {finding.place} {finding.vpc} {finding.resource}: {finding.what}")
    accounts = len({p.account for p in laid})
    regions = len({p.region for p in laid})
    took = time.monotonic() - started
    print(f"seed {given.seed}: {given.vpcs} VPCs in {accounts} accounts and {regions} regions, {took:.0f} seconds")
    print("\n".join(table(judged)))
    return 0 if judged.is_perfect else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
