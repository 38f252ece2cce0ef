"""The demo: a pool, two pilots and twelve jobs on this machine, shown while they run, and gone afterwards."""
