"""Self-service onboarding: a workspace from logs alone."""

from __future__ import annotations

import glob
import os
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from burnline.errors import BurnlineError
from burnline.logs import FileKind, ModelProfile, classify, expand, profile_models
from burnline.results import Impossible, Result
from burnline.slis import kinds as all_kinds
from burnline.spec import SliKind, template
from burnline.spec.templates import DEFAULT_TIER, TIERS, TYPES, defaults
from burnline.spec.writing import entry

BUCKET_SECONDS = 300
# Requests of a quiet five minutes below which silence is ordinary and no promise of throughput makes sense.
STEADY = 10
# Labels of fewer different values are classes, even when they are numbers.
MANY_VALUES = 10
# A relevance says something about a model only beside the order the model chose.
_BESIDE = {"relevance": ("rank", "score")}
_SECTIONS: tuple[FileKind, ...] = ("logs", "labels", "metrics", "events", "training")
_MEANING = {
    "availability": "share of requests that did not fail",
    "latency": "share of requests answered within the threshold",
    "throughput": "share of 5-minute slices with at least this rate; a tenth of a quiet slice in these logs",
    "saturation": "share of 5-minute slices with the metric up to the threshold",
    "accuracy": "share of known labels that the model predicted",
    "rmse": "share of hours with a root mean squared error up to the threshold",
    "ndcg": "share of hours with an NDCG of at least the threshold",
    "freshness": "share of requests whose features were not older than this",
    "completeness": "share of required feature values that are not null",
    "confidence": "share of predictions at least this confident",
    "drift": "share of days on which no feature drifts beyond this PSI",
    "canary": "share of canary requests answered correctly",
}


class OnboardedModel(Result):
    """One model found in the logs, and what was promised for it."""

    model: str
    file: str
    type: str
    tier: int
    slos: tuple[str, ...]
    left_out: tuple[Impossible, ...]


class InitReport(Result):
    """What ``init`` wrote; ``problems`` are files that were passed over, and why."""

    directory: str
    files: tuple[str, ...]
    models: tuple[OnboardedModel, ...]
    problems: tuple[str, ...] = ()


def init(directory: str | Path, logs: Sequence[str], *, type: str | None = None, tier: int | None = None) -> InitReport:
    """Write burnline.yaml and one Model file per model found in ``logs``.

    ``logs`` are files, folders and patterns; label, metrics, event and training files among them
    are recognised by their columns. A model's type is inferred unless ``type`` is given; its SLOs
    are those of the template of type and tier (2 unless given) that its columns can support.

    Raises:
        BurnlineError: a pattern matches no file, no file is a log, the type or tier does not exist,
            a file to be written exists already, or the folder cannot be written. Nothing is
            written then.
    """
    if type is not None and type not in TYPES:
        raise BurnlineError(f"unknown type '{type}'; types: {', '.join(TYPES)}")
    if tier is not None and tier not in TIERS:
        raise BurnlineError(f"unknown tier {tier}; tiers: 1 (critical) to 4 (best effort)")
    folder = Path(directory)
    found = _recognise(logs)
    profiles = _profiles(found)
    files = {"burnline.yaml": _workspace_text(folder, found.sources(folder))}
    models, kinds = [], all_kinds()
    metrics = _metrics(found.files["metrics"])
    for profile, name in zip(profiles, _file_names([p.model for p in profiles]), strict=True):
        offer = _Offer(profile, metrics.get(profile.model, frozenset()), bool(found.files["labels"]))
        onboarded, text = _onboard(offer, type, tier or DEFAULT_TIER, kinds)
        files[name] = text
        models.append(onboarded.model_copy(update={"file": str(folder / name)}))
    _write(folder, files)
    return InitReport(
        directory=str(folder),
        files=tuple(str(folder / name) for name in files),
        models=tuple(models),
        problems=tuple(found.problems),
    )


# Which files are what.


@dataclass(frozen=True)
class _Found:
    """The files named, by what they are, and the patterns they were named by."""

    files: Mapping[FileKind, tuple[str, ...]]
    patterns: Mapping[FileKind, tuple[str, ...]]
    problems: tuple[str, ...]

    def sources(self, folder: Path) -> dict[FileKind, tuple[str, ...]]:
        """The patterns as seen from ``folder``."""
        seen = {kind: tuple(_seen_from(folder, p) for p in patterns) for kind, patterns in self.patterns.items()}
        return {kind: tuple(dict.fromkeys(patterns)) for kind, patterns in seen.items()}


