"""How far apart two distributions lie, from their histograms, and when that is drift."""

from burnline.distances.axes import OTHER, Axis, Bins, Categories
from burnline.distances.compare import Distances, compare
from burnline.distances.decision import ALPHA, SHIFT, drifted, moved, shifted, together, usual
from burnline.distances.multiple import benjamini_hochberg
from burnline.distances.permutation import block_permutation

__all__ = [
    "ALPHA",
    "OTHER",
    "SHIFT",
    "Axis",
    "Bins",
    "Categories",
    "Distances",
    "benjamini_hochberg",
    "block_permutation",
    "compare",
    "drifted",
    "moved",
    "shifted",
    "together",
    "usual",
]
