"""What ospilot costs beside bare HTCondor: figures with their budgets, measured side by side."""
