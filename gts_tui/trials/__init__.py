"""What the search mode shows: studies, their trials, the charts of both."""
