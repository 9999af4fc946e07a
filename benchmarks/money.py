"""Do we tell from logs which services a VPC calls, and how much? Held against traffic whose truth is known.

    python -m benchmarks.money [--records 1000000] [--seeds 1 2 3 4]

For each seed the logs of one VPC are made (`benchmarks.traffic`), read and attributed, each in a process of its own;
then once more without the query log, and summed by one line of awk. Ends with 1 if a service was missed or told for
nothing, if bytes are off by more than 1 %, if broken lines were not counted, or if memory grew with the records. The
break-even table is `benchmarks.money_table`'s.
"""

from __future__ import annotations

import argparse
import gzip
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

from benchmarks.money_table import break_even_table
from benchmarks.traffic import CIDRS, FORMATS, SINCE, VPC, write_traffic
from vpce.core.attribution import Attribution, Names, read_ranges
from vpce.core.flowlog import BROKEN, WRONG_COUNT, read_flows
from vpce.core.querylog import read_queries

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.traffic import Traffic
    from vpce.core.evidence import Evidence

T = TypeVar("T")
VARIANTS = (("default", False), ("custom", True), ("custom", False), ("default", True))
"""Format, and whether the files are compressed; a seed after the other has one of them."""
ERROR = 0.01
"""Share of bytes that may be off."""
MEMORY, PER_PAIR = 32 << 20, 1 << 10
"""Bytes that reading may take, and what each distinct pair of client and address may add."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What came of one VPC's logs."""

    precision: float
    recall: float
    error: float
    """Worst share of bytes that is off: of a service, of AWS unattributed, of other."""
    uncounted: int
    """Broken lines that are not among the skipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """And what it took."""

    judged: Judged
    alone: float
    """Share of the bytes to AWS that is attributed without a query log."""
    queries_a_second: float
    flows_a_second: float
    grown: int
    """Bytes of memory that reading took."""
    skipped: Counter[str]


def judge(made: Traffic, found: Evidence, skipped: Counter[str]) -> Judged:
    """Hold what was told against the truth."""
    told = {u.service: u for u in found.services}
    hits = len(told.keys() & made.services.keys())
    ways = ("outside", "inside", "gateway", "direct")
    errors = [
        abs(getattr(told[s], way) - getattr(truth, way)) / max(1, truth.outside + truth.inside + truth.gateway)
        for s, truth in made.services.items()
        if s in told
        for way in ways
    ]
    rest = ((found.aws_bytes, made.aws_bytes), (found.other_bytes, made.other_bytes))
    return Judged(
        precision=hits / max(1, len(told)),
        recall=hits / len(made.services),
        error=max(*errors, *(abs(a - b) / max(1, b) for a, b in rest)),
        uncounted=made.broken - skipped[BROKEN] - skipped[WRONG_COUNT],
    )


def is_good(run: Run, made: Traffic) -> bool:
    judged = run.judged
    return (
        judged.precision == judged.recall == 1
        and judged.error <= ERROR
        and judged.uncounted == 0
        and run.grown <= MEMORY + PER_PAIR * made.pairs
    )


def run(made: Traffic) -> Run:
    """Read and attribute; in a process that has done nothing else, for the sake of its memory."""
    before = _peak()
    skipped: Counter[str] = Counter()
    whole, queries, flows = _attributed(made, skipped, with_queries=True)
    grown = _peak() - before
    alone, _, _ = _attributed(made, Counter(), with_queries=False)
    services, theirs = (sum(u.bytes for u in e.services) for e in (alone, whole))
    return Run(
        judged=judge(made, whole, skipped),
        alone=services / (theirs + whole.aws_bytes),
        queries_a_second=queries,
        flows_a_second=flows,
        grown=grown,
        skipped=skipped,
    )


def _attributed(made: Traffic, skipped: Counter[str], *, with_queries: bool) -> tuple[Evidence, float, float]:
    """The evidence, and records per second of either log."""
    attribution = Attribution(
        VPC,
        SINCE,
        made.until,
        Names(made.catalog),
        read_ranges(made.ip_ranges),
        vpc_cidrs=CIDRS,
        endpoint_addresses=made.endpoint_addresses,
        skip_interfaces=made.skip_interfaces,
        gateways=made.gateways,
    )
    started, queries = time.perf_counter(), 0
    if with_queries:
        with _opened(made.query_log) as lines:
            for queries, query in enumerate(read_queries(lines, skipped), 1):  # noqa: B007  the last is how many
                attribution.query(query)
    between = time.perf_counter()
    with _opened(made.flow_log) as lines:
        for flow in read_flows(lines, None, skipped):
            attribution.flow(flow)
    ended = time.perf_counter()
    return attribution.evidence(()), queries / (between - started), made.flows / (ended - between)


def _opened(path: Path) -> IO[str]:
    return gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def awk(made: Traffic, format_: str) -> float | None:
    """Records per second of one line of awk that sums bytes by destination; None where there is no awk."""
    program, size, to = shutil.which("awk"), FORMATS[format_].index("bytes") + 1, FORMATS[format_].index("dstaddr") + 1
    if program is None:
        return None
    line = f"{{s[${to}] += ${size}}} END {{for (d in s) print d, s[d]}}"
    started = time.perf_counter()
    if made.flow_log.suffix == ".gz":
        with subprocess.Popen(["gzip", "-dc", made.flow_log], stdout=subprocess.PIPE) as unpacked:
            subprocess.run([program, line], stdin=unpacked.stdout, stdout=subprocess.DEVNULL, check=True)
    else:
        subprocess.run([program, line, made.flow_log], stdout=subprocess.DEVNULL, check=True)
    return made.flows / (time.perf_counter() - started)


def _apart(work: Callable[..., T], **arguments: Any) -> T:
    """In a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, **arguments).result()


