"""Floor 1: what a report says — folding, scripts, identifiers with a role, and the claim. Pure: no files, no sockets.

Doors: ``lintas.text.fold.fold``, ``lintas.text.extract.extract``, ``lintas.text.report.read_claim``.
Invariants: offsets count code points of the original text; a victim cue beats a suspect cue; unclear roles stay ``unknown``.
"""
