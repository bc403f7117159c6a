"""The acts of the story, a file each."""
