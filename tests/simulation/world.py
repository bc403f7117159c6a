"""A world of eleven authorities that play fair and one that lies, on machines and networks that fail, all from one seed."""

import contextlib
from collections import Counter
from random import Random
from typing import NamedTuple

from tests.simulation import audit, audit_between, audit_holds, faults, law, signers
from tests.simulation.books import Books
from tests.simulation.chronicle import Chronicle
from tests.simulation.disk import Fault
from tests.simulation.liar import Liar
from tests.simulation.machine import Machine, Respond, World
from tests.simulation.network import Network, Timeline
from tests.simulation.people import Desk

from lintas.model.errors import Unavailable

#: What a seed must deliver before it heals, how long it may stand still before, and after (its own seconds).
DELIVERED, STALLED, HEALING = 200, 60.0, 90.0
#: How long there may be news once it is whole: afterwards somebody repeats themselves for ever (its own seconds).
HEALED = 900.0
#: Pauses between things that people do, and between audits (its own seconds).
PACE, AUDIT = 0.8, 120.0
#: Hours that pass once all is quiet: first those of an order, whose end its holder tells, then those of everything else.
PASSING = (law.HOLD_HOURS + 0.5, law.CONFIRM_HOURS + law.HOLD_HOURS)


class Played(NamedTuple):
    """What became of one seed: what was wrong, what was counted, and the digest of its history."""

    seed: int
    wrongs: list[str]
    counts: Counter[str]
    digest: str

    def __str__(self) -> str:
        """Say it in one paragraph."""
        counted = ", ".join(f"{count} {what}" for what, count in sorted(self.counts.items()) if count)
        return f"seed {self.seed}: {'; '.join(self.wrongs[:5]) or 'fine'}\n  {counted}"


