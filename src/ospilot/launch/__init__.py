"""The description of a container, and the container engines that run it."""
