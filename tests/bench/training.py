"""How often healthy training runs pass all checks, and how often planted faults are found.

    nice python tests/bench/training.py [--quick]

Seeds are fixed; lengths of 80 to 4,000 steps (10 to 80 in a second pass), levels, noise and shapes are drawn anew for
each run.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter

import numpy as np
import training_shapes
from training_shapes import FAULTS, HEALTHY, Maker, frame

from burnline.validation.training import training_checks


def failing(maker: Maker, runs: int, seed: int) -> tuple[list[set[str]], list[set[str]]]:
    """The names of failed errors and of failed warnings of each run."""
    errors, warnings = [], []
    for index in range(runs):
        rng = np.random.default_rng([seed, index])
        report = training_checks(frame(maker(rng)), "model")
        failed = [c for c in report.checks if not c.passed]
        errors.append({c.check for c in failed if c.severity == "error"})
        warnings.append({c.check for c in failed if c.severity == "warning" and c.check != "columns"})
    return errors, warnings


def main() -> None:
    """Make the runs, check them, print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--runs", type=int, default=400)
    options = parser.parse_args()
    runs = 60 if options.quick else options.runs
    started = time.perf_counter()
    tables(runs)
    training_shapes.LENGTHS = (10, 80)
    print("of 10 to 80 steps")
    tables(runs // 4)
    print(f"{time.perf_counter() - started:.0f} s")


def tables(runs: int) -> None:
    """Print both tables for so many runs of each kind."""
    every, total = 0, 0
    print(f"healthy, {runs} runs each            pass (target >= .98)   with a warning   failed checks")
    for seed, (name, maker) in enumerate(HEALTHY.items()):
        errors, warnings = failing(maker, runs, seed)
        good = sum(not e for e in errors)
        every, total = every + good, total + runs
        causes = dict(Counter(c for e in errors for c in e))
        told = dict(Counter(c for w in warnings for c in w))
        print(f"{name:32} {good / runs:8.3f} {sum(map(bool, warnings)) / runs:22.3f}   {causes or ''} {told or ''}")
    print(f"{'all':32} {every / total:8.4f}")
    print(f"planted, {runs} runs each            found (target >= .95)")
    for seed, (name, (maker, wanted)) in enumerate(FAULTS.items()):
        errors, warnings = failing(maker, runs, 100 + seed)
        found = sum(bool((e | w) & set(wanted)) for e, w in zip(errors, warnings, strict=True))
        others = dict(Counter(c for e, w in zip(errors, warnings, strict=True) for c in (e | w) - set(wanted)))
        print(f"{name:32} {found / runs:8.3f}   also: {others}")


if __name__ == "__main__":
    main()
