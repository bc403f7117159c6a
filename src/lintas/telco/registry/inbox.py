"""Takes what peers say about sender IDs: each speaks for its own jurisdiction and changes nothing but its own words."""

from collections.abc import Callable

import msgspec

from lintas.border.records import Admitted
from lintas.border.service import Border
from lintas.model import messages, times
from lintas.model.errors import BadInput, Refused
from lintas.model.senders import SenderClaim, SenderEnd, SenderRejection, SenderWord
from lintas.model.times import Clock
from lintas.storage.engine import Transaction
from lintas.telco.registry import rules, store
from lintas.telco.registry.reading import JurisdictionOf


class Inbox:
    """What peers say to one authority; ``id_of`` makes our own id of what a peer calls by its own."""

    def __init__(
        self,
        *,
        me: str,
        jurisdiction_of: JurisdictionOf,
        id_of: Callable[[str, str], str],
        border: Border,
        clock: Clock,
    ) -> None:
        self._me, self._jurisdiction_of, self._id_of = me, jurisdiction_of, id_of
        self._border, self._clock = border, clock

    def admitted(self, tx: Transaction, event: Admitted) -> None:
        """Take what passed the border; hearer of ``border.Admitted``. What is not a peer's to say is put on record."""
        if not event.type.startswith("sender_"):
            return
        statement = self._border.statement(tx, event.origin, event.object)
        body = messages.read_body(statement)
        try:
            self._take(tx, event, body, statement.marking.obligations.expires)
        except (Refused, BadInput) as wrong:
            reason = wrong.reason if isinstance(wrong, Refused) else "bad_input"
            self._border.note_refusal(tx, event.origin, reason, str(wrong))

    def _take(self, tx: Transaction, event: Admitted, body: msgspec.Struct, marked: str | None) -> None:
        match body:
            case SenderClaim():
                self._claim(tx, event, body, marked)
            case SenderEnd():
                self._end(tx, event, body)
            case SenderWord():
                self._word(tx, event, body)
            case SenderRejection():
                self._rejection(tx, event.origin, body)

    def _claim(self, tx: Transaction, event: Admitted, body: SenderClaim, marked: str | None) -> None:
        origin, now = event.origin, self._clock.now()
        if self._jurisdiction_of(origin) != body.jurisdiction:
            what = f"{origin} claims {body.sender!r} in {body.jurisdiction}, which is not its own jurisdiction"
            raise Refused("foreign_jurisdiction", what, "each authority speaks for its own")
        local = self._id_of(origin, body.id)
        known = store.sender(tx, local)
        same = known is not None and known.state != "ended" and known.number == body.number
        self._count(tx, origin, "again" if same else "claims")
        item = rules.heard(known, body, origin, local, event.object, marked, now)
        new = item is not None and (known is None or known.state == "ended")
        if new and store.count_open(tx, origin) >= rules.MOST_OPEN:
            raise Refused("over_cap", f"{origin} has {rules.MOST_OPEN} claims open here", "wait until some are decided")
        if item is not None:
            store.save(tx, item, item.until if item.state == "registered" else times.render(now))

    def _end(self, tx: Transaction, event: Admitted, body: SenderEnd) -> None:
        origin = event.origin
        local = self._id_of(origin, body.id)
        known = store.sender(tx, local)
        if known is None:
            # Of what never came so much is remembered as might still come.
            self._count(tx, origin, "claims")
        item = rules.heard_end(known, body, origin, local, event.object, self._clock.now())
        if item is not None:
            store.save(tx, item, "")

    def _word(self, tx: Transaction, event: Admitted, body: SenderWord) -> None:
        origin = event.origin
        if body.origin == origin:
            raise Refused("own_claim", f"{origin} speaks about a claim of its own", "others consent or object")
        self._count(tx, origin, "words")
        claim = body.claim if body.origin == self._me else self._id_of(body.origin, body.claim)
        about = store.sender(tx, claim)
        # Our own id of a peer's claim, which pages and the signed registry show, is no claim of ours.
        if about is None or about.origin != ("" if body.origin == self._me else body.origin):
            raise Refused("unknown_claim", f"no claim {body.claim} of {body.origin} is here", "name one that is")
        registration = self._id_of(origin, body.registration) if body.registration else ""
        known = store.word(tx, claim, origin, registration)
        if known is not None and body.number <= known.number:
            return  # told again
        if about.state != "claimed":
            raise Refused("unknown_claim", f"{body.claim} of {body.origin} waits no longer", "name one that does")
        said = rules.heard_word(known, body, origin, claim, registration, event.object, self._clock.now())
        if said is not None:
            store.save_word(tx, said)
            store.look_again(tx, claim, times.render(self._clock.now()))

    def _rejection(self, tx: Transaction, origin: str, body: SenderRejection) -> None:
        claim = self._id_of(origin, body.claim)
        objector = "" if body.objector == self._me else body.objector
        found = store.word(tx, claim, objector, "")
        if found is None or found.stand != "objects":
            raise Refused("unknown_objection", f"{objector or self._me} has no objection to {body.claim} here")
        if not found.rejected:
            now = times.render(self._clock.now())
            store.save_word(tx, msgspec.structs.replace(found, rejected=now, rejected_why=body.reason))
            store.look_again(tx, claim, now)

    def _count(self, tx: Transaction, origin: str, kind: str) -> None:
        day = times.render(self._clock.now())[:10]
        if store.hear(tx, origin, kind, day) > rules.MOST_A_DAY:
            what = f"{origin} said more than {rules.MOST_A_DAY} things about sender IDs in a day"
            raise Refused("over_cap", what, "say the rest tomorrow")
