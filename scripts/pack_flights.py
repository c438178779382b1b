"""Packs the 2013 New York departures into the parquet file that ships with the sample data.

Source: US Bureau of Transportation Statistics, "On-Time Performance" (public domain), as the
``nycflights`` dataset of the package pointblank, which is needed to run this script only.
"""

from __future__ import annotations

from pathlib import Path

import pointblank
import polars as pl

TARGET = Path(__file__).parents[1] / "sample_data" / "flights.parquet"


def pack() -> pl.DataFrame:
    """Only what the sample needs, in the smallest types, by scheduled departure (local time)."""
    flights: pl.DataFrame = pointblank.load_dataset("nycflights", tbl_type="polars")
    return flights.select(
        scheduled=pl.datetime("year", "month", "day", "hour", "minute", time_unit="ms"),
        carrier="carrier",
        flight=pl.col("flight").cast(pl.Int16),
        origin="origin",
        dest="dest",
        distance=pl.col("distance").cast(pl.Int16),
        dep_delay=pl.col("dep_delay").cast(pl.Int16),
        arr_delay=pl.col("arr_delay").cast(pl.Int16),
        arr_time=pl.col("arr_time").cast(pl.Int16),
        sched_arr_time=pl.col("sched_arr_time").cast(pl.Int16),
        air_time=pl.col("air_time").cast(pl.Int16),
    ).sort("scheduled", "origin", "carrier", "flight")


def main() -> None:
    """Write the file and print its size."""
    flights = pack()
    flights.write_parquet(TARGET, compression="zstd", compression_level=19)
    print(f"{TARGET}: {flights.height:,} flights, {TARGET.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
