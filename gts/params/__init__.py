"""Every parameter of every technique and figure: name, type, default, range, unit, one sentence."""
