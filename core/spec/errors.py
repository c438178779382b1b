"""What is wrong with a definition: every problem with its file, line and the nearest valid name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from burnline.errors import BurnlineError


@dataclass(frozen=True)
class Problem:
    """One thing wrong in one file; ``line`` is None when it concerns the file as a whole."""

    path: str
    line: int | None
    text: str

    def __str__(self) -> str:
        place = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{place}: {self.text}"


class DefinitionError(BurnlineError):
    """One or more problems in definition files; its text has one line for each."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The name among ``known`` that ``word`` most likely stands for, whatever its case."""
    lowered = {name.lower(): name for name in sorted(known, reverse=True)}
    near = difflib.get_close_matches(word.lower(), list(lowered), n=1, cutoff=0.6)
    return lowered[near[0]] if near else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The ending of an error about an unknown name: the nearest of ``known``, else all of them."""
    names = sorted(set(known))
    near = nearest(word, names)
    if near is not None:
        return f"; did you mean '{near}'?"
    return f"; known: {', '.join(names)}" if names else ""


def perhaps(word: str, known: Iterable[str], otherwise: str) -> str:
    """The ending of an error about an unknown name: the nearest of ``known``, else ``otherwise``."""
    near = nearest(word, known)
    return f"; {otherwise}" if near is None else f"; did you mean '{near}'?"
