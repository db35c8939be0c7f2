"""The techniques. One file is one technique, read from top to bottom: paper, equations, losses, class."""
