"""The search mode: studies, their trials, and charts of both."""
