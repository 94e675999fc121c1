"""What a cosine between two cameras is worth, learned without labels.

Two tracklets that one camera shows at the same time are two people, and so are two that walk far apart on the floor
of two cameras: free negatives. Two that walk on one spot in two cameras are one person: free positives. If both kinds
are normal with one variance, the log-odds of a cosine are a line (linear discriminant, Fisher 1936): even half-way
between the two means, as steep as their distance in variances.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

_STRANGERS, _SAME = 0, 1
_COUNT, _SUM, _SQUARES = 0, 1, 2
_KEPT = 0.99  # of what is known, at each step: with one every 5 s of video, light of an hour ago is forgotten
_HALF_TRUSTED = 20.0  # samples of the rarer kind at which a pair's own figures count half
_COUNTED_SHARE = 0.27  # of a pair's steepness: a person's pairs look alike for the same reasons; terrace1
_MOST_STEEPER = 1.5  # than the model says, or less steep by as much
_MOST_MOVED = 0.15  # of the even cosine, at a slope of 10
_LEAST_VARIANCE = 1e-4


@dataclass(frozen=True, slots=True)
class Curves:
    """Log-odds = slope · (cosine − midpoint), for each pair of cameras: (cameras, cameras), symmetric."""

    midpoints: Matrix
    slopes: Matrix


def model_curves(cameras: int, midpoint: float, slope: float) -> Curves:
    """Read cosines as the embedding model says, whatever the cameras."""
    return Curves(np.full((cameras, cameras), midpoint), np.full((cameras, cameras), slope))


@dataclass(slots=True)
class AppearanceStatistics:
    """Counts, sums and sums of squares of cosines of strangers and of one person. State pickles."""

    cameras: int
    _moments: Matrix = field(init=False)  # (strangers or same, moment, camera, camera)

    def __post_init__(self) -> None:
        """Begin with nothing known."""
        self._moments = np.zeros((2, 3, self.cameras, self.cameras))

    def fade(self) -> None:
        """Let what was learned weigh a little less; before each look."""
        self._moments *= _KEPT

    def observe(self, cameras: NDArray[np.int64], cosines: Matrix, strangers: Matrix, same: Matrix) -> None:
        """Take a look at the tracklets in view.

        Args:
            cameras: (N,) of each tracklet.
            cosines: (N, N) of mean embeddings.
            strangers: (N, N) symmetric, 1 where a pair is certainly two people.
            same: (N, N) symmetric, 1 where a pair is certainly one person.

        """
        hot = (cameras[:, None] == np.arange(self.cameras)[None, :]).astype(np.float64)
        for kind, chosen in ((_STRANGERS, strangers), (_SAME, same)):
            for moment, values in ((_COUNT, chosen), (_SUM, chosen * cosines), (_SQUARES, chosen * cosines**2)):
                self._moments[kind, moment] += hot.T @ values @ hot

    def curves(self, midpoint: float, slope: float) -> Curves:
        """Read cosines as learned; where little is known, as all cameras together say, and then as the model says.

        Args:
            midpoint: even cosine of the model.
            slope: of the model.

        """
        model = model_curves(self.cameras, midpoint, slope)
        whole = self._moments.sum(axis=(2, 3), keepdims=True) / 2  # pairs stand twice in it
        scene = _blend(np.broadcast_to(whole, self._moments.shape), model, midpoint, slope)
        return _blend(self._moments, scene, midpoint, slope)


def _blend(moments: Matrix, fallback: Curves, midpoint: float, slope: float) -> Curves:
    """Mix what moments say with a fallback, by how many samples there are; bounded around the model."""
    counts = np.maximum(moments[:, _COUNT], 1e-12)
    means = moments[:, _SUM] / counts
    variances = np.maximum(moments[:, _SQUARES] / counts - means**2, _LEAST_VARIANCE).mean(axis=0)
    trust = moments[:, _COUNT].min(axis=0)
    trust = trust / (trust + _HALF_TRUSTED)
    reach = _MOST_MOVED * 10.0 / slope
    found_midpoints = np.clip(means.mean(axis=0), midpoint - reach, midpoint + reach)
    steepness = _COUNTED_SHARE * (means[_SAME] - means[_STRANGERS]) / variances / slope
    found_slopes = slope * np.clip(steepness, 1 / _MOST_STEEPER, _MOST_STEEPER)
    return Curves(
        fallback.midpoints + trust * (found_midpoints - fallback.midpoints),
        fallback.slopes + trust * (found_slopes - fallback.slopes),
    )
