"""SIP as far as a redirect server speaks it (RFC 3261): requests read within strict bounds, responses written; no sockets.

``message`` reads a request, ``uri`` what stands in its fields, ``parties`` who calls whom, ``answer`` writes the response.
"""
