"""Floor 1: codecs between the bytes that other systems speak and our own words. Pure: no file, no socket, no clock."""
