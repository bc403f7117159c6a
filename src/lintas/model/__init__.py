"""Floor 0: the words everybody shares — identifiers, money, places, markings, messages, ports, errors. No I/O."""