def _recognise(patterns: Sequence[str]) -> _Found:
    kinds: dict[str, FileKind] = {}
    by_shape: dict[object, FileKind] = {}
    found: dict[FileKind, list[str]] = {}
    problems: list[str] = []
    for pattern in patterns:
        files = [file.path for file in expand(pattern)]
        if not files:
            raise BurnlineError(f"{pattern}: no such parquet file")
        for path in files:
            if path not in kinds:
                kinds[path] = _classify(path, by_shape, problems)
        for kind, parts in _split(pattern, {path: kinds[path] for path in files}).items():
            found.setdefault(kind, []).extend(parts)
    files_of = {kind: tuple(sorted(p for p, k in kinds.items() if k == kind)) for kind in _SECTIONS}
    if not files_of["logs"]:
        why = problems[0] if problems else f"{next(iter(kinds))} holds {next(iter(kinds.values()))}"
        raise BurnlineError(
            f"no prediction log among {len(kinds)} files: a log has the columns timestamp and model"
            f" and one row per request ({why})"
        )
    return _Found(files_of, {kind: tuple(parts) for kind, parts in found.items()}, tuple(problems))


def _classify(path: str, by_shape: dict[object, FileKind], problems: list[str]) -> FileKind:
    """What a file is; files of the same columns are looked at once."""
    try:
        schema = pq.read_schema(path)
        partitions = tuple(part.split("=")[0] for part in Path(path).parts[:-1] if "=" in part)
        shape = (tuple((field.name, str(field.type)) for field in schema), partitions)
        if shape not in by_shape:
            by_shape[shape] = classify(path)
        if by_shape[shape] == "unknown":
            problems.append(f"{path}: neither a log nor labels, metrics, events or training; left out")
        return by_shape[shape]
    except (BurnlineError, pa.ArrowException, OSError) as error:
        sentence = str(error).splitlines()[0] if str(error) else "cannot be read"
        problems.append(sentence if path in sentence else f"{path}: {sentence}")
        return "unknown"


def _split(pattern: str, files: Mapping[str, FileKind]) -> dict[FileKind, list[str]]:
    """Patterns that name the files of each kind; the pattern itself where all are of one kind."""
    known = {path: kind for path, kind in files.items() if kind != "unknown"}
    if os.path.isdir(pattern):
        pattern = os.path.join(glob.escape(os.path.abspath(pattern)), "**", "*.parquet")
    if len(set(known.values())) <= 1:
        return {kind: [os.path.abspath(pattern)] for kind in known.values()}
    name = os.path.basename(pattern)
    if "**" in pattern:
        root = os.path.commonpath([os.path.dirname(path) for path in known])
        return _split_tree(root, name, known)
    parts: dict[FileKind, list[str]] = {}
    for parent in sorted({os.path.dirname(path) for path in known}):
        _add(parts, _split_folder(parent, name, known))
    return parts


def _split_tree(root: str, name: str, files: Mapping[str, FileKind]) -> dict[FileKind, list[str]]:
    if len(set(files.values())) == 1:
        return {next(iter(files.values())): [os.path.join(glob.escape(root), "**", name)]}
    parts = _split_folder(root, name, files)
    below = {path: kind for path, kind in files.items() if os.path.dirname(path) != root}
    for child in sorted({os.path.relpath(path, root).split(os.sep)[0] for path in below}):
        folder = os.path.join(root, child)
        inside = {path: kind for path, kind in below.items() if path.startswith(folder + os.sep)}
        _add(parts, _split_tree(folder, name, inside))
    return parts


def _split_folder(folder: str, name: str, files: Mapping[str, FileKind]) -> dict[FileKind, list[str]]:
    """Patterns for the files directly in one folder."""
    here = {path: kind for path, kind in files.items() if os.path.dirname(path) == folder}
    if len(set(here.values())) == 1:
        return {next(iter(here.values())): [os.path.join(glob.escape(folder), name)]}
    parts: dict[FileKind, list[str]] = {}
    for path, kind in sorted(here.items()):
        parts.setdefault(kind, []).append(path)
    return parts


def _add(parts: dict[FileKind, list[str]], more: Mapping[FileKind, list[str]]) -> None:
    for kind, patterns in more.items():
        parts.setdefault(kind, []).extend(patterns)


