"""A second, brute-force implementation of ``status``: request by request, in exact fractions.

It reads the raw parquet files row by row and shares no code with Burnline. It is slow and plain on
purpose: whatever it says can be checked by eye against the contract.

Decisions it encodes where the contract leaves room:

- Requests of one model with one request_id count once; the copies in tests are identical.
- A failed request has status >= 500 or 429. Without a status the outcome is unknown: such a request
  is not valid for availability and counts as succeeded elsewhere.
- Negative latencies and confidences outside 0 .. 1 are unknown.
- A label counts when the five-minute bucket of its label_timestamp begins at or before ``at``, not
  before its request; without label_timestamp from the request on. Of several, the latest counts.
- A weight that is missing is 1.
- NaN is not null.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

BUCKET = 300
HOUR = 12
BURN_WINDOWS = {"5m": 5, "30m": 30, "1h": 60, "6h": 360, "3d": 4320}
# Long and short window, and the share of the budget that the long one may spend.
RULES = [("1h", "5m", Fraction(2, 100)), ("6h", "30m", Fraction(5, 100)), ("3d", "6h", Fraction(1, 10))]
INFRASTRUCTURE = ("availability", "latency", "throughput", "saturation")
COVERED = ("availability", "quality", "latency", "accuracy", "confidence", "freshness")
WORST = ("breached", "burning", "at_risk", "healthy")


@dataclass(frozen=True)
class Rolling:
    """The buckets that begin in (at - minutes, at]."""

    minutes: int


@dataclass(frozen=True)
class Periods:
    """``count`` local days, weeks (from ``anchor``) or months (from January) of a zone."""

    count: int
    unit: str
    zone: str
    anchor: date = date(2026, 1, 1)


@dataclass(frozen=True)
class Promise:
    """One SLO. ``threshold`` is in ms, s, requests per second or the metric's own unit.

    ``good`` and ``valid`` of a custom SLI take the columns of a request (with its label as of then)
    and return None for unknown.
    """

    name: str
    sli: str
    objective: Fraction
    window: Rolling | Periods
    track: str | None = None
    threshold: Fraction | None = None
    metric: str | None = None
    features: tuple[str, ...] | None = None
    members: tuple[str, ...] = ()
    cut: int = 10
    min_rows: int = 30
    good: Callable[[Mapping[str, Any]], bool | None] | None = None
    valid: Callable[[Mapping[str, Any]], bool | None] | None = None
    budgeting: str = "Occurrences"
    slice_buckets: int = 1
    slice_target: Fraction | None = None

    @property
    def side(self) -> str:
        """The track it belongs to."""
        return self.track or ("infrastructure" if self.sli in INFRASTRUCTURE else "model")


@dataclass
class Request:
    """One row of a log. ``labels`` are (known from this bucket, time, value), in order of time."""

    us: int
    columns: dict[str, Any]
    features: tuple[str, ...]
    labels: list[tuple[int, int, Any]] = field(default_factory=list)

    @property
    def t(self) -> int:
        """Its bucket."""
        return self.us // (BUCKET * 1_000_000)

    @property
    def weight(self) -> Fraction:
        """How many requests it stands for."""
        weight = self.columns.get("weight")
        return Fraction(1) if weight is None else Fraction(str(weight))

    @property
    def failed(self) -> bool:
        """Whether it failed for certain."""
        status = self.columns.get("status")
        return status is not None and (status >= 500 or status == 429)

    def within(self, name: str, low: float, high: float) -> Any:
        """The value of a column, or None when it is missing or impossible."""
        value = self.columns.get(name)
        return value if value is not None and low <= value <= high else None

    def label(self, now: int) -> Any:
        """Its label as of a bucket, or None."""
        known = [value for since, _, value in self.labels if since <= now]
        return known[-1] if known else None


@dataclass(frozen=True)
class Event:
    """Something that counts: a request, a feature value or a slice."""

    t: int
    valid: Fraction
    bad: Fraction


def microseconds(value: datetime) -> int:
    """Since the epoch; naive times are UTC."""
    aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value
    return (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def bucket_of(value: datetime) -> int:
    """The bucket that holds a time."""
    return microseconds(value) // (BUCKET * 1_000_000)


def starts(t: int) -> datetime:
    """When a bucket begins."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=BUCKET * t)


