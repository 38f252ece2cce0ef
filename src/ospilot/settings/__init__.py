"""Options of the pilot: each defined once, read from the environment or flags."""
