"""Floor 7: the JSON API of a node, the peers' door, and a witness's; a file for each room that they speak for."""
