"""What goes wrong in the synthetic fleet, and the written truth about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from burnline.sample_data.clock import END, moment
from burnline.sample_data.effects import (
    Concept,
    Effect,
    Failing,
    Guessing,
    LabelsHeld,
    Load,
    Missing,
    Relearnt,
    Renamed,
    Scaled,
    Shifted,
    Slow,
    Stale,
    Traffic,
)

MINUTES, HOURS, DAYS = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Story:
    """One thing that happens to one model, and what should be found.

    ``breaches`` are the SLOs that are breached or burning as of the end, ``strains`` those that
    are merely at risk. ``cause`` is the kind of cause an explanation should name.
    """

    model: str
    kind: str
    sentence: str
    effects: tuple[Effect, ...]
    start: datetime
    end: datetime = END
    breaches: tuple[str, ...] = ()
    strains: tuple[str, ...] = ()
    cause: str | None = None
    feature: str | None = None
    where: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    change: str | None = None

    @property
    def harmful(self) -> bool:
        """Whether it makes an answer worse: inputs that move are no harm by themselves."""
        return bool(set(self.breaches) - {"drift"} or self.strains)


def _drift(day: datetime, model: str, feature: str, by: float, sentence: str) -> Story:
    return Story(
        model=model,
        kind="harmless_drift",
        sentence=sentence,
        start=day,
        feature=feature,
        effects=(Shifted(start=day, ramp=6 * HOURS, feature=feature, by=by),),
        breaches=("drift",),
    )


_FRAUD = moment(11, 16, 6)
_OUTAGE = moment(11, 13, 13, 10)
_OUTAGE_END = _OUTAGE + 95 * MINUTES
_SLOW = moment(11, 20, 16)
_UNITS = moment(11, 19, 8)
_STALE = moment(11, 17, 5)
_STALE_END = moment(11, 19, 18)
_NULLS = moment(11, 18, 9)
_GRADUAL = moment(11, 3)
_BOTH = moment(11, 21, 9)
_HALF = moment(11, 20, 2)
_HALF_END = moment(11, 21, 11)
_HOT = moment(11, 14, 8)
_HOT_END = moment(11, 14, 18)
_SPIKE = moment(11, 20, 17)
_SPIKE_END = moment(11, 20, 23)
_HELD = moment(11, 15, 0)
_HELD_END = moment(11, 19, 12)
_FX = moment(11, 12, 7)

STORIES: tuple[Story, ...] = (
    Story(
        model="fraud-scorer",
        kind="silent_model_failure",
        sentence=(
            "Fraudsters move to trusted devices and to merchants known as safe: the same inputs "
            "mean something else. Every infrastructure figure stays perfect, inputs and confidence "
            "do not move, and answers become wrong."
        ),
        start=_FRAUD,
        effects=(
            Concept(
                start=_FRAUD,
                ramp=10 * HOURS,
                weights={"device_score": 1.8, "merchant_risk": -0.9, "card_age_days": 0.9},
            ),
        ),
        breaches=("accuracy", "quality"),
        cause="concept_drift",
        feature="device_score",
    ),
    Story(
        model="payment-router",
        kind="regional_outage",
        sentence="A network partition in eu-west: most requests there fail for 95 minutes.",
        start=_OUTAGE,
        end=_OUTAGE_END,
        effects=(Failing(start=_OUTAGE, end=_OUTAGE_END, rate=0.72, where={"region": "eu-west"}),),
        breaches=("availability",),
        cause="segment",
        where={"region": "eu-west"},
        change="incident: network partition eu-west-1b",
    ),
    Story(
        model="intent-detector",
        kind="slow_release",
        sentence="Version 3.8.0 carries a larger encoder: one request in eight takes three times as long.",
        start=_SLOW,
        effects=(Slow(start=_SLOW, factor=3.0, share=0.12, where={"version": "3.8.0"}),),
        breaches=("latency",),
        cause="release",
        where={"version": "3.8.0"},
    ),
    Story(
        model="intent-detector",
        kind="changed_answers",
        sentence=(
            "The larger encoder of version 3.8.0 weighs the length of the text a little more: two of the known canary "
            "questions are answered otherwise than before. Too few to break any promise."
        ),
        start=_SLOW,
        effects=(Relearnt(start=_SLOW, where={"version": "3.8.0"}, weights={"token_count": 0.55}),),
        feature="token_count",
        where={"version": "3.8.0"},
    ),
    Story(
        model="eta-predictor",
        kind="unit_error",
        sentence="The ap-south pipeline switches distance from metres to millimetres.",
        start=_UNITS,
        effects=(Scaled(start=_UNITS, feature="distance_m", factor=1000, where={"region": "ap-south"}),),
        breaches=("rmse", "drift"),
        cause="feature_range",
        feature="distance_m",
        where={"region": "ap-south"},
        change="config: routing service 2.0 in ap-south",
    ),
    Story(
        model="kyc-document",
        kind="stale_features",
        sentence="The watchlist sync of two tenants hangs: their features are hours old.",
        start=_STALE,
        end=_STALE_END,
        effects=(
            Stale(
                start=_STALE,
                end=_STALE_END,
                features=("watchlist_score", "face_distance", "document"),
                lag=9 * HOURS,
                where={"tenant": ("northbank", "meridian")},
            ),
        ),
        breaches=("freshness",),
        strains=("accuracy",),
        cause="feature_stale",
        feature="watchlist_score",
        where={"tenant": ("northbank", "meridian")},
        change="config: watchlist sync credentials rotated",
    ),
    Story(
        model="content-moderation",
        kind="null_feature",
        sentence="Version 5.2.0 reads a column that the new feature store does not always fill.",
        start=_NULLS,
        effects=(Missing(start=_NULLS, feature="toxicity_score", share=0.6, where={"version": "5.2.0"}),),
        # Sixteen wrong canaries of 4,681 are twice the usual: too few to prove anything.
        breaches=("completeness", "accuracy", "drift"),
        cause="feature_missing",
        feature="toxicity_score",
        where={"version": "5.2.0"},
    ),
    Story(
        model="support-router",
        kind="gradual_concept_drift",
        sentence="A new return policy changes what customers mean, a little more every day.",
        start=_GRADUAL,
        effects=(
            Concept(
                start=_GRADUAL,
                ramp=END - _GRADUAL,
                weights={"days_since_order": 0.5, "orders_30d": 0.6},
            ),
        ),
        breaches=("accuracy",),
        cause="concept_drift",
        feature="days_since_order",
    ),
    Story(
        model="voice-auth",
        kind="both_tracks",
        sentence=(
            "The embedding service of version 2.9.0 overflows: a storm of 503, and answers that "
            "belong to other callers."
        ),
        start=_BOTH,
        effects=(
            Failing(start=_BOTH, rate=0.07, ramp=HOURS, where={"version": "2.9.0"}),
            Guessing(start=_BOTH, share=0.6, ramp=HOURS, where={"version": "2.9.0"}),
        ),
        breaches=("availability", "accuracy", "quality"),
        cause="release",
        where={"version": "2.9.0"},
    ),
    Story(
        model="energy-load",
        kind="throughput_drop",
        sentence="Seven of eight meters stop reporting; those that remain are served as ever.",
        start=_HALF,
        end=_HALF_END,
        effects=(Traffic(start=_HALF, end=_HALF_END, factor=0.12),),
        breaches=("throughput",),
        cause="infrastructure",
        change="incident: meter gateway offline",
    ),
    Story(
        model="feed-ranker",
        kind="saturation",
        sentence="The CPU sits at 95 % from eight in the morning; latency follows at noon.",
        start=_HOT,
        end=_HOT_END,
        effects=(
            Load(start=_HOT, end=_HOT_END, metric="cpu_percent", level=95),
            Load(start=_HOT + HOURS, end=_HOT_END, metric="queue_depth", level=60),
            Slow(start=_HOT + 4 * HOURS, end=_HOT_END, ramp=HOURS, factor=4.0),
        ),
        breaches=("saturation", "latency"),
        cause="infrastructure",
    ),
    Story(
        model="video-recs",
        kind="traffic_spike",
        sentence="A final is on: four times the traffic, and everything holds.",
        start=_SPIKE,
        end=_SPIKE_END,
        effects=(
            Traffic(start=_SPIKE, end=_SPIKE_END, factor=4.0, ramp=30 * MINUTES),
            Load(start=_SPIKE, end=_SPIKE_END, metric="cpu_percent", level=71),
        ),
    ),
    Story(
        model="chargeback-risk",
        kind="label_delay",
        sentence="The bank delivers no disputes for four days and a half: labels wait, answers are fine.",
        start=_HELD,
        end=_HELD_END,
        effects=(LabelsHeld(start=_HELD, end=_HELD_END),),
        change="incident: dispute feed of the bank delayed",
    ),
    Story(
        model="offer-selector",
        kind="harmless_drift",
        sentence="Pages load twice as slowly after a redesign; whether an offer is taken does not depend on it.",
        start=moment(11, 10, 9),
        feature="page_load_ms",
        effects=(Shifted(start=moment(11, 10, 9), ramp=HOURS, feature="page_load_ms", by=1.8),),
        change="deploy: checkout page redesign",
        breaches=("drift",),
    ),
    Story(
        model="price-optimizer",
        kind="harmless_drift",
        sentence="The catalogue is re-sorted: positions shift, prices do not depend on them.",
        start=moment(11, 6, 4),
        feature="catalog_position",
        effects=(
            Shifted(start=moment(11, 6, 4), ramp=2 * HOURS, feature="catalog_position", by=-1.5),
            Renamed(start=moment(11, 6, 4), feature="category", value="toys", name="toys & games"),
        ),
        change="config: catalogue re-sorted",
        breaches=("drift",),
    ),
    *(
        _drift(_FX, model, "fx_rate", 2.2, "The exchange rate jumps: every model that reads it sees it on one day.")
        for model in ("payment-router", "price-optimizer", "delivery-cost")
    ),
    Story(
        model="lead-score",
        kind="weekend_season",
        sentence="At weekends other people visit: it looks like drift and comes back every week.",
        start=moment(10, 19),
        feature="company_size",
        effects=(),
    ),
    Story(
        model="loan-approval",
        kind="plain_noise",
        sentence="The objective lies where the model always was: met or missed by chance.",
        start=moment(10, 19),
        effects=(),
        strains=("accuracy",),
    ),
)


@dataclass(frozen=True)
class Change:
    """Something that people did to a model."""

    at: datetime
    model: str
    kind: str
    note: str
    version: str | None = None


# None of these caused anything.
INNOCENT: tuple[Change, ...] = (
    Change(moment(11, 16, 9), "fraud-scorer", "config", "log level lowered"),
    Change(moment(11, 2, 10), "fraud-scorer", "retrain", "scheduled monthly retraining", "4.1.0"),
    Change(moment(11, 14, 8), "payment-router", "config", "timeout of the wallet provider raised"),
    Change(moment(11, 19, 15), "eta-predictor", "deploy", "base image updated", "9.5.0"),
    Change(moment(11, 13, 9), "feed-ranker", "feature", "dwell time backfilled"),
    Change(moment(11, 18, 16), "kyc-document", "deploy", "base image updated", "3.0.4"),
    Change(moment(11, 5, 9), "support-router", "retrain", "scheduled retraining", "1.14.0"),
    Change(moment(11, 8, 10), "churn-risk", "retrain", "scheduled retraining", "5.0.0"),
    Change(moment(11, 1, 10), "spam-filter", "feature", "new sender list", "20.1"),
    Change(moment(11, 15, 11), "demand-forecast", "retrain", "scheduled retraining", "2.0.0"),
    Change(moment(11, 20, 10), "offer-selector", "config", "christmas banner enabled"),
    Change(moment(11, 20, 12), "video-recs", "config", "autoscaling limit raised"),
)