class Oracle:
    """Everything a workspace logged, and what its models promised."""

    def __init__(
        self,
        promises: Mapping[str, Sequence[Promise]],
        logs: Iterable[Path],
        labels: Iterable[Path] = (),
        metrics: Iterable[Path] = (),
    ) -> None:
        self.promises = promises
        self.requests: dict[str, list[Request]] = defaultdict(list)
        self.samples: dict[str, list[tuple[int, dict[str, Any]]]] = defaultdict(list)
        seen = set()
        for path in sorted(logs):
            frame = pl.read_parquet(path)
            features = tuple(name for name in frame.columns if name.startswith("f_"))
            for row in frame.to_dicts():
                if row["timestamp"] is None or row["model"] is None:
                    continue
                key = (row["model"], row.get("request_id"))
                if key[1] is not None and key in seen:
                    continue
                seen.add(key)
                self.requests[row["model"]].append(Request(microseconds(row["timestamp"]), row, features))
        self.newest = max(request.t for rows in self.requests.values() for request in rows)
        self._join([row for path in sorted(labels) for row in pl.read_parquet(path).to_dicts()])
        for path in metrics:
            for row in pl.read_parquet(path).to_dicts():
                self.samples[row["model"]].append((bucket_of(row["timestamp"]), row))

    def _join(self, rows: list[dict[str, Any]]) -> None:
        by_request = defaultdict(list)
        for row in rows:
            if row["request_id"] is not None:
                by_request[row["request_id"]].append(row)
        for request in (one for many in self.requests.values() for one in many):
            own = [request.columns] if "label" in request.columns else []
            for row in own + by_request[request.columns.get("request_id")]:
                if row["label"] is None:
                    continue
                when = row.get("label_timestamp")
                us = request.us if when is None else microseconds(when)
                since = max(request.t, us // (BUCKET * 1_000_000))
                request.labels.append((since, us, row["label"]))
            request.labels.sort(key=lambda label: label[:2])

    # What counts -----------------------------------------------------------------------------

    def events(self, model: str, promise: Promise, at: datetime) -> list[Event]:
        """Every event or slice of an SLO up to ``at``, as known then."""
        now = bucket_of(at)
        requests = [request for request in self.requests[model] if request.t <= now]
        by_slice: dict[str, Callable[[], list[Event]]] = {
            "throughput": lambda: self._throughput(promise, requests, now),
            "saturation": lambda: self._saturation(model, promise, now),
            "rmse": lambda: _rmse(promise, requests, now),
            "ndcg": lambda: _ndcg(promise, requests, now),
        }
        if promise.sli in by_slice:
            return by_slice[promise.sli]()
        counted = []
        for request in requests:
            valid, bad = self.judge(model, promise, request, now)
            if valid:
                counted.append(Event(request.t, request.weight * valid, request.weight * bad))
        if promise.budgeting == "Occurrences":
            return counted
        return _sliced(promise, counted)

    def judge(self, model: str, promise: Promise, request: Request, now: int) -> tuple[int, int]:
        """How often a request is valid and how often bad for an SLO (0 or 1, but for cells)."""
        if promise.sli == "completeness":
            names = request.features if promise.features is None else promise.features
            if request.failed:
                return 0, 0
            return len(names), sum(request.columns.get(name) is None for name in names)
        if promise.sli == "quality":
            if request.failed:
                return 1, 1
            members = [p for p in self.promises[model] if p.name in promise.members]
            outcomes = [_outcome(member, request, now) for member in members]
            if None in outcomes:
                return 0, 0
            return 1, int(not all(outcomes))
        outcome = _outcome(promise, request, now)
        return (0, 0) if outcome is None else (1, int(not outcome))

    def _throughput(self, promise: Promise, requests: list[Request], now: int) -> list[Event]:
        assert promise.threshold is not None
        if not requests:
            return []
        arrived: dict[int, Fraction] = defaultdict(Fraction)
        for request in requests:
            arrived[request.t] += request.weight
        first, last = min(arrived), min(now, self.newest)
        return [_slice(t, good=arrived[t] / BUCKET >= promise.threshold) for t in range(first, last + 1)]

    def _saturation(self, model: str, promise: Promise, now: int) -> list[Event]:
        assert promise.threshold is not None
        values: dict[int, list[Fraction]] = defaultdict(list)
        for t, row in self.samples[model]:
            value = row.get(promise.metric or "")
            if t <= now and value is not None:
                values[t].append(Fraction(str(value)))
        return [
            _slice(t, good=sum(inside, Fraction(0)) / len(inside) <= promise.threshold) for t, inside in values.items()
        ]

    # What it adds up to ----------------------------------------------------------------------

    def slo(
        self, model: str, promise: Promise, at: datetime, *, fires: bool | None = None, decided: str | None = None
    ) -> dict[str, Any]:
        """The figures of one SLO.

        ``fires`` = an alert does; None goes by the burn rates alone. ``decided`` is what an estimate says while labels
        are missing; None goes by the labelled part.
        """
        events = self.events(model, promise, at)
        allowed = 1 - promise.objective
        valid, bad = _total(event for event in events if _inside(promise.window, event.t, at))
        figures = dict.fromkeys(
            ("total", "good", "bad", "value", "budget_total", "budget_consumed", "budget_remaining")
        )
        answer: dict[str, Any] = {"slo": promise.name, "sli": promise.sli, "track": promise.side}
        if promise.budgeting == "Occurrences" and promise.sli in COVERED:
            answer["coverage"] = self.coverage(model, promise, at, valid)
        if valid == 0:
            return {**answer, **figures, "burn_rates": dict.fromkeys(BURN_WINDOWS), "state": "no_data"}
        remaining = 1 - bad / (allowed * valid)
        burn: dict[str, Fraction | None] = {}
        for name, minutes in BURN_WINDOWS.items():
            some, wrong = _total(e for e in events if _inside(Rolling(minutes), e.t, at))
            burn[name] = wrong / some / allowed if some else None
        return {
            **answer,
            "total": float(valid),
            "good": float(valid - bad),
            "bad": float(bad),
            "value": float(1 - bad / valid),
            "budget_total": float(allowed * valid),
            "budget_consumed": float(bad),
            "budget_remaining": float(remaining),
            "burn_rates": {k: None if v is None else float(v) for k, v in burn.items()},
            "state": _state(
                remaining, _burns(burn, _minutes(promise.window, at), allowed) if fires is None else fires, decided
            ),
        }

    def coverage(self, model: str, promise: Promise, at: datetime, valid: Fraction) -> float | None:
        """The share of requests whose outcome is known; failed ones only where they count."""
        everyone = promise.sli in ("availability", "quality")
        eligible = sum(
            request.weight
            for request in self.requests[model]
            if _inside(promise.window, request.t, at) and (everyone or not request.failed)
        )
        return float(valid / eligible) if valid else None

    def status(
        self,
        model: str,
        at: datetime,
        *,
        firing: Collection[str] | None = None,
        undecided: Collection[str] = (),
        doubtful: Collection[str] = (),
        decided: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """All SLOs of a model, its tracks, state, verdict and gate.

        Evidence is not counted one by one, so it may be given: the SLOs with an alert that fires
        (None: go by burn rates), those whose evidence is undecided, those with a forecast that
        calls for caution, and what estimates decided where labels are missing.
        """
        slos = [
            self.slo(
                model,
                promise,
                at,
                fires=None if firing is None else promise.name in firing,
                decided=(decided or {}).get(promise.name),
            )
            for promise in self.promises[model]
        ]
        tracks = {side: _track(slos, side) for side in ("infrastructure", "model")}
        states = {side: track["state"] for side, track in tracks.items()}
        known = [state for state in states.values() if state != "no_data"]
        worst = min(known, key=WORST.index, default="no_data")
        failing = [side for side, state in states.items() if state in ("breached", "burning")]
        if not known:
            verdict = "no_data"
        elif not failing:
            verdict = "healthy"
        elif len(failing) == 2:
            verdict = "both"
        else:
            verdict = "infrastructure" if failing == ["infrastructure"] else "silent_model_failure"
        if any(slo["state"] == "breached" and slo["slo"] not in undecided for slo in slos):
            decision = "block"
        elif worst == "healthy" and len(known) == 2 and not doubtful:
            decision = "allow"
        else:
            decision = "caution"
        return {
            "model": model,
            "state": worst,
            "verdict": verdict,
            "decision": decision,
            "tracks": tracks,
            "slos": slos,
        }


def _outcome(promise: Promise, request: Request, now: int) -> bool | None:
    """Whether a request is good for an SLO that judges single requests; None = not valid."""
    columns, label = request.columns, request.label(now)
    if promise.sli == "availability":
        return None if columns.get("status") is None else not request.failed
    if promise.sli == "custom":
        assert promise.good is not None
        seen = {**columns, "label": label}
        if promise.valid is not None and promise.valid(seen) is not True:
            return None
        return promise.good(seen)
    if request.failed:
        return None
    if promise.sli == "latency":
        latency = request.within("latency_ms", 0, math.inf)
        return None if latency is None else latency <= float(_threshold(promise))
    if promise.sli == "confidence":
        confidence = request.within("confidence", 0, 1)
        return None if confidence is None else confidence >= float(_threshold(promise))
    if promise.sli == "freshness":
        refreshed = columns.get("feature_timestamp")
        if refreshed is None:
            return None
        return Fraction(request.us - microseconds(refreshed), 1_000_000) <= _threshold(promise)
    if promise.sli in ("accuracy", "canary"):
        if label is None or (promise.sli == "canary" and columns.get("canary") is not True):
            return None
        return same(label, columns.get("prediction"))
    raise NotImplementedError(promise.sli)


def same(label: Any, prediction: Any) -> bool:
    """Whether two values mean the same: 1, 1.0, '1' and true do."""
    if label is None or prediction is None:
        return label is prediction
    if isinstance(label, str) == isinstance(prediction, str):
        return bool(label == prediction)
    text, other = (label, prediction) if isinstance(label, str) else (prediction, label)
    if isinstance(other, bool):
        return bool(text.lower() == str(other).lower())
    try:
        return float(text) == float(other)
    except ValueError:
        return False


def _threshold(promise: Promise) -> Fraction:
    assert promise.threshold is not None
    return promise.threshold


def _slice(t: int, *, good: bool) -> Event:
    return Event(t, Fraction(1), Fraction(int(not good)))


def _by_hour(requests: Iterable[Request]) -> dict[int, list[Request]]:
    hours: dict[int, list[Request]] = defaultdict(list)
    for request in requests:
        hours[request.t // HOUR * HOUR].append(request)
    return hours


def _rmse(promise: Promise, requests: list[Request], now: int) -> list[Event]:
    slices = []
    for t, inside in _by_hour(r for r in requests if not r.failed).items():
        errors = [
            (r.weight, Fraction(r.label(now)) - Fraction(r.columns["prediction"]))
            for r in inside
            if r.label(now) is not None and r.columns.get("prediction") is not None
        ]
        if len(errors) >= promise.min_rows:
            weight = sum(w for w, _ in errors)
            mean = sum((w * e * e for w, e in errors), Fraction(0)) / weight
            slices.append(_slice(t, good=math.sqrt(mean) <= float(_threshold(promise))))
    return slices


def _ndcg(promise: Promise, requests: list[Request], now: int) -> list[Event]:
    del now
    slices = []
    for t, inside in _by_hour(r for r in requests if not r.failed).items():
        queries: dict[Any, list[Request]] = defaultdict(list)
        for request in inside:
            if request.columns.get("query_id") is not None:
                queries[request.columns["query_id"]].append(request)
        labelled = sum(r.columns.get("relevance") is not None for items in queries.values() for r in items)
        values = [v for v in (_query(items, promise.cut) for items in queries.values()) if v is not None]
        if labelled >= promise.min_rows and values:
            mean = sum(values) / len(values)
            slices.append(_slice(t, good=mean >= float(_threshold(promise))))
    return slices


def _query(items: list[Request], cut: int) -> float | None:
    """NDCG@k of one query; None without a relevant item."""
    columns = [item.columns for item in items]
    if columns[0].get("rank") is not None:
        ordered = sorted(columns, key=lambda c: c["rank"])
    else:
        ordered = sorted(columns, key=lambda c: -c["score"])
    gains = [2 ** (c["relevance"] or 0) - 1 for c in ordered]
    best = sum(g / math.log2(i + 2) for i, g in enumerate(sorted(gains, reverse=True)[:cut]))
    if best == 0:
        return None
    return sum(g / math.log2(i + 2) for i, g in enumerate(gains[:cut])) / best


def _sliced(promise: Promise, events: list[Event]) -> list[Event]:
    """Events as slices, under the first bucket of each."""
    width = promise.slice_buckets
    slices: dict[int, list[Event]] = defaultdict(list)
    for event in events:
        slices[event.t // width * width].append(event)
    found = []
    for t, inside in slices.items():
        valid, bad = _total(inside)
        if valid == 0:
            continue
        if promise.budgeting == "RatioTimeslices":
            found.append(Event(t, Fraction(1), bad / valid))
        else:
            assert promise.slice_target is not None
            found.append(_slice(t, good=1 - bad / valid >= promise.slice_target))
    return found


def _total(events: Iterable[Event]) -> tuple[Fraction, Fraction]:
    valid = bad = Fraction(0)
    for event in events:
        valid, bad = valid + event.valid, bad + event.bad
    return valid, bad


# Windows -------------------------------------------------------------------------------------


def _inside(window: Rolling | Periods, t: int, at: datetime) -> bool:
    if starts(t) > at:
        return False
    if isinstance(window, Rolling):
        return starts(t) > at.astimezone(UTC) - timedelta(minutes=window.minutes)
    return _period(window, starts(t)) == _period(window, at)


def _period(window: Periods, moment: datetime) -> int:
    """The number of the period that the local date of a moment falls in."""
    day = moment.astimezone(ZoneInfo(window.zone)).date()
    if window.unit == "M":
        return (day.year * 12 + day.month - 1) // window.count
    days = {"d": 1, "w": 7}[window.unit] * window.count
    return (day - window.anchor).days // days


def _minutes(window: Rolling | Periods, at: datetime) -> Fraction:
    """The length of the window; of a period by counting its buckets."""
    if isinstance(window, Rolling):
        return Fraction(window.minutes)
    here = _period(window, at)
    first = last = bucket_of(at)
    if _period(window, starts(first)) != here:
        first = last = first + 1
    while _period(window, starts(first - 1)) == here:
        first -= 1
    while _period(window, starts(last + 1)) == here:
        last += 1
    return Fraction((last - first + 1) * 5)


# States --------------------------------------------------------------------------------------


def _burns(burn: Mapping[str, Fraction | None], minutes: Fraction, allowed: Fraction) -> bool:
    for long, short, share in RULES:
        threshold = max(Fraction(1), share * minutes / BURN_WINDOWS[long])
        if BURN_WINDOWS[long] > minutes or threshold >= 1 / allowed:
            continue
        rates = (burn[long], burn[short])
        if all(rate is not None and rate > threshold for rate in rates):
            return True
    return False


def _state(remaining: Fraction, burning: bool, decided: str | None) -> str:
    if decided == "breached" or (decided is None and remaining < 0):
        return "breached"
    if burning:
        return "burning"
    return "at_risk" if remaining <= Fraction(1, 4) or decided == "undecided" else "healthy"


def _track(slos: Sequence[Mapping[str, Any]], side: str) -> dict[str, Any]:
    known = [slo for slo in slos if slo["track"] == side and slo["state"] != "no_data"]
    if not known:
        return {"state": "no_data", "budget_remaining": None, "binding_slo": None}
    lowest = min(known, key=lambda slo: slo["budget_remaining"])
    return {
        "state": min((slo["state"] for slo in known), key=WORST.index),
        "budget_remaining": lowest["budget_remaining"],
        "binding_slo": lowest["slo"],
    }
