"""What goes wrong in a simulated world, and when: crashes, disks, partitions, clocks; and the charters, one after another."""

from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING

import msgspec
from tests.simulation import law, signers
from tests.simulation.chronicle import Chronicle
from tests.simulation.disk import Fault
from tests.simulation.machine import Machine

from lintas.model import times
from lintas.trust.charter import SignedCharter, SigningKey
from lintas.trust.keys import Signer

if TYPE_CHECKING:
    from tests.simulation.world import Stage

#: The kinds of fault that a world counts when they really struck.
KINDS = ("lost", "duplicated", "reordered", "partitioned", "kill", "power cut", "disk", "skew", "rotation")
QUORUM = 7
#: How often a machine that lacks a charter asks for it (seconds).
GOSSIP = 3.0


class Charters:
    """The charters that the members agreed on, one after another, and the keys that each member signs with now."""

    def __init__(self, keyring: signers.Keyring, keys: dict[str, Signer], rng: Random, chronicle: Chronicle) -> None:
        self._keyring, self._signers, self._rng = keyring, keys, rng
        self._keys = {name: [SigningKey(key=signer.public)] for name, signer in keys.items()}
        for name, first in keys.items():
            chronicle.keys[name].add(first.public.key_id)
        self._chronicle = chronicle
        self.versions = [self._write(None)]

    @property
    def newest(self) -> SignedCharter:
        """Return the last charter."""
        return self.versions[-1]

    def rotate(self, authority: str, revoked_at: datetime) -> Signer:
        """Give a member a new key and revoke its old one, by a successor that a quorum signs; returns the new key."""
        old = self._keys[authority].pop()
        signer = self._keyring.signer(f"{authority} {len(self.versions) + 1}")
        self._keys[authority] += [
            msgspec.structs.replace(old, revoked_at=times.render(revoked_at)),
            SigningKey(key=signer.public),
        ]
        self.versions.append(self._write(self.newest))
        self._chronicle.revoked[old.key.key_id] = (len(self.versions), revoked_at)
        self._chronicle.keys[authority].add(signer.public.key_id)
        self._signers[authority] = signer
        return signer

    def _write(self, previous: SignedCharter | None) -> SignedCharter:
        members = [
            signers.member(cast.authority, cast.jurisdiction, self._keys[cast.authority]) for cast in law.EVERYBODY
        ]
        count = self._rng.randint(QUORUM, len(members))
        endorsers = self._rng.sample(sorted(self._signers.items()), count)
        return signers.charter(members, QUORUM, endorsers, previous)


def plan(stage: "Stage", seed: int) -> None:
    """Plan the faults of a seed."""
    rng = Random(f"faults {seed}")
    machines = list(stage.machines.values())
    for _ in range(rng.randint(5, 9)):
        stage.timeline.after(rng.uniform(5, 130), partial(_death, rng.choice(machines), rng))
    for _ in range(rng.randint(1, 3)):
        stage.timeline.after(rng.uniform(5, 120), partial(_partition, stage, rng))
    for _ in range(rng.randint(4, 8)):
        stage.timeline.after(rng.uniform(5, 120), partial(_disk, rng.choice(machines), rng))
    for machine in machines:
        machine.clock.error = timedelta(seconds=rng.uniform(-120, 120))
    for _ in range(rng.randint(1, 3)):
        stage.timeline.after(rng.uniform(5, 100), partial(_skew, rng.choice(machines), rng))
    if rng.random() < 0.5:
        hours = rng.choice((law.HOLD_HOURS - 0.5, law.HOLD_HOURS + 0.5, 20.0))
        stage.timeline.after(rng.uniform(60, 180), partial(_pass, stage, hours))
    rotated = [law.LIAR.authority, rng.choice(machines).name]
    rng.shuffle(rotated)
    for number, authority in enumerate(rotated):
        stage.timeline.after(rng.uniform(15, 50) + 50 * number, partial(_rotate, stage, authority, rng))


def _death(machine: Machine, rng: Random) -> None:
    die = machine.disk.power_cut if rng.random() < 0.6 else machine.disk.kill
    die(after=rng.randint(1, 80))


def _partition(stage: "Stage", rng: Random) -> None:
    island = rng.sample([cast.authority for cast in law.EVERYBODY], rng.randint(1, 4))
    stage.network.part(island)
    stage.timeline.after(rng.uniform(10, 40), stage.network.join)


def _disk(machine: Machine, rng: Random) -> None:
    fault = rng.choice(list(Fault))
    few = fault in (Fault.READ_ERROR, Fault.SYNC_ERROR, Fault.WRITE_ERROR)
    machine.disk.fault(fault, operations=rng.randint(1, 6) if few else 10_000, after=rng.randint(0, 20))
    machine.world.timeline.after(rng.uniform(3, 15), machine.disk.heal)


def _skew(machine: Machine, rng: Random) -> None:
    """Set a clock wrong by up to an hour, and right again after a while."""
    machine.chronicle.counts["skew"] += 1
    machine.clock.error = timedelta(minutes=rng.choice((-1, 1)) * rng.uniform(5, 60))
    machine.world.timeline.after(rng.uniform(10, 40), partial(_mend, machine))


def _mend(machine: Machine) -> None:
    machine.clock.error = timedelta(0)


def _pass(stage: "Stage", hours: float) -> None:
    """Let hours pass in which nobody acts: orders end while others run, and whatever was on its way is late."""
    stage.chronicle.counts["hours"] += int(hours)
    stage.timeline.skip(hours * 3600)


def _rotate(stage: "Stage", authority: str, rng: Random) -> None:
    """Revoke a member's key, at once or a little later, and tell everybody."""
    stage.chronicle.counts["rotation"] += 1
    revoked_at = stage.timeline.now + timedelta(seconds=rng.choice((0, 0, 20, 60)))
    signer = stage.charters.rotate(authority, revoked_at)
    version = stage.charters.newest.charter.version
    if authority == stage.liar.name:
        stage.liar.use_key(signer)
    for machine in stage.machines.values():
        new = signer if machine.name == authority else None
        stage.timeline.after(rng.uniform(0.1, 15), partial(_tell, stage, machine, version, new))


def _tell(stage: "Stage", machine: Machine, version: int, signer: Signer | None) -> None:
    """Bring one machine a charter, again and again until it has adopted it; the member whose key is new then uses it."""
    if machine.chronicle.adopted[machine.name] >= version:
        if signer is not None:
            machine.use_key(signer)
        return
    if machine.chronicle.adopted[machine.name] == version - 1:
        machine.later(0, partial(machine.adopt, stage.charters.versions[version - 1]))
    stage.timeline.after(GOSSIP, partial(_tell, stage, machine, version, signer))
