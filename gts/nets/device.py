"""The one place that knows where tensors live and how precise they are."""

from __future__ import annotations

import torch

DEVICE = torch.device("cpu")
DTYPE = torch.float32
