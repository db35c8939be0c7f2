"""The terminal program: panels and a command line over the same table of commands as the shell.

What it shows it reads from the workspace's files; what takes long works in processes of its own. It never loads torch or the
simulator, and nothing is lost when it ends, whichever way it does.
"""
