"""The command line: parsing, completion, history, running commands and showing their output."""
