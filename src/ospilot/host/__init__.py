"""Facts about the machine that the pilot or the command line runs on."""
