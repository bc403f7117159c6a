"""The SIP face: answers calls of switches by redirection, without being in their way."""
