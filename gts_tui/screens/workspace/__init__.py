"""The workspace mode: a tree of files, runs and studies, and a pane with details of the selected item.

May import gts (nothing that loads torch, MuJoCo or Optuna), the widgets and the modules of gts_tui below the screens.
"""
