"""Floor 5: takes a victim's report, as a short form or as free text, and finds the same report a second time.

Events out: ``ReportFiled``, ``HarmReported``. Questions: none. Invariants: a report is never lost; the victim's own
identifiers keep the role ``victim`` and never leave this room as suspect's; the same stolen transfer reported twice is
one case; a case follows one claim, the first that any of its reports brings.
Legal notes: plane B throughout; nothing of a report leaves the authority by itself.
"""
