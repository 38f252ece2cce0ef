"""Tokens: found, parsed and judged, never shown."""
