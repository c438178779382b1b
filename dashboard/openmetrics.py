"""A fleet's status as OpenMetrics text, for Prometheus and its relatives to scrape."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from burnline.results import BURN_WINDOWS, Decision, EvidenceVerdict, Severity, State, Verdict

if TYPE_CHECKING:
    from burnline.results import FleetStatus

CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
Sample = tuple[dict[str, str], float | None]


@dataclass(frozen=True)
class Family:
    """One metric family: its name, type and help, and its samples. A sample without a value is left out."""

    name: str
    type: Literal["gauge", "stateset"]
    help: str
    samples: tuple[Sample, ...]

    def lines(self) -> Iterator[str]:
        """The lines of this family in the exposition."""
        yield f"# TYPE {self.name} {self.type}"
        yield f"# HELP {self.name} {escape(self.help)}"
        for labels, value in self.samples:
            if value is not None and math.isfinite(value):
                written = ",".join(f'{key}="{escape(text)}"' for key, text in labels.items())
                yield f"{self.name}{{{written}}} {value!r}" if written else f"{self.name} {value!r}"


def exposition(status: FleetStatus) -> str:
    """The whole text. Counts are gauges, not counters: an SLO's window slides, so they also fall."""
    return "\n".join([line for family in families(status) for line in family.lines()] + ["# EOF", ""])


def families(status: FleetStatus) -> tuple[Family, ...]:
    """The metric families of a status."""
    slos = [({"model": m.model, "slo": s.slo, "track": s.track}, s) for m in status.models for s in m.slos]

    def gauge(name: str, text: str, samples: Iterable[Sample]) -> Family:
        return Family(f"burnline_{name}", "gauge", text, tuple(samples))

    return (
        gauge(
            "evaluated_timestamp_seconds",
            "The moment as of which all of this holds.",
            [({}, status.at.timestamp() if status.at else None)],
        ),
        gauge("slo_objective", "Promised share of good events.", ((k, s.objective) for k, s in slos)),
        gauge("slo_value", "Share of good events in the SLO's window.", ((k, s.value) for k, s in slos)),
        gauge("slo_valid_events", "Valid events, or slices, in the SLO's window.", ((k, s.total) for k, s in slos)),
        gauge("slo_bad_events", "Bad events, or slices, in the SLO's window.", ((k, s.bad) for k, s in slos)),
        gauge("slo_coverage_ratio", "Share of valid events with a known outcome.", ((k, s.coverage) for k, s in slos)),
        gauge(
            "error_budget_remaining_ratio",
            "Share of the error budget that is left; below 0 when overspent.",
            ((k, s.budget_remaining) for k, s in slos),
        ),
        gauge(
            "burn_rate",
            "How many times faster than sustainable the error budget burns.",
            (({**k, "window": w}, s.burn_rates.get(w)) for k, s in slos for w in BURN_WINDOWS),
        ),
        gauge(
            "evidence_value",
            "E-value against the promise being kept: 40 confirms a breach.",
            ((k, s.evidence.e_value if s.evidence else None) for k, s in slos),
        ),
        gauge(
            "slo_value_bound",
            "Anytime-valid 95 % interval of the share of good events.",
            (
                ({**k, "bound": name}, s.evidence.interval[side] if s.evidence else None)
                for k, s in slos
                for side, name in enumerate(("lower", "upper"))
            ),
        ),
        gauge(
            "slo_value_estimate",
            "Expected share of good events, those without a label included.",
            ((k, s.estimate.value if s.estimate else None) for k, s in slos),
        ),
        gauge(
            "exhaustion_probability",
            "Probability that the error budget is exhausted before its window ends, if recent behaviour continues.",
            ((k, s.forecast.probability if s.forecast else None) for k, s in slos),
        ),
        gauge(
            "exhaustion_timestamp_seconds",
            "When the error budget is exhausted if recent behaviour continues; absent beyond the window.",
            (
                (k, s.forecast.exhausts_at.timestamp() if s.forecast and s.forecast.exhausts_at else None)
                for k, s in slos
            ),
        ),
        gauge(
            "alerts_firing",
            "Alerts that fire, proven by evidence.",
            (
                ({**k, "severity": level}, float(sum(a.severity == level for a in s.alerts)))
                for k, s in slos
                for level in get_args(Severity)
            ),
        ),
        gauge(
            "track_error_budget_remaining_ratio",
            "Share of a track's error budget that is left, by its worst SLO.",
            (
                ({"model": m.model, "track": name}, track.budget_remaining)
                for m in status.models
                for name, track in (("infrastructure", m.tracks.infrastructure), ("model", m.tracks.model))
            ),
        ),
        _states("burnline_state", "State of an SLO.", get_args(State), ((k, s.state) for k, s in slos)),
        _states(
            "burnline_evidence",
            "Whether the data prove that the promise is broken or kept.",
            get_args(EvidenceVerdict),
            ((k, s.evidence.verdict) for k, s in slos if s.evidence),
        ),
        _states(
            "burnline_verdict",
            "What fails: the infrastructure, the model in silence, or both.",
            get_args(Verdict),
            (({"model": m.model}, m.verdict) for m in status.models),
        ),
        _states(
            "burnline_gate",
            "May the model be deployed?",
            get_args(Decision),
            (({"model": m.model}, m.gate.decision) for m in status.models),
        ),
    )


def escape(text: str) -> str:
    """Text as a label value or help: backslash, quote and line feed escaped."""
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _states(name: str, text: str, known: tuple[str, ...], now: Iterable[tuple[dict[str, str], str]]) -> Family:
    samples = tuple(({**labels, name: state}, float(state == current)) for labels, current in now for state in known)
    return Family(name, "stateset", text, samples)
