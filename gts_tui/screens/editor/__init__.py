"""The editor mode: specs, spaces, themes and key maps as text or as a form."""
