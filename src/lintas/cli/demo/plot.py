"""The plot: the acts of the story, in the order in which they are played."""

import asyncio

from lintas.cli.demo import comparison
from lintas.cli.demo.acts.attacks import attacks, nothing_else
from lintas.cli.demo.acts.calls import calls
from lintas.cli.demo.acts.chase import chase
from lintas.cli.demo.acts.clocks import clocks
from lintas.cli.demo.acts.redress import redress
from lintas.cli.demo.play import Player


async def play(player: Player) -> comparison.Compared:
    """Play all of it; returns what the same theft would have come to had nobody asked in time."""
    world = player.world
    theft = world.thefts[0]
    # Known before anybody reports it: whoever watches the bar sees beneath it what an hour would cost.
    later = await asyncio.to_thread(comparison.later, world, theft)
    finer = await asyncio.to_thread(comparison.series, world, theft)
    case = await chase(player, player.asker, theft, comparison.told(later, finer))
    bar = (await player.case(player.asker, case)).bar
    compared = comparison.Compared(theft.currency, theft.stolen_minor, bar.held if bar else 0, later)
    for line in comparison.lines(compared):
        player.say(f"             {line}")
    if world.straight is not None:
        await chase(player, player.of_bank(world.straight.bank) or player.asker, world.straight)
    await calls(player)
    await attacks(player)
    await redress(player, case)
    await clocks(player, case)
    await nothing_else(player)
    return compared
