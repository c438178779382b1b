from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser.helpers import serving

ROOT = Path(__file__).resolve().parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
FOLDERS: dict[str, str] = PROJECT["tool"]["setuptools"]["package-dir"]
BUILD = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc")


def packages() -> Iterator[tuple[str, Path]]:
    """Every package that the folders hold: its import name and its folder."""
    for package, folder in FOLDERS.items():
        top = ROOT / folder
        inner = (path.parent for path in top.rglob("__init__.py"))
        for path in {top, *inner}:
            yield ".".join([package, *path.relative_to(top).parts]), path


def run(*command: str | Path, cwd: Path = Path("/")) -> str:
    done = subprocess.run(list(map(str, command)), cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy: a build in the checkout would pick up leftovers of an earlier one."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for folder in FOLDERS.values():
        shutil.copytree(ROOT / folder, source / folder, ignore=LEFT_OUT)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    run(sys.executable, "-c", BUILD, out, cwd=source)
    return next(out.glob("burnline-*.whl"))


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel in it; the dependencies are lent by the environment of the tests."""
    home = tmp_path_factory.mktemp("fresh")
    venv.create(home, with_pip=True, symlinks=True)
    python = home / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", wheel)
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    # A path line adds the folder but not the path files in it, so the editable install stays unseen.
    (site / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return home


def test_the_packages_listed_are_the_folders_present() -> None:
    assert sorted(PROJECT["tool"]["setuptools"]["packages"]) == sorted({name for name, _ in packages()})


def test_the_wheel_installs_no_top_level_package_but_burnline(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"burnline"}


def test_the_wheel_holds_every_file_of_the_packages(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    expected = {
        "/".join([*package.split("."), *path.relative_to(ROOT / folder).parts])
        for package, folder in FOLDERS.items()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert expected - held == set()


def test_the_installed_wheel_answers_from_any_folder(installed: Path) -> None:
    assert "status" in run(installed / "bin" / "burnline", "--help")
    where = run(installed / "bin" / "python", "-c", "import burnline; print(burnline.__file__)")
    assert Path(where.strip()).is_relative_to(installed)


def test_the_installed_wheel_finds_its_own_data(installed: Path) -> None:
    code = (
        "from burnline.dashboard.server import HERE, configuration; "
        "assert (HERE / '_streamlit' / 'config.toml').is_file(); "
        "print(*configuration('127.0.0.1', 0))"
    )
    assert "theme." in run(installed / "bin" / "python", "-c", code)


def test_the_installed_wheel_serves_the_dashboard(installed: Path, demo_workspace: Path, tmp_path: Path) -> None:
    with serving(demo_workspace, tmp_path / "log", installed / "bin" / "burnline") as url:
        for path in ("/", "/app/static/favicon.svg", "/api/status", "/metrics"):
            with urllib.request.urlopen(url + path, timeout=30) as response:
                assert response.status == 200


def test_the_lock_pins_every_direct_dependency() -> None:
    pins = {name(line) for line in (ROOT / "requirements.lock").read_text().splitlines()}
    extras = PROJECT["project"]["optional-dependencies"].values()
    direct = {name(line) for group in [PROJECT["project"]["dependencies"], *extras] for line in group}
    assert direct - pins == set(), "run scripts/lock"


def test_the_lock_names_no_place() -> None:
    for line in (ROOT / "requirements.lock").read_text().splitlines():
        assert re.fullmatch(r"[\w.-]+==[\w.+]+( ; .+)?", line), line


def name(requirement: str) -> str:
    """The normalised name of a requirement."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", requirement.strip())[0]).lower()