def _seen_from(folder: Path, pattern: str) -> str:
    """A pattern relative to the workspace, absolute where the two share nothing but the root."""
    here, there = os.path.abspath(folder), os.path.abspath(pattern)
    if os.path.splitdrive(here)[0] != os.path.splitdrive(there)[0]:
        return there
    shared = os.path.commonpath([here, there])
    return there if shared == os.path.dirname(shared) else os.path.relpath(there, here)


# What each model can promise.


def _profiles(found: _Found) -> tuple[ModelProfile, ...]:
    profiles = profile_models([glob.escape(path) for path in found.files["logs"]])
    named = tuple(profile for profile in profiles if profile.model.strip())
    if not named:
        raise BurnlineError(f"no model in {len(found.files['logs'])} log files: they have no rows with a model")
    return named


def _metrics(files: Iterable[str]) -> dict[str, frozenset[str]]:
    """The infrastructure metrics of each model."""
    profiles = profile_models([glob.escape(path) for path in files])
    return {profile.model: profile.columns - {"timestamp", "model"} for profile in profiles}


def infer_type(profile: ModelProfile) -> str:
    """The type of a model from what its log holds.

    Ranking where queries have relevances and an order; regression where predictions and labels are
    numbers of many values and no class has a probability; else classification.
    """
    columns = profile.columns
    if {"query_id", "relevance"} <= columns and columns & {"rank", "score"}:
        return "ranking"
    classes = any(name.startswith("p_") for name in columns)
    if profile.prediction_kind != "number" or classes:
        return "classification"
    if profile.label_kind is None:
        return "classification" if "confidence" in columns else "regression"
    many = profile.label_kind == "number" and profile.label_distinct > MANY_VALUES
    return "regression" if many else "classification"


@dataclass(frozen=True)
class _Offer:
    """What the data hold for one model."""

    profile: ModelProfile
    metrics: frozenset[str]
    late_labels: bool

    def lacks(self, kind: SliKind) -> str | None:
        """Why an SLI has no data, None when it has."""
        columns = self.profile.columns
        missing = [name for name in kind.columns if not self._has(name)]
        if "metrics:*" in missing:
            return "no metrics file has this model"
        if "f_*" in missing:
            return "no feature columns (f_…)"
        if "canary" in kind.columns and not self.profile.has_canary:
            return "no canary requests"
        if missing:
            return f"no column{'s' if len(missing) > 1 else ''} {', '.join(missing)}"
        for name, others in _BESIDE.items():
            if name in kind.columns and not columns & set(others):
                return f"no column {' or '.join(others)}"
        return None

    def _has(self, column: str) -> bool:
        if column == "metrics:*":
            return bool(self.metrics)
        if column == "f_*":
            return bool(self.profile.features)
        if column == "label" and self.late_labels:
            return "request_id" in self.profile.columns
        return column in self.profile.columns


def _promises(
    offer: _Offer, type_: str, tier: int, kinds: Mapping[str, SliKind]
) -> tuple[dict[str, dict[str, object]], dict[str, str], dict[str, str]]:
    """SLOs to write; SLOs of the template to remove, and others to leave out, with the reasons."""
    standard, values = template(type_, tier, kinds), defaults(type_, tier, kinds)
    slos: dict[str, dict[str, object]] = {}
    removed: dict[str, str] = {}
    absent: dict[str, str] = {}
    for name in [*standard, *(n for n in ("throughput", "saturation", "canary") if n in kinds)]:
        reason = offer.lacks(kinds[name])
        keys = dict(values[name])
        if reason is None and name == "throughput":
            quiet = offer.profile.requests_per_slice_p05
            keys = {"threshold": _rate(quiet / BUCKET_SECONDS / 10), **keys}
            reason = None if quiet >= STEADY else "too few requests in quiet times to suggest a rate"
        if reason is None and name == "saturation" and keys["metric"] not in offer.metrics:
            percents = sorted(metric for metric in offer.metrics if metric.endswith("_percent"))
            keys["metric"] = percents[0] if percents else None
            reason = None if percents else "no metric in percent, such as cpu_percent, in the metrics files"
        if reason is not None:
            (removed if name in standard else absent)[name] = reason
        elif name == "completeness":
            slos[name] = {"features": list(offer.profile.features), **keys}
        else:
            slos[name] = keys
    return slos, removed, absent


