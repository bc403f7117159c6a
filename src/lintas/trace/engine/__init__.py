"""The index of one holder's transfers: laid on lines, kept on disk, growing; by three back ends that give equal columns."""
