"""The training mode: a list of runs and charts of the selected ones."""
