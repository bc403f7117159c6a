"""Fields that bodies of statements share: each is bounded before anything is done with what a peer wrote."""

from typing import Annotated

import msgspec

from lintas.model.tainted import PLAIN

#: An id that also stands in addresses and forms.
MessageId = Annotated[str, msgspec.Meta(pattern=r"\A[a-z0-9-]{1,64}\Z")]
Line = Annotated[str, msgspec.Meta(max_length=200, pattern=PLAIN)]
Words = Annotated[str, msgspec.Meta(max_length=1000, pattern=PLAIN)]
#: A code of the taxonomy of schemes: no place to write anything about a person.
Scheme = Annotated[str, msgspec.Meta(pattern=r"\A[a-z0-9_]{1,40}\Z")]
Instant = Annotated[str, msgspec.Meta(max_length=40)]
