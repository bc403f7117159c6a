"""The faces of names: the check that does not learn the question, exports for filters, senders, and the block page.

``book`` holds one moment's lists, ``routes`` answers programs, ``search`` the hash check, ``blocked`` people who were led here.
"""
