"""Officers' accounts: added, confirmed, renewed and disabled by administrators, enrolled by the officer alone."""

from base64 import b32encode

import msgspec

from lintas.access import keys, rules, store
from lintas.access.desk import Desk
from lintas.access.records import (
    OUTSIDE,
    Caller,
    EnrolForm,
    Enrolment,
    Happening,
    Invitation,
    IssuedKey,
    KeyText,
    NewKey,
    NewOfficer,
    Officer,
)
from lintas.model import times
from lintas.model.errors import BadInput, Conflict, NotAllowed, NotFound
from lintas.model.people import same_person
from lintas.storage.engine import Transaction

ENROL, PASS = "enrol", "pass"
_SECRET_BYTES = 20
#: Most that is listed of what happened to one officer's access.
_MOST = 100


class Officers:
    """The accounts of one authority; whoever acts is given by name."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    # ---- read

    def all(self, tx: Transaction) -> list[Officer]:
        """Return every officer, by login, the disabled ones too."""
        return store.every(tx)

    def of(self, tx: Transaction, login: str) -> Officer:
        """Return one officer; NotFound."""
        return self._desk.officer(tx, login)

    def happened(self, tx: Transaction, login: str) -> list[Happening]:
        """Return what was done to an officer's access, newest first."""
        return store.happened(tx, login, _MOST)

    def may_approve(self, tx: Transaction, name: str) -> bool:
        """Tell whether an approver of this name is let in."""
        return any(
            each.role == "approver" and each.lets_in and same_person(each.name, name) for each in store.every(tx)
        )

    # ---- administrators

    def add(self, tx: Transaction, new: NewOfficer, by: str) -> Invitation:
        """Add an officer, who enrols at the address returned; BadInput, or Conflict for a login or name that is taken."""
        rules.check_officer(new, self._desk.connected)
        if store.officer(tx, new.login) is not None:
            raise Conflict(f"the login {new.login} is taken", "logins are never given twice: choose another")
        self._check_name(tx, new.name, but=new.login)
        at = self._desk.at()
        awaits = at if self._needs_another(tx, new.role, by) else None
        fields = msgspec.structs.asdict(new)
        store.add(tx, Officer(**fields, created=at, added_by=by, awaits=awaits))
        self._desk.note(tx, new.login, "added", by, new.role)
        return self._invite(tx, new.login, awaits=awaits is not None)

    def reset(self, tx: Transaction, login: str, by: str) -> Invitation:
        """End an officer's password, second factor and sessions, and open a new address to enrol at; a disabled one returns."""
        found = self._other(tx, login, by)
        if found.disabled_at is not None:
            self._check_name(tx, found.name, but=login)
        at = self._desk.at()
        self._shut(tx, login, at, by)
        awaits = at if self._needs_another(tx, found.role, by) else None
        lost = {"password": None, "secret": None, "enrolled_at": None, "disabled_at": None}
        store.change(tx, login, at, **lost, awaits=awaits, asked_by=by, confirmed_by=None)
        self._desk.note(tx, login, "renewed", by, found.role)
        return self._invite(tx, login, awaits=awaits is not None)

    def invite_again(self, tx: Transaction, login: str, by: str) -> Invitation:
        """Open another address for an officer whom ``by`` added and who has not enrolled, in the place of the one before."""
        found = self._desk.officer(tx, login)
        if found.enrolled_at is not None or found.disabled_at is not None or store.asked_by(tx, login) != by:
            raise Conflict(f"the login {login} is taken", "logins are never given twice: choose another")
        return self._invite(tx, login, awaits=found.awaits is not None)

    def confirm(self, tx: Transaction, login: str, who: Caller) -> Officer:
        """Let an officer in whom another administrator added or renewed; NotAllowed for that one and for the officer.

        A second word is a person's: a key may be in the same hands as the first.
        """
        found, by = self._desk.officer(tx, login), who.name
        if found.awaits is None or found.disabled_at is not None:
            raise Conflict(f"nobody waits for {login} to be confirmed", "read the list of officers again")
        if same_person(store.asked_by(tx, login), by) or same_person(found.name, by):
            do = "another administrator confirms it; if there is none, renew it by `lintas officer reset`, then confirm"
            raise NotAllowed("you asked for this yourself, or it is your own account", do)
        if not who.login:
            raise NotAllowed("a key is nobody's second word", "sign in as an administrator and confirm it there")
        store.change(tx, login, self._desk.at(), awaits=None, confirmed_by=by)
        self._desk.note(tx, login, "confirmed", by, found.role)
        return self._desk.officer(tx, login)

    def disable(self, tx: Transaction, login: str, by: str) -> Officer:
        """Let an officer in no more, and end what is open, at once."""
        found, at = self._other(tx, login, by), self._desk.at()
        if found.disabled_at is None:
            store.change(tx, login, at, disabled_at=at, asked_by=by, password=None, secret=None)
            self._desk.note(tx, login, "disabled", by, found.role)
        self._shut(tx, login, at, by)
        return self._desk.officer(tx, login)

    def exercise_pass(self, tx: Transaction, login: str, by: str) -> Invitation:
        """Open an address that signs an officer in with one click, for a day; NotFound outside an exercise."""
        if not self._desk.exercise:
            raise NotFound("passes are for exercises", "sign in with password and code")
        found = self._desk.officer(tx, login)
        if not found.lets_in:
            raise Conflict(f"{login} is not let in", "confirm or reset the account first")
        token, expires = self._desk.token(), times.render(self._desk.now() + rules.PASS_LASTS)
        store.open_address(tx, rules.hash_of(token), store.Address(PASS, login, expires, None))
        self._desk.note(tx, login, "pass", by, found.role)
        return Invitation(login=login, address=f"/exercise/{token}", expires=expires)

    # ---- keys

    def keys(self, tx: Transaction) -> list[IssuedKey]:
        """Return every key that was issued, oldest first."""
        return list(keys.issued(tx))

    def issue_key(self, tx: Transaction, new: NewKey, by: str) -> KeyText:
        """Issue a key; an officer of the same name is told of it.

        NotAllowed for a key of powers where another administrator would have to confirm an officer of them.
        """
        if new.role not in OUTSIDE or new.organisation:
            rules.check_organisation(new.role, new.organisation, self._desk.connected)
        if self._needs_another(tx, new.role, by):
            what = f"a key of the role {new.role} would do what two administrators decide"
            raise NotAllowed(what, "add an officer, whom another administrator confirms, or use `lintas key issue`")
        text = keys.issue(
            tx,
            self._desk.ids,
            name=new.name,
            role=new.role,
            organisation=new.organisation,
            at=self._desk.now(),
            by=by,
        )
        namesakes = [each.login for each in store.every(tx) if same_person(each.name, new.name)]
        for login in namesakes or [""]:
            self._desk.note(tx, login, "key", by, new.role, keys.id_of(text))
        return KeyText(id=keys.id_of(text), key=text)

    def revoke_key(self, tx: Transaction, key_id: str) -> None:
        """Make a key worthless from now on; NotFound."""
        keys.revoke(tx, key_id, at=self._desk.now())

    # ---- the officer

    def enrolment(self, tx: Transaction, token: str) -> Enrolment:
        """Show whose a one-time address is, and the secret of the second factor; NotFound when it leads nowhere (any more)."""
        whose, secret = self._address(tx, token)
        found = self._desk.officer(tx, whose.login)
        return Enrolment(
            login=found.login,
            name=found.name,
            role=found.role,
            secret=b32encode(secret).decode(),
            uri=rules.totp(secret).get_provisioning_uri(found.login, self._desk.me),
            expires=whose.expires,
        )

    def chosen(self, tx: Transaction, token: str, form: EnrolForm) -> bytes:
        """Return a chosen password as it is to be hashed; BadInput when it, or the code, is not taken."""
        whose, secret = self._address(tx, token)
        found = self._desk.officer(tx, whose.login)
        password = rules.password(form.password, found.login, found.name)
        if rules.step_of(secret, form.code, self._desk.now(), 0) is None:
            what = "this code does not belong to the secret that is shown here"
            raise BadInput(
                what, "type the six digits that show now; set the telephone's clock by the network", where="code"
            )
        return password

    def enrol(self, tx: Transaction, token: str, form: EnrolForm, phc: str) -> Officer:
        """Take an officer's password (hashed) and second factor; the address is used up."""
        self.chosen(tx, token, form)
        whose, secret = self._address(tx, token)
        at, now = self._desk.at(), self._desk.now()
        self._shut(tx, whose.login, at, self._desk.officer(tx, whose.login).name)
        step = rules.step_of(secret, form.code, now, 0) or 0
        sealed = self._desk.vault.seal(secret, f"totp/{whose.login}")
        store.change(tx, whose.login, at, password=phc, secret=sealed, step=step, enrolled_at=at)
        found = self._desk.officer(tx, whose.login)
        self._desk.note(tx, found.login, "enrolled", found.name, found.role)
        return found

    # ---- within

    def _address(self, tx: Transaction, token: str) -> tuple[store.Address, bytes]:
        found = store.address(tx, rules.hash_of(token), ENROL)
        if found is None or found.secret is None or found.expires <= self._desk.at():
            raise NotFound("this address leads nowhere", "it works once and for three days: ask for a new one")
        return found, self._desk.vault.open(found.secret, f"enrol/{found.login}")

    def _invite(self, tx: Transaction, login: str, *, awaits: bool) -> Invitation:
        token, secret = self._desk.token(), self._desk.ids.salt()[:_SECRET_BYTES]
        expires = times.render(self._desk.now() + rules.INVITATION_LASTS)
        sealed = self._desk.vault.seal(secret, f"enrol/{login}")
        store.open_address(tx, rules.hash_of(token), store.Address(ENROL, login, expires, sealed))
        return Invitation(login=login, address=f"/enrol/{token}", expires=expires, awaits=awaits)

    def _needs_another(self, tx: Transaction, role: str, by: str) -> bool:
        shut = {login for login, who in store.kept_out(tx) if same_person(who, by)}
        return rules.needs_another(role, by, store.every(tx), shut)

    def _shut(self, tx: Transaction, login: str, at: str, by: str) -> None:
        store.close_addresses(tx, login)
        store.end(tx, at, by, login=login)

    def _other(self, tx: Transaction, login: str, by: str) -> Officer:
        """Return an officer whom ``by`` may act on: anybody else."""
        found = self._desk.officer(tx, login)
        if same_person(found.name, by):
            raise NotAllowed("this is your own account", "another administrator does this, or `lintas officer`")
        return found

    def _check_name(self, tx: Transaction, name: str, *, but: str) -> None:
        """Refuse the name of somebody else: orders and rules of two people know people by their names."""
        taken = (each for each in store.every(tx) if each.disabled_at is None and each.login != but)
        if any(same_person(each.name, name) for each in taken):
            raise Conflict("another officer has this name", "add what tells the two apart, or disable the other first")
