"""All that speaks HTCondor: configuration text, escapers, and the tools."""
