"""The machine of test_machine.py for as long as you like: ``python -m tests.aws.soak [EXAMPLES]``.

It plays in blocks, a process for each processor. A block has always the same examples; what one finds is printed with
the steps that lead to it, and the next blocks go on. The last line has the figures.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, wait

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.aws.machine import FIGURES, Machine, SlowMachine

EXAMPLES = 20_000
BLOCK = 100
STEPS = 14
EVERY = 60.0
"""Seconds between two lines of progress."""


def play(number: int, examples: int) -> tuple[Counter[str], str]:
    """One block; the figures, and what was violated and how."""
    FIGURES.clear()
    warnings.simplefilter("ignore")  # Hypothesis has advice about rare rules
    machine = type(f"Block{number}", ((Machine, SlowMachine)[number % 2],), {})
    how = settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        derandomize=True,  # by the name of the machine
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        phases=[Phase.generate],  # to shrink takes minutes, in which much more can be found
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(machine, settings=how)
    except Exception as error:  # noqa: BLE001  whatever was found is told, and the soak goes on
        steps = "\n".join(getattr(error, "__notes__", []))
        return Counter({**FIGURES, "violations": 1}), f"block {number}: {type(error).__name__}: {error}\n{steps}"
    return Counter(FIGURES), ""


def main(examples: int) -> int:
    started, total = time.monotonic(), Counter[str]()

    def figures() -> str:
        names = ("examples", "steps", "seconds", "calls", "violations")
        return ", ".join(f"{(total | {'seconds': round(time.monotonic() - started)}).get(n, 0)} {n}" for n in names)

    sizes = [BLOCK] * (examples // BLOCK) + [examples % BLOCK] * (examples % BLOCK > 0)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        left = {pool.submit(play, number, size) for number, size in enumerate(sizes)}
        told = started
        while left:
            done, left = wait(left, timeout=1)
            for block in done:
                found, words = block.result()
                total += found
                if words:
                    print(words, flush=True)  # noqa: T201  it talks to a terminal
            if time.monotonic() - told >= EVERY:
                told = time.monotonic()
                print(figures(), flush=True)  # noqa: T201
    print(figures())  # noqa: T201
    return 1 if total["violations"] else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else EXAMPLES))
