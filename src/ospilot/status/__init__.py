"""The one status model: written by the pilot, read by everyone who shows it."""
