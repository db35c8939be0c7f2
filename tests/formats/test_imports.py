"""`gts.formats` and `gts.params` import no heavy library."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.process

PROGRAM = """
import importlib, json, pkgutil, sys
import gts.formats, gts.params
for package in (gts.formats, gts.params):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)
print(json.dumps(sorted(sys.modules)))
"""
HEAVY = {"torch", "mujoco", "gymnasium", "optuna", "textual", "rich", "click"}


def test_importing_formats_and_params_loads_nothing_heavy():
    result = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)

    loaded = json.loads(result.stdout)
    assert "gts.formats.legacy" in loaded and "gts.params.techniques" in loaded
    assert not HEAVY & {name.partition(".")[0] for name in loaded}
