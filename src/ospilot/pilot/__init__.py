"""The life of one pilot up to the moment it runs: plan, then prepare."""
