"""Floor 6: a running node: configuration, assembly, listeners, logs, health."""
