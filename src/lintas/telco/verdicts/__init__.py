"""What to do with a call: the evidence on its caller id, looked up in the policy table of the jurisdiction that it arrives in.

``plans`` says whose a number is, ``presets`` what the law wants done in each situation, ``ladder`` finds the situation: alone
where lists and plan suffice (microseconds, no I/O), else by one question to the home network of the number. Nothing here keeps
anything; what an exception rests on is always the gateway's own knowledge, never a word that the caller's network added.
"""
