"""A small build of the sample workspace: a tenth of the requests, every story."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from burnline.sample_data import build

SCALE = 0.1

Log = Callable[[str], pl.DataFrame]


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("sample")
    build(directory, scale=SCALE)
    return directory


@pytest.fixture(scope="session")
def log(small: Path) -> Log:
    """The whole log of a model, with the labels that came in files of their own."""

    def read(model: str) -> pl.DataFrame:
        requests = pl.read_parquet(small / "logs" / model / "*.parquet")
        if labels := sorted((small / "labels").glob(f"{model}-*.parquet")):
            requests = requests.join(pl.read_parquet(labels), on="request_id", how="left")
        return requests

    return read
