"""Keeps a list of a running gateway in force: looks for newer files, reads them beside the calls, says what is wrong."""

import asyncio
import logging
import sys

from lintas.telco.lists.standing import Standing

#: How often the list's directory is looked at, in seconds.
LOOK_S = 0.15
#: A thread that reads a delta gives way to calls this often, in seconds.
SWITCH_S = 0.0005

_log = logging.getLogger("lintas.gateway")


async def renew(standing: Standing) -> None:
    """Put newer lists in force until cancelled; reading happens in a thread beside the calls."""
    sys.setswitchinterval(SWITCH_S)
    said, was_old = "", False
    while True:
        await asyncio.sleep(LOOK_S)
        try:
            if standing.has_news():
                await asyncio.to_thread(standing.take_news)
        except OSError as wrong:
            standing.problem = f"the list's directory cannot be read ({wrong.strerror})"
        # Whatever is wrong with a newer list, the old one goes on answering, and it is looked at again.
        except Exception as wrong:  # noqa: BLE001
            standing.problem = f"a fault: {type(wrong).__name__}"
        if standing.problem != said:
            said = standing.problem
            if said:
                _log.warning(
                    "a newer list was not taken, the old one stays in force: %s: %s", standing.snapshot.name, said
                )
        if standing.old != was_old:
            was_old = standing.old
            if was_old:
                name = standing.snapshot.name
                _log.warning("the list %s is %d s old and stays in force: look after its source", name, standing.age_s)
