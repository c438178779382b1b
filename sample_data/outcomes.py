"""What the model answered and what was true, from the same inputs by the same law.

A model here knows the law of the world as it was at first. It errs because the world is uncertain,
because its inputs are not the true ones, or because the law has changed: errors have their causes
in the log, and confidence is calibrated until one of these happens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from burnline.sample_data.arrays import Bools, Floats, Ints
from burnline.sample_data.clock import generator
from burnline.sample_data.effects import Concept, Effect, Guessing, Relearnt
from burnline.sample_data.features import Inputs
from burnline.sample_data.shapes import Amount, Classes, Number, Ranked, Service
from burnline.sample_data.traffic import Requests

# Relevance grades 1, 2 and 3 begin at these true utilities (in standard deviations).
_GRADES = (0.3, 1.0, 1.7)


@dataclass(frozen=True)
class Outcomes:
    """``answer`` columns are in the log at once, ``truth`` columns once the label is known."""

    answer: dict[str, pl.Series]
    truth: dict[str, pl.Series]
    wrong: Bools


def outcomes(
    service: Service,
    requests: Requests,
    given: Inputs,
    effects: Sequence[Effect],
    canary: Bools | None,
) -> Outcomes:
    """Answer every request; what is true of a ``canary`` request is certain."""
    weights = np.array([f.weight if isinstance(f, Number) else 1.0 for f in service.features])
    true = given.true * weights[:, None]
    seen = given.seen * weights[:, None]
    for row, feature in enumerate(service.features):
        for effect in effects:
            if isinstance(effect, Concept) and feature.name in effect.weights:
                change = effect.weights[feature.name] - weights[row]
                true[row] += change * effect.strength(requests) * given.true[row]
            if isinstance(effect, Relearnt) and feature.name in effect.weights:
                change = effect.weights[feature.name] - weights[row]
                seen[row] += change * effect.strength(requests) * given.seen[row]
    muddle = _muddle(service, requests, effects)
    if isinstance(service.answer, Classes):
        return _classes(service.name, service.answer, true, seen[:, muddle], canary)
    if isinstance(service.answer, Amount):
        return _amount(service.name, service.answer, true, seen[:, muddle])
    return _ranked(service.name, service.answer, true, seen[:, muddle])


def _muddle(service: Service, requests: Requests, effects: Sequence[Effect]) -> Ints:
    """Whose inputs each answer is for: its own, unless answers are mixed up between requests."""
    rng = generator(service.name, "muddle")
    rows = np.arange(len(requests))
    for effect in effects:
        if isinstance(effect, Guessing):
            struck = np.flatnonzero(rng.random(len(rows)) < effect.share * effect.strength(requests))
            rows[struck] = rng.permutation(struck)
    return rows


def _logits(answer: Classes, name: str, parts: Floats) -> Floats:
    """One row of log-odds per class; with two classes only the second has evidence."""
    if len(answer.names) == 2:
        directions = np.tile([0.0, 1.0], (len(parts), 1))
    else:
        directions = generator(name, "directions").standard_normal((len(parts), len(answer.names)))
    rows = [np.full(parts.shape[1], bias) for bias in answer.bias]
    for part, along in zip(parts, directions, strict=True):
        for row, amount in zip(rows, along, strict=True):
            row += amount * part
    return np.array(rows) * answer.gain


def _classes(name: str, answer: Classes, true: Floats, seen: Floats, canary: Bools | None) -> Outcomes:
    rng = generator(name, "label")
    nature = rng.gumbel(size=(len(answer.names), true.shape[1]))
    if canary is not None:
        nature[:, canary] = 0
    label = np.argmax(_logits(answer, name, true) + nature, axis=0)
    odds = _logits(answer, name, seen)
    shares = np.exp(odds - odds.max(axis=0))
    shares /= shares.sum(axis=0)
    predicted = np.argmax(odds, axis=0)
    names = pl.Series(answer.names)
    columns = {
        "prediction": names.gather(predicted),
        "confidence": pl.Series(np.round(shares.max(axis=0), 3)),
    }
    if answer.probabilities:
        for class_name, share in zip(answer.names, shares, strict=True):
            columns[f"p_{class_name}"] = pl.Series(np.round(share, 3))
    return Outcomes(columns, {"label": names.gather(label)}, predicted != label)


def _amount(name: str, answer: Amount, true: Floats, seen: Floats) -> Outcomes:
    rng = generator(name, "label")
    label = answer.centre + answer.spread * true.sum(axis=0)
    label += answer.noise * rng.standard_normal(true.shape[1])
    predicted = answer.centre + answer.spread * seen.sum(axis=0)
    columns = {"prediction": pl.Series(np.round(predicted, answer.digits))}
    wrong = np.abs(label - predicted) > 2 * answer.noise
    return Outcomes(columns, {"label": pl.Series(np.round(label, answer.digits))}, wrong)


def _ranked(name: str, answer: Ranked, true: Floats, seen: Floats) -> Outcomes:
    rng = generator(name, "label")
    utility = true.sum(axis=0) + answer.noise * rng.standard_normal(true.shape[1])
    relevance = np.digitize(utility, _GRADES)
    score = seen.sum(axis=0)
    by_query = score.reshape(-1, answer.items)
    rank = np.argsort(np.argsort(-by_query, axis=1, kind="stable"), axis=1).ravel() + 1
    columns = {
        "query": pl.Series(np.repeat(np.arange(len(by_query)), answer.items)),
        "rank": pl.Series(rank),
        "score": pl.Series(np.round(score, 3)),
    }
    wrong = (rank == 1) & (relevance == 0)
    return Outcomes(columns, {"relevance": pl.Series(relevance)}, wrong)
