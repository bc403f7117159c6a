"""The CAMARA interfaces that an operator answers here: requests, answers, errors and scopes, as bytes and as structs; pure.

Written after the definitions of device-roaming-status 1.1.0 (tag r1.2), sim-swap 2.1.0 (r3.3) and number-recycling 0.2.0
(r2.2) of the CAMARA project; nothing of them is copied.
"""
