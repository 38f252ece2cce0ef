"""What stays while jobs run. Standard library only: its memory is taken from jobs."""
