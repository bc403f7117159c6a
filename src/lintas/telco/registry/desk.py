"""What officers do about sender IDs: file, approve, take back; two of them each attest, revoke, consent, object, reject."""

import base64

import msgspec

from lintas.ledger.records import Entry, encode
from lintas.ledger.service import Ledger
from lintas.model import times
from lintas.model.errors import BadInput, Conflict, NotAllowed, NotFound
from lintas.model.ids import IdSource
from lintas.model.people import same_person
from lintas.model.senders import SenderEndCode, Stand
from lintas.model.times import Clock
from lintas.storage.engine import Transaction
from lintas.telco.registry import rules, store
from lintas.telco.registry.reading import Reading
from lintas.telco.registry.records import Act, ActKind, Asked, Done, NewAsked, NewClaim, Sender, Wish, Word
from lintas.telco.registry.telling import Telling
from lintas.trust.envelope import commitment

ASKED: dict[ActKind, Done] = {
    "attest": "ask_attest",
    "revoke": "ask_revoke",
    "consent": "ask_consent",
    "object": "ask_object",
    "retract": "ask_retract",
    "reject": "ask_reject",
}
SAID: dict[ActKind, Stand] = {"consent": "consents", "object": "objects", "retract": "withdrawn"}


class Desk:
    """The acts of one authority's officers; each has its entry in the ledger, in the commit of what it does."""

    def __init__(
        self, *, me: str, reading: Reading, telling: Telling, ledger: Ledger, clock: Clock, ids: IdSource
    ) -> None:
        self._me, self._reading, self._telling, self._ledger = me, reading, telling, ledger
        self._clock, self._ids = clock, ids

    # ---- a claim of ours

    def file(self, tx: Transaction, new: NewClaim, officer: str) -> Sender:
        """File a claim for a claimant; it waits for a second officer before anybody is told.

        BadInput for what no phone shows; Conflict where the same or a like one is claimed or registered here already.
        """
        shown, now = rules.shown(new.sender), self._clock.now()
        item = Sender(
            id=base64.b32encode(self._ids.salt()[:10]).decode().lower(),
            origin="",
            ref="",
            number=1,
            sender=shown,
            jurisdiction=self._reading.place,
            owner=new.owner.strip(),
            aggregators=tuple(dict.fromkeys(each.strip() for each in new.aggregators)),
            state="proposed",
            filed_by=officer,
            filed_at=times.render(now),
            announced="",
            until=times.render(now + rules.WAITS),
        )
        self._check_free(tx, item)
        return self._keep(tx, item, item.until, Act(at=times.render(now), act="file", by=officer))

    def approve(self, tx: Transaction, name: str, officer: str) -> Sender:
        """Approve a claim that waits: it is announced to every member, and its fourteen days begin.

        NotAllowed for who filed it; Conflict when it does not wait, or is taken by now.
        """
        item, now = self._waiting(tx, name), self._clock.now()
        if same_person(item.filed_by, officer):
            raise NotAllowed("you filed this claim yourself", "another officer approves it")
        self._check_free(tx, item)
        stamp = times.render(now)
        claimed = msgspec.structs.replace(
            item, state="claimed", approved_by=officer, announced=stamp, until=times.render(now + rules.LAPSE)
        )
        self._keep(tx, claimed, stamp, Act(at=stamp, act="approve", by=officer))
        self._telling.claim(tx, claimed)
        return claimed

    def decline(self, tx: Transaction, name: str, officer: str, reason: str) -> Sender:
        """Decline a claim that waits, or what somebody asked for; Conflict when nothing waits."""
        item, now = self._reading.sender(tx, name), times.render(self._clock.now())
        act = Act(at=now, act="decline", by=officer, reason=reason)
        if item.state == "proposed":
            over = msgspec.structs.replace(item, state="declined", ended_at=now, ended_by=officer, end_reason=reason)
            return self._keep(tx, over, "", act)
        if item.asked is None:
            raise Conflict(f"nothing waits: this is {item.state}", "read it again")
        return self._keep(tx, msgspec.structs.replace(item, asked=None), now, act)

    def withdraw(self, tx: Transaction, name: str, officer: str, reason: str) -> Sender:
        """Take a claim of ours back, here and wherever it was told; Conflict for a registration, which is revoked by two."""
        item = self._reading.sender(tx, name)
        if item.origin or item.state not in ("proposed", "claimed"):
            raise Conflict("only a claim of ours is taken back by one person", "a registration is revoked by two")
        return self.end(tx, item, "withdrawn", officer, reason)

    def end(self, tx: Transaction, item: Sender, code: SenderEndCode, by: str, reason: str) -> Sender:
        """End a claim or registration of ours, and tell everybody who knew it."""
        now = times.render(self._clock.now())
        over = msgspec.structs.replace(
            item,
            state="ended",
            number=item.number + 1,
            ended_at=now,
            end_code=code,
            ended_by=by,
            end_reason=reason,
            asked=None,
        )
        self._keep(tx, over, "", Act(at=now, act=code, by=by, reason=reason))
        self._telling.claim(tx, over)
        return over

    def register(self, tx: Transaction, item: Sender) -> Sender:
        """Register a claim of ours that the interlock says is ready, for a year."""
        now = self._clock.now()
        stamp, until = times.render(now), times.render(now + rules.YEAR)
        done = msgspec.structs.replace(
            item, state="registered", number=item.number + 1, since=stamp, until=until, asked=None
        )
        self._keep(tx, done, until, Act(at=stamp, act="register", by=f"{item.filed_by}, {item.approved_by}"))
        self._telling.claim(tx, done)
        return done

    # ---- what two officers do

    def ask(self, tx: Transaction, name: str, new: NewAsked, officer: str) -> Sender:
        """Ask for what a second officer confirms; BadInput, Conflict or NotFound for what cannot be asked."""
        item, now = self._reading.sender(tx, name), self._clock.now()
        rules.check_asked(item, new, now)
        wish = rules.asked(new, item, officer, now)
        self._check_wish(tx, item, wish, officer)
        act = Act(at=wish.at, act=ASKED[wish.act], by=officer, reason=wish.reason)
        return self._keep(tx, msgspec.structs.replace(item, asked=wish), self._look(item, wish.at), act)

    def confirm(self, tx: Transaction, name: str, read: Wish, officer: str) -> Sender:
        """Confirm what somebody else asked for, which is done at once.

        NotAllowed for one person's two words; Conflict where what waits is not what was read, or waited too long.
        """
        item, stamp = self._reading.sender(tx, name), times.render(self._clock.now())
        wish = rules.confirmed(item.asked, read, officer, self._clock.now())
        self._check_wish(tx, item, wish, officer)
        done = msgspec.structs.replace(item, asked=None)
        if wish.act == "revoke":
            return self.end(tx, done, "revoked", f"{wish.by}, {officer}", wish.reason)
        if wish.act == "attest":
            until = times.render(self._clock.now() + rules.YEAR)
            done = msgspec.structs.replace(done, number=item.number + 1, until=until, aggregators=wish.aggregators)
            self._telling.claim(tx, done)
        elif wish.act == "reject":
            self._reject(tx, done, wish, officer)
        else:
            self._say(tx, done, wish, officer)
        act = Act(at=stamp, act=wish.act, by=f"{wish.by}, {officer}", reason=wish.reason)
        return self._keep(tx, done, self._look(done, stamp), act)

    def _check_wish(self, tx: Transaction, item: Sender, wish: Asked, officer: str) -> None:
        if wish.act == "reject":
            rules.check_rejecter(item, officer)
            found = store.word(tx, item.id, wish.objector, "")
            if found is None or found.stand != "objects" or found.rejected:
                raise NotFound(f"{wish.objector} has no objection to this that stands", "read it again")
        if wish.act == "consent":
            clashing = {each.id for each in self._reading.clashes(tx, item.sender) if not each.origin}
            if wish.registration not in clashing:
                what = "this is no registration of ours that the claim equals or resembles"
                raise BadInput(what, "choose one of those shown", where="registration")
        if wish.act == "retract" and not self._standing(tx, item, wish.registration):
            raise Conflict("we said nothing of this that stands", "read it again")

    def _standing(self, tx: Transaction, item: Sender, registration: str) -> Word | None:
        found = store.word(tx, item.id, "", registration)
        return found if found is not None and found.stand != "withdrawn" else None

    def _reject(self, tx: Transaction, item: Sender, wish: Asked, officer: str) -> None:
        found = store.word(tx, item.id, wish.objector, "")
        if found is not None:
            said = msgspec.structs.replace(
                found,
                rejected=times.render(self._clock.now()),
                rejected_by=(wish.by, officer),
                rejected_why=wish.reason,
            )
            store.save_word(tx, said)
            self._telling.rejected(tx, item, said)

    def _say(self, tx: Transaction, item: Sender, wish: Asked, officer: str) -> None:
        """Consent, object or take either back, in this authority's name."""
        registration = "" if wish.act == "object" else wish.registration
        known = store.word(tx, item.id, "", registration)
        said = Word(
            claim=item.id,
            origin="",
            registration=registration,
            number=known.number + 1 if known else 1,
            stand=SAID[wish.act],
            filed=known.filed if known else times.render(self._clock.now()),
            reason=wish.reason,
            by=(wish.by, officer),
            rejected=known.rejected if known else "",
            rejected_why=known.rejected_why if known else "",
        )
        store.save_word(tx, said)
        self._telling.word(tx, said, item)

    # ---- inside

    def _waiting(self, tx: Transaction, name: str) -> Sender:
        item = self._reading.sender(tx, name)
        if item.state != "proposed":
            raise Conflict(f"this claim does not wait: it is {item.state}", "read it again")
        return item

    def _check_free(self, tx: Transaction, item: Sender) -> None:
        """Refuse what the interlock would refuse at once: a name that is taken here, or that everybody uses."""
        now = times.render(self._clock.now())
        found = self._reading.judgement(tx, msgspec.structs.replace(item, announced=now))
        if found.state == "refused":
            what = f"{item.sender} is registered here, or is taken for one that is: {', '.join(found.against)}"
            raise Conflict(what, "claim another name")
        same = [each for each in store.ours_named(tx, item.sender) if each.id != item.id]
        if same:
            raise Conflict(f"{item.sender} is {same[0].state} here already: {same[0].id}", "see that one")

    @staticmethod
    def _look(item: Sender, now: str) -> str:
        return item.until if item.state == "registered" else now

    def _keep(self, tx: Transaction, item: Sender, check_at: str, act: Act) -> Sender:
        """Store a change of an officer's, with the act and its commitment in the ledger."""
        store.save(tx, item, check_at)
        salt, doc = self._ids.salt(), msgspec.json.encode(act)
        seq = store.add_act(tx, item.id, act, salt)
        entry = Entry(
            type="sender",
            at=act.at,
            node=self._me,
            object=f"{item.id}-{seq}",
            commitment=commitment(salt, doc).hex(),
        )
        self._ledger.append(tx, [encode(entry)])
        return item
