"""Floor 6: how every face speaks HTTP — typed routes, problem documents, body limits, keys, OpenAPI, listeners.

It knows no capability: the faces above bring their routes. Beside ``node``, which knows no face.
"""
