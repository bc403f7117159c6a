"""The home operator's side: its own table of its own numbers, the feeds that fill it, answers that tell no place and no time.

The table belongs to the operator and stays with it. It knows which of its numbers are assigned, which of them are registered
abroad and which are on a call now; it has no field for a subscriber's identity in the network, for a country or for the time of
a last contact, so that none of them can be asked for, leak, or be taken away by an employee.
"""
