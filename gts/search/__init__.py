"""Searches: a study, its trials, what they came to. Headless: it tells and never prints."""
