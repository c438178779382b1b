"""Whether what is served has the tensors that were trained: names, types, ranks, fixed dimensions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import polars as pl

from burnline.results.validation import Check, CheckSeverity
from burnline.validation.tensor_types import (
    Dimensions,
    dimensions,
    family,
    is_type,
    shape_text,
    tensor_name,
    type_name,
)

Side = Literal["training", "serving"]
_SIDES: Mapping[str, Side] = {
    **dict.fromkeys(("training", "train", "trained", "fit"), "training"),
    **dict.fromkeys(("serving", "serve", "served", "inference", "production", "prod"), "serving"),
}
# Inputs of the training alone: nobody sends them with a request.
_ONLY_TRAINED = {"label", "labels", "target", "targets", "y", "y_true", "sample_weight", "sample_weights", "mask"}


@dataclass(frozen=True)
class Tensor:
    """One tensor as it was written down."""

    name: str
    type: str
    shape: Dimensions | None

    def __str__(self) -> str:
        return f"{self.type} {shape_text(self.shape)}"


@dataclass(frozen=True)
class Signature:
    """The tensors of one side, or of one run; ``what`` is how a sentence calls it."""

    what: str
    tensors: Mapping[str, Tensor]
    at: datetime | None


def tensor_checks(tensors: pl.DataFrame, model: str, *, features: Mapping[str, str] | None = None) -> tuple[Check, ...]:
    """Compare the tensors of training and serving, or of the last two runs where only one side is known.

    Args:
        tensors: ``tensor, dtype, shape`` as text, ``side`` (``training`` | ``serving``; null = training), ``run``,
            ``timestamp`` (null = unknown) and ``file``. Of each side the newest run counts.
        model: name of the model, for the sentences.
        features: f_ columns of the newest serving log and the family of their type (number, text, bool).

    Training against serving is an error in a tensor that is missing, has another type, another rank or another size in
    a dimension that both fix; run against run is a warning, as a new version may want it. Unknown dimensions fit
    anything.
    """
    read, unreadable = _read(tensors)
    trained, served = _newest(read, "training"), _newest(read, "serving")
    checks = list(unreadable)
    if trained and served:
        checks.extend(_compared(trained[0], served[0], "error"))
    for side in (trained, served):
        if len(side) > 1 and not (trained and served):
            checks.extend(_compared(side[1], side[0], "warning"))
        elif len(side) == 1 and not (trained and served):
            text = (
                f"{len(side[0].tensors):,} tensors are known of {side[0].what} of {model} alone: nothing to compare "
                "with; write down those of the other side as well (column side)."
            )
            checks.append(_passing("tensors", text, len(side[0].tensors)))
    if trained and features:
        checks.extend(_against_log(trained[0], features))
    return tuple(checks)


def _read(tensors: pl.DataFrame) -> tuple[list[tuple[Side, str | None, datetime | None, Tensor]], list[Check]]:
    read: list[tuple[Side, str | None, datetime | None, Tensor]] = []
    problems = []
    for row in tensors.iter_rows(named=True):
        name, side = row["tensor"], _SIDES.get((row["side"] or "training").strip().lower())
        try:
            if name is None or row["dtype"] is None:
                raise ValueError("a row has no tensor or no dtype")
            if side is None:
                raise ValueError(f"side {row['side']!r} of tensor {name} is neither training nor serving")
            shape = dimensions(row["shape"])
        except ValueError as error:
            problems.append(_unread(name, f"{row['file']}: {error}; correct the row.", row["timestamp"]))
            continue
        kind = type_name(row["dtype"])
        if not is_type(kind):
            text = f"{row['file']}: type {row['dtype']!r} of tensor {name} is not known; only equal names match."
            problems.append(_unread(name, text, row["timestamp"]))
        read.append((side, row["run"], row["timestamp"], Tensor(tensor_name(name), kind, shape)))
    return read, problems


def _unread(name: str | None, sentence: str, at: datetime | None) -> Check:
    return Check(
        check="tensor_readable", column=name, passed=False, failed_rows=1, example=None, sentence=sentence,
        severity="warning", first_failed=at, detected_at=at,
    )  # fmt: skip


def _newest(rows: Iterable[tuple[Side, str | None, datetime | None, Tensor]], side: Side) -> list[Signature]:
    """The signatures of a side by run, the newest first: by time where it is known, else the later in the files."""
    runs: dict[str | None, tuple[list[Tensor], list[datetime], int]] = {}
    for place, (where, run, at, tensor) in enumerate(rows):
        if where == side:
            held, times, _ = runs.get(run, ([], [], 0))
            runs[run] = ([*held, tensor], times + ([at] if at else []), place)
    order = sorted(
        runs, key=lambda run: (max((t.timestamp() for t in runs[run][1]), default=0.0), runs[run][2]), reverse=True
    )
    return [
        Signature(
            f"{side} (run {run})" if run else side,
            {tensor.name: tensor for tensor in runs[run][0]},
            max(runs[run][1], default=None),
        )
        for run in order
    ]


def _compared(before: Signature, after: Signature, severity: CheckSeverity) -> list[Check]:
    found = []
    for name in dict.fromkeys([*before.tensors, *after.tensors]):
        was, now = before.tensors.get(name), after.tensors.get(name)
        if was is not None and now is not None:
            problem = _differs(was, now, before.what, after.what)
        elif now is not None:
            problem = ("tensor_extra", f"{after.what} has it as {now}, {before.what} does not know it")
        elif name.lower() in _ONLY_TRAINED:
            problem = None
        else:
            problem = ("tensor_missing", f"{before.what} has it as {was}, {after.what} lacks it")
        if problem:
            found.append(_failing(problem[0], name, f"Tensor {name}: {problem[1]}.", now or was, severity, after.at))
    if found:
        return found
    text = f"{len(after.tensors):,} tensors of {before.what} and {after.what} agree in name, type and shape."
    return [_passing("tensors", text, len(after.tensors))]


def _differs(was: Tensor, now: Tensor, before: str, after: str) -> tuple[str, str] | None:
    sides = f"{before} has {was}, {after} {now}"
    if was.type != now.type:
        lossy = family(was.type) != family(now.type)
        advice = "values would mean something else" if lossy else "servers refuse it or round"
        return "tensor_dtype", f"{sides}: the types differ ({advice}); cast at the boundary or export again"
    if was.shape is None or now.shape is None:
        return None
    if len(was.shape) != len(now.shape):
        return "tensor_rank", f"{sides}: {len(was.shape)} dimensions against {len(now.shape)}; reshape or export again"
    fixed = [i for i, (a, b) in enumerate(zip(was.shape, now.shape, strict=True)) if a and b and a != b]
    if fixed:
        i = fixed[0]
        return "tensor_shape", (
            f"{sides}: dimension {i} is {was.shape[i]} against {now.shape[i]}; use the same preprocessing on both sides"
        )
    return None


def _against_log(trained: Signature, features: Mapping[str, str]) -> list[Check]:
    """The f_ columns of requests against the tensors that were trained, by name or by count."""
    named = {feature: trained.tensors.get(feature) or trained.tensors.get(feature[2:]) for feature in features}
    if not any(named.values()):
        return _by_count(trained, features)
    found = []
    for feature, tensor in named.items():
        if tensor is None:
            text = f"Feature {feature} is in the requests, {trained.what} knows no tensor of that name: it is not used."
            found.append(_failing("tensor_features", feature, text, None, "warning", trained.at))
        elif (features[feature] == "text") != (family(tensor.type) == "string"):
            text = (
                f"Feature {feature} is logged as {features[feature]}, {trained.what} has {tensor}: encode it the same "
                "way in training and serving."
            )
            found.append(_failing("tensor_features", feature, text, tensor, "error", trained.at))
    spoken = {tensor.name for tensor in named.values() if tensor}
    for name in trained.tensors:
        if name.startswith("f_") and name not in spoken:
            text = f"Tensor {name}: {trained.what} has it, requests have no such feature; log it or remove it."
            found.append(_failing("tensor_features", name, text, trained.tensors[name], "error", trained.at))
    text = f"{len(features):,} features of the requests fit the tensors of {trained.what}."
    return found or [_passing("tensor_features", text, len(features))]


def _by_count(trained: Signature, features: Mapping[str, str]) -> list[Check]:
    """One matrix of all features: as many columns as features, where all of these are numbers."""
    wide = [
        t
        for t in trained.tensors.values()
        if t.shape is not None and len(t.shape) == 2 and t.shape[1] and ("input" in t.name or "feature" in t.name)
    ]
    if len(wide) != 1 or "text" in features.values():
        return []
    tensor, count = wide[0], len(features)
    columns = tensor.shape[1] if tensor.shape else None
    if columns == count:
        text = f"Tensor {tensor.name} has {columns} columns, one for each feature of the requests."
        return [_passing("tensor_features", text, count)]
    text = (
        f"Tensor {tensor.name}: {trained.what} has {columns} columns, requests have {count} features; look for "
        "features that one side adds or drops."
    )
    return [_failing("tensor_features", tensor.name, text, tensor, "error", trained.at)]


def _failing(
    check: str, name: str, sentence: str, tensor: Tensor | None, severity: CheckSeverity, at: datetime | None
) -> Check:
    return Check(
        check=check, column=name, passed=False, failed_rows=1, example=str(tensor) if tensor else None,
        sentence=sentence, severity=severity, rows=1, first_failed=at, detected_at=at,
    )  # fmt: skip


def _passing(check: str, sentence: str, rows: int) -> Check:
    return Check(check=check, column=None, passed=True, failed_rows=0, example=None, sentence=sentence, rows=rows)
