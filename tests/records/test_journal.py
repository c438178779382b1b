"""The journal: nothing that was answered is lost, whatever is torn, whoever writes beside."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from burnline.errors import BurnlineError
from burnline.records import Records, acknowledge, mark, read
from burnline.records.journal import FILE

WRITER = """
import sys
from pathlib import Path
from burnline.records import acknowledge
for i in range(int(sys.argv[3])):
    acknowledge(Path(sys.argv[1]), f"{sys.argv[2]}-{i}", by="w" * (i % 150 + 1))
"""


def alerts(records: Records) -> list[str]:
    return sorted(records.acknowledgements)


def test_no_journal_is_no_record(tmp_path: Path) -> None:
    assert read(tmp_path / "absent").entries == ()


@pytest.mark.parametrize("lost", [1, 2, 40])
def test_a_torn_line_is_left_out_and_struck_out_by_the_next_writer(tmp_path: Path, lost: int) -> None:
    acknowledge(tmp_path, "a", by="ann")
    acknowledge(tmp_path, "b", by="bob")
    file = tmp_path / FILE
    file.write_bytes(file.read_bytes()[:-lost])
    assert alerts(read(tmp_path)) == ["a"]
    acknowledge(tmp_path, "c", by="cyd")
    assert alerts(read(tmp_path)) == ["a", "c"]
    acknowledge(tmp_path, "d", by="dan")
    assert alerts(read(tmp_path)) == ["a", "c", "d"]


def test_every_prefix_of_the_file_reads_as_the_lines_it_holds(tmp_path: Path) -> None:
    for name in "abc":
        acknowledge(tmp_path, name, by="ann")
    content = (tmp_path / FILE).read_bytes()
    for size in range(len(content) + 1):
        folder = tmp_path / str(size)
        folder.mkdir()
        (folder / FILE).write_bytes(content[:size])
        assert alerts(read(folder)) == list("abc")[: content[:size].count(b"\n")]


def test_two_processes_never_lose_each_others_lines(tmp_path: Path) -> None:
    count = 60
    runs = [subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), name, str(count)]) for name in "xy"]
    assert [run.wait() for run in runs] == [0, 0]
    assert alerts(read(tmp_path)) == sorted(f"{name}-{i}" for name in "xy" for i in range(count))


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    acknowledge(tmp_path, "a", by="ann")
    file = tmp_path / FILE
    file.write_bytes(b'{"kind": "from the future", "at": "2030-01-01T00:00:00Z", "by": "x"}\n' + file.read_bytes())
    with pytest.raises(BurnlineError, match=rf"{FILE}:1: this version of Burnline cannot read the line"):
        read(tmp_path)


def test_reading_again_costs_nothing_until_something_is_added(tmp_path: Path) -> None:
    acknowledge(tmp_path, "a", by="ann")
    first = read(tmp_path)
    assert read(tmp_path) is first
    mark(tmp_path, "a", "noise", by="ann")
    assert read(tmp_path).marks == {"a": "noise"}


def test_a_journal_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "records").write_text("a file where the folder should be")
    with pytest.raises(BurnlineError, match="records cannot be written"):
        acknowledge(tmp_path / "records", "a", by="ann")
