"""The pages of undoing: the public page where an owner objects, and the buttons by which officers let go."""

from collections.abc import Callable

import msgspec
from starlette.responses import RedirectResponse, Response

from lintas.http import bodies
from lintas.http.routing import Call, Route
from lintas.node.runtime import Runtime
from lintas.node.views import appeal_view
from lintas.requests.records import Amendment, Appeal, AppealDecision, AppealForm, Sentence, UndoForm
from lintas.storage.engine import Transaction

APPROVERS = frozenset({"approver"})
Page = Callable[..., Response]


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why, in a sentence that somebody else reads."""

    reason: Sentence


class Decision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An officer's decision on an objection, as its form sends it."""

    answer: str
    reason: Sentence


def _to_case(changed: Amendment | Appeal) -> Response:
    return RedirectResponse(f"/cases/{changed.case}", 303)


async def approve(call: Call[Runtime]) -> Response:
    """Release, from its button, in the caller's name."""
    amendment, officer = call.path["amendment"], call.caller.name
    amendments = call.services.node.amendments
    use_case = call.once(lambda tx: amendments.approve(tx, amendment, officer), _to_case)
    return _to_case(await call.services.write(use_case))


async def take_back(call: Call[Runtime]) -> Response:
    """Take back one's own approval while a second officer's is missing."""
    amendment, officer = call.path["amendment"], call.caller.name
    amendments, done = call.services.node.amendments, RedirectResponse("/", 303)
    await call.services.write(call.once(lambda tx: amendments.take_back(tx, amendment, officer), lambda _none: done))
    return done


async def decline(call: Call[Runtime]) -> Response:
    """Keep holding, with the reason that the asking authority gets."""
    form: Reason = call.body
    amendment, officer = call.path["amendment"], call.caller.name
    amendments, done = call.services.node.amendments, RedirectResponse("/", 303)
    use_case = call.once(lambda tx: amendments.decline(tx, amendment, officer, form.reason.strip()), lambda _none: done)
    await call.services.write(use_case)
    return done


async def decide(call: Call[Runtime]) -> Response:
    """Decide on an objection."""
    form: Decision = call.body
    decision = AppealDecision(uphold=form.answer == "uphold", reason=form.reason.strip())
    appeal, officer = call.path["appeal"], call.caller.name
    appeals = call.services.node.appeals
    use_case = call.once(lambda tx: appeals.decide(tx, appeal, officer, decision), _to_case)
    return _to_case(await call.services.write(use_case))


async def undo(call: Call[Runtime]) -> Response:
    """Let go of everything below a share."""
    form: UndoForm = call.body
    case, officer = call.path["case"], call.caller.name
    done = RedirectResponse(f"/cases/{case}", 303)
    undo = call.services.node.undo
    await call.services.write(call.once(lambda tx: undo.undo(tx, case, form, officer), lambda _undone: done))
    return done


def pages(page: Page) -> list[Route]:
    """Return the routes; ``page`` renders a template with what every page shows."""

    async def show(call: Call[Runtime]) -> Response:
        """Show what the holder of a token may see, and the form by which to object."""
        token = call.path["token"]
        return page(call, "appeal.html", view=await appeal_view(call.services, token), token=token)

    async def file(call: Call[Runtime]) -> Response:
        """Take an objection."""
        form: AppealForm = call.body
        token = call.path["token"]

        def use_case(tx: Transaction) -> None:
            call.services.node.appeals.file(tx, token, form)

        await call.services.write(use_case)
        return RedirectResponse(f"/appeal/{token}", 303)

    def form(path: str, handler: object, body: object, summary: str) -> Route:
        media = (bodies.FORM,) if body else (bodies.JSON,)
        return Route(
            "POST",
            path,
            handler,  # type: ignore[arg-type] # each handler takes the same call
            body,
            roles=APPROVERS,
            summary=summary,
            media=media,
            documented=False,
            once=True,
        )

    return [
        Route("GET", "/appeal/{token}", show, public=True, summary="Object to an order", documented=False),
        Route(
            "POST",
            "/appeal/{token}",
            file,
            AppealForm,
            public=True,
            summary="Object to an order",
            media=(bodies.FORM,),
            documented=False,
        ),
        form("/amendments/{amendment}/approve", approve, None, "Approve a release"),
        form("/amendments/{amendment}/take-back", take_back, None, "Take back one's own approval"),
        form("/amendments/{amendment}/decline", decline, Reason, "Decline a release"),
        form("/appeals/{appeal}/decide", decide, Decision, "Decide on an objection"),
        form("/cases/{case}/undo", undo, UndoForm, "Let go of money"),
    ]
