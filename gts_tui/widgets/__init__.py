"""Widgets that several modes use. They may import `app_base` and the flat modules below it, but no console and no screens."""
