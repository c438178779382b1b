"""Puts the ingredients of one synthetic service together into its log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from burnline.sample_data.arrays import Bools, Ints
from burnline.sample_data.clock import generator
from burnline.sample_data.effects import Effect, Traffic
from burnline.sample_data.features import inputs
from burnline.sample_data.labels import NEVER, known_at
from burnline.sample_data.outcomes import outcomes
from burnline.sample_data.serving import latencies, statuses
from burnline.sample_data.shapes import Ranked, Service
from burnline.sample_data.traffic import arrivals, bucket_starts

_CANARY_SHARE = 0.04
_TIME = pl.Datetime("us", "UTC")


@dataclass(frozen=True)
class ServiceLog:
    """The request log, and the labels where they come in files of their own."""

    requests: pl.DataFrame
    labels: pl.DataFrame | None


def service_log(service: Service, effects: Sequence[Effect], scale: float) -> ServiceLog:
    """The log of one service under these effects, by time; ``scale`` is the share of its rows."""
    asked = arrivals(service, scale, _boosts(effects))
    status = statuses(service, asked, effects)
    latency = latencies(service, asked, status, effects)
    canary = _canaries(service, len(asked))
    rows = np.arange(len(asked))
    if isinstance(service.answer, Ranked):
        rows = np.repeat(rows, service.answer.items)
    requests = asked.take(rows)
    answered = status[rows] == 200
    log = pl.DataFrame(
        {
            "timestamp": _times(requests.micros),
            "request_id": _ids(service.name, rows),
            "model": pl.repeat(service.name, len(rows), eager=True),
            **{name: pl.Series(segment.names).gather(segment.codes) for name, segment in requests.segments.items()},
            "latency_ms": latency[rows],
            "status": pl.Series(status[rows]).cast(pl.Int16),
        }
    )
    given = inputs(service, requests, effects, canary)
    result = outcomes(service, requests, given, effects, canary)
    log = log.with_columns(**result.answer, **result.truth)
    if service.revenue is not None:
        log = log.with_columns(b_revenue=_revenue(service.name, service.revenue, log["label"]))
    if service.labels:
        known = known_at(service, service.labels, requests, result.wrong, canary, effects)
        log = log.with_columns(label_timestamp=_times(known)).with_columns(
            pl.when(pl.Series(known != NEVER)).then(pl.col(name)).alias(name)
            for name in ("label_timestamp", *result.truth)
        )
    else:
        log = log.drop(*result.truth)
    log = log.with_columns(
        feature_timestamp=_times(requests.micros - given.age),
        **given.logged,
        **({"canary": canary} if canary is not None else {}),
        **({"weight": float(service.one_in)} if service.one_in > 1 else {}),
    )
    return _delivered(service, _without_answers(log, answered))


def _boosts(effects: Sequence[Effect]) -> list[tuple[np.ndarray, str | None]]:
    starts = bucket_starts()
    found = []
    for effect in effects:
        if isinstance(effect, Traffic):
            region = effect.where.get("region")
            factors = 1 + (effect.factor - 1) * effect.over_time(starts)
            found.append((factors, region if isinstance(region, str) else None))
    return found


def _times(micros: Ints) -> pl.Series:
    return pl.Series(micros).cast(_TIME)


def _ids(name: str, rows: Ints) -> pl.Series:
    return pl.select(pl.format(f"{name}-{{}}", pl.lit(pl.Series(rows)))).to_series()


def _canaries(service: Service, n: int) -> Bools | None:
    if not service.canaries:
        return None
    return generator(service.name, "canary").random(n) < _CANARY_SHARE


def _revenue(name: str, mean: float, label: pl.Series) -> pl.Series:
    """What a customer who took the offer paid; the second class is the one that pays."""
    rng = generator(name, "revenue")
    paid = np.round(mean * np.exp(0.5 * rng.standard_normal(len(label)) - 0.125), 2)
    taken = (label == "accept").to_numpy()
    return pl.Series(np.where(taken, paid, 0.0))


def _without_answers(log: pl.DataFrame, answered: Bools) -> pl.DataFrame:
    """A failed request has no answer, so nothing about it can be right or wrong."""
    silent = ("prediction", "confidence", "rank", "score", "relevance", "label", "b_revenue")
    columns = [c for c in log.columns if c in silent or c.startswith("p_")]
    columns += [c for c in log.columns if c == "label_timestamp"]
    log = log.with_columns(pl.when(pl.Series(answered)).then(pl.col(name)).alias(name) for name in columns)
    if "query" not in log.columns:
        return log
    # A query that failed has no items: it leaves one row.
    query = log["query"]
    first = query != query.shift(1).fill_null(-1)
    item = pl.int_range(pl.len()).over("query") + 1
    return (
        log.with_columns(query_id="request_id", request_id=pl.format("{}-{}", "request_id", item))
        .filter(pl.Series(answered) | first)
        .drop("query")
    )


def _delivered(service: Service, log: pl.DataFrame) -> ServiceLog:
    """As the log arrives: some lines twice, labels apart where they come from elsewhere."""
    if service.repeated:
        again = generator(service.name, "repeated").random(log.height) < service.repeated
        log = pl.concat([log, log.filter(pl.Series(again))]).sort("timestamp", maintain_order=True)
    if service.labels is None or not service.labels.separate:
        return ServiceLog(log, None)
    known = log.select("request_id", "label", "label_timestamp").drop_nulls()
    return ServiceLog(log.drop("label", "label_timestamp"), known.sort("label_timestamp", "request_id"))
