"""The command line of the terminal program: input, completion, history, running commands, output.

May import `widgets` and the modules of `gts_tui` below them, and `gts`, but no screens.
"""
