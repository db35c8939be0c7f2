"""Charts for terminals: what is drawn as plain data, how it is drawn, and a widget that shows it."""
