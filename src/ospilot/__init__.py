"""ospilot: the pilot that lends a computer to an HTCondor pool."""

__version__ = "0.1.0"