def _rate(per_second: float) -> str | None:
    """A rate with two digits, in the first unit in which it is at least 1."""
    for unit, seconds in (("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)):
        value = per_second * seconds
        if value >= 1:
            return f"{float(f'{value:.2g}'):.12g}/{unit}"
    return None


# The files.


def _onboard(offer: _Offer, type_: str | None, tier: int, kinds: Mapping[str, SliKind]) -> tuple[OnboardedModel, str]:
    profile = offer.profile
    chosen = type_ or infer_type(profile)
    slos, removed, absent = _promises(offer, chosen, tier, kinds)
    span = f"{profile.first:%Y-%m-%d} to {profile.last:%Y-%m-%d}"
    why = "given" if type_ else "inferred from the logs"
    text = f"# {profile.rows:,} requests from {span}, as found by burnline init.\n"
    text += entry("apiVersion", "burnline/v1") + entry("kind", "Model") + entry("metadata", {"name": profile.model})
    text += "spec:\n"
    text += entry("type", chosen, indent=2, comment=f"classification, regression or ranking; {why}")
    text += entry("tier", tier, indent=2, comment="1 critical, 2 normal, 3 tolerant, 4 best effort")
    text += "  # owner: team@example.com\n"
    text += "  slos:\n"
    for name, keys in slos.items():
        text += entry(name, keys, indent=4, comment=_MEANING.get(name, ""))
    if removed:
        text += "    # Not possible with these logs; delete a line once they are:\n"
    for name, reason in removed.items():
        text += entry(name, False, indent=4, comment=reason)
    if absent:
        text += "    # Also not possible yet:\n"
    for name, reason in absent.items():
        text += f"    # {name}: {reason}\n"
    left_out = tuple(Impossible(sli=name, reason=reason) for name, reason in {**removed, **absent}.items())
    model = OnboardedModel(model=profile.model, file="", type=chosen, tier=tier, slos=tuple(slos), left_out=left_out)
    return model, text


def _workspace_text(folder: Path, sources: Mapping[FileKind, tuple[str, ...]]) -> str:
    name = folder.resolve().name or "workspace"
    text = entry("apiVersion", "burnline/v1") + entry("kind", "Workspace") + entry("metadata", {"name": name})
    text += "spec:\n"
    text += entry("timezone", "UTC", indent=2, comment="of calendar windows and reports, such as Europe/Zurich")
    for kind in _SECTIONS:
        if kind in sources:
            text += entry(kind, [{"path": path} for path in sources[kind]], indent=2)
    text += entry("reference", {"window": "first 7d"}, indent=2, comment="what drift is measured against")
    text += entry("store", ".burnline", indent=2, comment="where burnline keeps what it has read")
    return text


def _file_names(models: Sequence[str]) -> list[str]:
    """A file per model: the model's name where it can be one, otherwise made safe and distinct."""
    taken: set[str] = set()
    names = []
    for model in models:
        plain = unicodedata.normalize("NFC", model)
        slug = re.sub(r"[^\w.-]+", "-", plain)[:60].strip("-. ") or "model"
        distinct, count = slug, 2
        while distinct.casefold() in taken:
            distinct, count = f"{slug}-{count}", count + 1
        taken.add(distinct.casefold())
        names.append(f"models/{distinct}.yaml")
    return names


def _write(folder: Path, files: Mapping[str, str]) -> None:
    """Write all files or none, and overwrite nothing."""
    for name in files:
        if os.path.lexists(folder / name):
            raise BurnlineError(f"{folder / name} exists already; move it away or choose another folder")
    placed: list[Path] = []
    draft: str | None = None
    try:
        (folder / "models").mkdir(parents=True, exist_ok=True)
        draft = tempfile.mkdtemp(prefix=".init-", dir=folder)
        for number, text in enumerate(files.values()):
            Path(draft, str(number)).write_text(text, encoding="utf-8")
        # burnline.yaml comes last: a folder is a workspace once everything else stands.
        for number, name in reversed(list(enumerate(files))):
            os.rename(Path(draft, str(number)), folder / name)
            placed.append(folder / name)
    except OSError as error:
        raise BurnlineError(f"{folder}: cannot be written: {error.strerror or error}") from None
    finally:
        if len(placed) < len(files):
            for path in placed:
                path.unlink(missing_ok=True)
        if draft is not None:
            shutil.rmtree(draft, ignore_errors=True)