class Stage:
    """One world while it is played."""

    def __init__(self, seed: int) -> None:
        self.seed, self.rng = seed, Random(f"world {seed}")
        self.timeline, self.chronicle = Timeline(), Chronicle()
        self.network = Network(
            self.timeline,
            Random(f"network {seed}"),
            loss=self.rng.choice((0.02, 0.05, 0.1, 0.3)),
            duplication=self.rng.choice((0.02, 0.05, 0.1)),
        )
        keyring = signers.Keyring(seed, quick=seed % 10 != 9)
        keys = {cast.authority: keyring.signer(f"{cast.authority} 1") for cast in law.EVERYBODY}
        self.charters = faults.Charters(keyring, dict(keys), Random(f"charters {seed}"), self.chronicle)
        world = World(seed, self.timeline, self.network, self.chronicle, keyring, self.charters.newest, self.post)
        self.machines = {cast.authority: Machine(cast, world, keys[cast.authority]) for cast in law.HONEST}
        self.desks = [Desk(machine, seed) for machine in self.machines.values()]
        self.liar = Liar(world, keys[law.LIAR.authority], self.machines)
        self.over = False

    def close(self) -> None:
        """Throw the machines away."""
        for machine in self.machines.values():
            machine.stop()
            machine.disk.close()

    def post(self, sender: str, receiver: str, wire: bytes, respond: Respond) -> None:
        """Carry an envelope to a peer, and the answer back."""

        def answer(receipt: bytes | None) -> None:
            self.network.carry(receiver, sender, lambda: respond(receipt))

        def deliver() -> None:
            if receiver == self.liar.name:
                self.liar.receive(wire, sender, answer)
                return
            machine = self.machines[receiver]
            machine.later(0, lambda: machine.receive(wire, sender, answer))

        self.network.carry(sender, receiver, deliver)

    # ---- the play

    def play(self) -> None:
        """Let everything happen until enough is delivered, then let the world heal and become quiet."""
        for machine in self.machines.values():
            machine.start()
        faults.plan(self, self.seed)
        self._act()
        audited, delivered, since = 0.0, 0, 0.0
        while delivered < DELIVERED and self.timeline.seconds < since + STALLED:
            self.timeline.run(4)
            if self.chronicle.counts["delivered"] > delivered:
                delivered, since = self.chronicle.counts["delivered"], self.timeline.seconds
            if self.timeline.seconds > audited + AUDIT:
                audited = self.timeline.seconds
                self._audit()
            if self.chronicle.wrongs:
                return
        self.chronicle.counts["seconds"] = int(self.timeline.seconds)
        self._heal()
        self._last_audit()
        for hours in PASSING:
            if not self.chronicle.wrongs:
                self.timeline.skip(hours * 3600)
                self._become_quiet()
                self._last_audit()
        if not self.chronicle.wrongs:
            for books in self._books().values():
                self.chronicle.counts.update(books.counted())
                for wrong in audit_holds.expired(books):
                    self.chronicle.wrong(wrong)

    def _act(self) -> None:
        """Somebody does something, and then somebody else."""
        if self.over:
            return
        desk = self.rng.choice(self.desks)
        acts = {
            desk.status: 28,
            desk.report: 16,
            desk.ask: 14,
            desk.afterwards.undo: 12,
            desk.afterwards.appeal: 6,
            desk.afterwards.confirm: 4,
            self.liar.act: 20,
        }
        (act,) = self.rng.choices(list(acts), list(acts.values()))
        if act == self.liar.act:
            act()
        else:
            desk.machine.later(0, act)
        self.timeline.after(self.rng.expovariate(1 / PACE), self._act)

    def _heal(self) -> None:
        """Make everything whole, wait out the wrong clocks, and let what waits be done, until nothing waits."""
        self.over = self.liar.honest = True
        self.network.mend()
        self.timeline.skip(3600)
        for desk in self.desks:
            desk.hurry = True
            desk.machine.mend()
        self._become_quiet()

    def _become_quiet(self) -> None:
        start = since = self.timeline.seconds
        done = -1
        while self.timeline.seconds < min(since + HEALING, start + HEALED):
            for desk in self.desks:
                desk.machine.touch()
                desk.soon()
            self.timeline.run(20)
            now = sum(len(promises) for promises in self.chronicle.promises.values())
            if now != done:
                since, done = self.timeline.seconds, now
            if self.chronicle.wrongs or all(self._quiet(machine) for machine in self.machines.values()):
                return
        self.chronicle.wrong("the world healed and never became quiet")

    def _quiet(self, machine: Machine) -> bool:
        return machine.up and machine.quiet(self.charters.newest.charter.version)

    # ---- judging

    def _books(self) -> dict[str, Books]:
        found: dict[str, Books] = {}
        for machine in self.machines.values():
            with contextlib.suppress(Unavailable):
                if machine.up:
                    found[machine.name] = machine.read(lambda tx, machine=machine: Books(machine, tx))  # type: ignore[misc]
        return found

    def _audit(self) -> None:
        for books in self._books().values():
            for wrong in audit.examine(books, self.chronicle):
                self.chronicle.wrong(wrong)

    def _last_audit(self) -> None:
        books = self._books()
        for name in self.machines.keys() - books.keys():
            self.chronicle.wrong(f"{name} is not back")
        for each in books.values():
            for wrong in (*audit.examine(each, self.chronicle), *audit.settled(each)):
                self.chronicle.wrong(wrong)
            self.chronicle.say(each.name, each.size, each.root)
            if self.chronicle.adopted[each.name] != self.charters.newest.charter.version:
                self.chronicle.wrong(f"{each.name} never adopted the newest charter")
        for wrong in audit_between.compare(books):
            self.chronicle.wrong(wrong)

    def counted(self) -> Counter[str]:
        """Add up what happened."""
        total = self.chronicle.counts + self.network.counts
        total.update({f"refused {reason}": count for reason, count in self.chronicle.refusals.items()})
        for machine in self.machines.values():
            total.update({how: machine.disk.counts[how] for how in ("kill", "power cut")})
            total["disk"] += sum(machine.disk.counts[fault] for fault in Fault)
        return total


def play(seed: int) -> Played:
    """Play one seed to its end, or to the first thing that is wrong."""
    stage = Stage(seed)
    try:
        stage.play()
    finally:
        stage.close()
    return Played(seed, stage.chronicle.wrongs, stage.counted(), stage.chronicle.digest)
