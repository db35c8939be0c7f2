"""The search mode: the studies of a workspace, the trials of one study, and charts of it.

May import gts (Optuna only inside functions that the polling threads call), the widgets and the modules of gts_tui below
the screens.
"""
