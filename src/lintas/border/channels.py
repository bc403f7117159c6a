"""The order of a peer's envelopes: in each lane they follow one another, so that nothing is missing and nothing comes twice."""

from lintas.border import store
from lintas.model.errors import Refused
from lintas.storage.engine import Transaction
from lintas.trust.envelope import Opened

#: How many epochs a peer may be ahead of a database that was put back from a backup. A thief of its key gains nothing: he
#: could use up as many one by one.
MOST_EPOCHS_MISSED = 100


def check_order(tx: Transaction, opened: Opened) -> bool:
    """Refuse an envelope that does not follow the one before; True when its epoch is the first since a restore."""
    header = opened.header
    epoch, seq, last = store.position(tx, header.origin, header.lane)
    learns = header.epoch > epoch and store.to_learn(tx, header.origin, header.lane)
    if header.epoch > epoch + (MOST_EPOCHS_MISSED if learns else 1) or header.epoch == epoch == 0:
        # Whoever held a peer's key for a moment must not use up all the epochs that there are.
        what = f"epoch {header.epoch} of {header.origin} does not follow epoch {epoch}"
        raise Refused("epoch_jump", what, f"send in epoch {epoch + 1}")
    if header.epoch < epoch:
        raise Refused("old_epoch", f"epoch {header.epoch} of {header.origin} has ended", "send in the current epoch")
    if header.epoch > epoch:
        seq, last = 0, ""
    if header.seq <= seq:
        raise Refused("seq_taken", f"place {header.seq} of {header.lane} is taken by another envelope")
    if header.seq > seq + 1:
        raise Refused("gap", f"envelope {header.seq} came after {seq}", f"send envelope {seq + 1} first")
    if header.prev != last:
        raise Refused("broken_chain", "the envelope does not name the one before it", "send the missing one")
    return learns
