"""Networks of random numbers, of the shapes that a spec asks for."""

from __future__ import annotations

import numpy as np

from gts.formats.networks import FIGURE_SIZES, iterate_expected_shapes
from gts.params.spec import Spec


def network_tensors(spec: Spec, networks: dict[str, int]) -> dict[str, np.ndarray]:
    """Random tensors for networks with so many outputs each."""
    random = np.random.default_rng(0)
    observation_size, _ = FIGURE_SIZES[spec.figure]
    return {
        name: random.standard_normal(shape).astype(np.float32)
        for network, outputs in networks.items()
        for name, shape in iterate_expected_shapes(spec, network, observation_size, outputs)
    }
