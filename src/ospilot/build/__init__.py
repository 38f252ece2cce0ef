"""Builds the images of ospilot from a checkout."""
