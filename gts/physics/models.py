"""Loading of figure models."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import mujoco

from gts.errors import MissingError, WorkError

_ASSETS = Path("envs", "mujoco", "assets")


def model_path(file: str) -> Path:
    """Path of a model file: a path is kept, a bare name is looked up among Gymnasium's models.

    Gymnasium is located without importing it, which would load a renderer. Raises MissingError if there is no such file.
    """
    path = Path(file).expanduser()
    if path.parent == Path():
        package = importlib.util.find_spec("gymnasium")
        if package is None or package.origin is None:
            raise MissingError("gymnasium is not installed", hint="pip install gymnasium")
        path = Path(package.origin).parent / _ASSETS / path
    if not path.is_file():
        raise MissingError(f"there is no model file {path}")
    return path


def load_model(file: str) -> mujoco.MjModel:
    """Compile a model file; raises MissingError (no such file) or WorkError (MuJoCo cannot compile it)."""
    silence_mujoco_log()
    path = model_path(file)
    try:
        return mujoco.MjModel.from_xml_path(str(path))
    except ValueError as error:
        raise WorkError(f"MuJoCo cannot compile {path}: {error}") from error


def silence_mujoco_log() -> None:
    """Stop MuJoCo from writing `MUJOCO_LOG.TXT` into the working directory and warnings to the console, in this process.

    Worlds read MuJoCo's warning counters instead.
    """
    config = mujoco.MjLogConfig.get()
    config.logto_file = False
    config.logto_console = False
    mujoco.MjLogConfig.set(config)
