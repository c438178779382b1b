"""The one error whose text is meant for a person."""

from __future__ import annotations


class BurnlineError(Exception):
    """One clear sentence: what is wrong, where, and what to do. The command line exits with 2."""
