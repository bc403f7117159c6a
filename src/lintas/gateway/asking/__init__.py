"""Asks home networks and partners whether a call may be real: in time, behind breakers, remembering little."""
