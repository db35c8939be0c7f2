"""File formats: specs, spaces, checkpoints, themes, trajectories, and checkpoints of the original program.

Imports `gts.params`, `gts.system` and `gts.errors`, and stays free of torch when loaded.
"""
