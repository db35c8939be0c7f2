"""The training mode: a list of runs, and charts of the selected ones.

May import gts (nothing that loads torch, MuJoCo or Optuna), the widgets and the modules of gts_tui below the screens.
"""
