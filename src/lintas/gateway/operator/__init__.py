"""An operator's own process: its table of subscribers abroad is asked by gateways, and never leaves it."""
