"""Widgets that several screens use. They know the app only through `gts_tui.app_base`."""
