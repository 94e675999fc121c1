import numpy as np
import pytest
from spoton_training.embedder.scale import fit_scale


def test_the_scale_is_found_that_pairs_were_drawn_with() -> None:
    rng = np.random.default_rng(3)
    # Two normal distributions of equal width: log-odds = (m1 - m0) / s² · (x - (m0 + m1) / 2) = 12.5 · (x - 0.35).
    same, other = rng.normal(0.6, 0.2, 20_000), rng.normal(0.1, 0.2, 5_000)
    scale = fit_scale(same.astype(np.float32), other.astype(np.float32))
    assert scale.even_cosine == pytest.approx(0.35, abs=0.01)
    assert scale.slope == pytest.approx(12.5, rel=0.05)
