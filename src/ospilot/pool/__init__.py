"""The embedded pool: a whole HTCondor pool on this machine, for the demo, for tests, for trying things."""