HEAD = (
    f"{'seed':>4}  {'logs':<11} {'records':>9} {'services':>8} {'precision':>9} {'recall':>6} {'bytes off':>9} "
    f"{'no query log':>12} {'queries/s':>9} {'flows/s':>9} {'awk':>10} {'memory':>7}"
)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--records", type=int, default=1_000_000, help="flow records of each VPC")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4], help="one VPC each")
    asked = parser.parse_args(arguments)
    print(break_even_table())
    print(f"\n{HEAD}")
    runs: list[Run] = []
    good, peers = True, []
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(asked.seeds):
            format_, compressed = VARIANTS[number % len(VARIANTS)]
            made = _apart(
                write_traffic,
                folder=Path(folder),
                seed=seed,
                records=asked.records,
                format_=format_,
                compressed=compressed,
            )
            runs.append(_apart(run, made=made))
            peers.append(awk(made, format_))
            good = good and is_good(runs[-1], made)
            print(_row(seed, f"{format_}{' gz' * compressed}", made, runs[-1], peers[-1]), flush=True)
            made.flow_log.unlink()
            made.query_log.unlink()
    print(_figures(runs, peers))
    return 0 if good else 1


def _row(seed: int, logs: str, made: Traffic, of_it: Run, peer: float | None) -> str:
    judged, pace = of_it.judged, f"{peer:,.0f}" if peer else "no awk"
    return (
        f"{seed:>4}  {logs:<11} {made.flows:>9,} {len(made.services):>8} {judged.precision:>9.3f} "
        f"{judged.recall:>6.3f} {judged.error:>9.3%} {of_it.alone:>12.1%} {of_it.queries_a_second:>9,.0f} "
        f"{of_it.flows_a_second:>9,.0f} {pace:>10} {of_it.grown / (1 << 20):>4.0f} MB"
    )


def _figures(runs: Sequence[Run], peers: Sequence[float | None]) -> str:
    """The worst of each."""
    paces = [f"{p:,.0f}" for p in sorted(p for p in peers if p)[:1]]
    return (
        f"precision {min(r.judged.precision for r in runs):.3f}, recall {min(r.judged.recall for r in runs):.3f}, "
        f"bytes off by {max(r.judged.error for r in runs):.3%}, without a query log "
        f"{min(r.alone for r in runs):.1%} attributed, {min(r.flows_a_second for r in runs):,.0f} flow records/s "
        f"(awk {paces[0] if paces else 'not there'}), {max(r.grown for r in runs) / (1 << 20):.0f} MB"
    )


if __name__ == "__main__":
    sys.exit(main())
