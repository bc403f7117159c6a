"""The ledger's use cases: append inside the caller's transaction, and answer for any past size of the tree."""

from collections.abc import Sequence

from lintas.ledger import store
from lintas.ledger.checkpoint import Checkpoint, log_key, sign_checkpoint
from lintas.ledger.tiles import HEIGHT, MAX_ENTRY, WIDTH, NodeReader, TileId, split_hashes
from lintas.model.errors import BadInput, CheckFailed, NotFound, Refused, TooLarge
from lintas.storage.engine import Transaction
from lintas.trust import merkle
from lintas.trust.keys import Signer
from lintas.trust.note import Note, VerifierKey

_TILE_BYTES = WIDTH * merkle.HASH_BYTES


class Ledger:
    """One append-only log; ``origin`` names it in every checkpoint, ``signer`` signs them.

    It keeps nothing in memory between calls, so an undone savepoint or a reopened database needs no repair.
    """

    def __init__(self, origin: str, signer: Signer) -> None:
        self.origin, self._signer = origin, signer

    @property
    def key(self) -> VerifierKey:
        """Return the key that verifies this ledger's checkpoints."""
        return log_key(self.origin, self._signer)

    def append(self, tx: Transaction, entries: Sequence[bytes]) -> range:
        """Add entries at the end and return their indices; the caller's commit makes them last.

        TooLarge above 65,535 bytes an entry; Refused ("origin") when the database holds another ledger.
        """
        for entry in entries:
            if len(entry) > MAX_ENTRY:
                raise TooLarge(f"a ledger entry of {len(entry)} bytes", f"an entry has at most {MAX_ENTRY} bytes")
        found = store.read_state(tx, lock=True)
        before = self._own(found) if found else store.State(self.origin, merkle.CompactRange(), b"")
        start = before.tree.size
        if not entries:
            return range(start, start)
        leaves = [merkle.leaf_hash(entry) for entry in entries]
        full, edge = _grow(start, before.edge, leaves)
        after = store.State(self.origin, before.tree.extend(leaves), edge)
        store.add_entries(tx, start, entries)
        store.add_tiles(tx, full)
        store.write_state(tx, after, first=found is None)
        return range(start, after.tree.size)

    def take_back(self, tx: Transaction, tree: Checkpoint, entries: Sequence[bytes]) -> None:
        """Append what this very ledger had already, up to a tree that it published; Refused ("fork") if it is another's.

        For a database that was put back from an older backup: the ledger goes on where its witnesses know it.
        """
        self.append(tx, entries)
        if (self.size(tx), self.root(tx)) != (tree.size, tree.root):
            what = f"the published ledger of {tree.size} entries does not follow what is in this database"
            raise Refused("fork", what, "take another backup, or the ledger's files from somebody who mirrors them")

    def size(self, tx: Transaction) -> int:
        """Count the entries."""
        return self._tree(tx).size

    def root(self, tx: Transaction, size: int | None = None) -> bytes:
        """Return the root of the tree now, or as it was at ``size``."""
        tree = self._tree(tx)
        if size is None or size == tree.size:
            return tree.root()
        return merkle.subtree_root(self._nodes(tx, size), 0, size)

    def entry(self, tx: Transaction, index: int) -> bytes:
        """Return one entry's bytes; NotFound when there is none."""
        found = store.read_entries(tx, index, index + 1)
        if not found:
            raise NotFound(f"the ledger has no entry {index}", f"it has {self.size(tx)}, counted from 0")
        return found[0]

    def inclusion_proof(self, tx: Transaction, index: int, size: int) -> tuple[bytes, ...]:
        """Prove that entry ``index`` is in the tree of ``size`` (RFC 6962 section 2.1.1); BadInput when it is not."""
        return merkle.inclusion_proof(self._nodes(tx, size), index, size)

    def consistency_proof(self, tx: Transaction, old: int, new: int) -> tuple[bytes, ...]:
        """Prove that the tree of ``new`` extends that of ``old`` (RFC 6962 section 2.1.2); BadInput when old > new."""
        return merkle.consistency_proof(self._nodes(tx, new), old, new)

    def checkpoint(self, tx: Transaction) -> Note:
        """Sign the tree as it is now."""
        tree = self._tree(tx)
        return sign_checkpoint(Checkpoint(self.origin, tree.size, tree.root()), self._signer)

    def tile(self, tx: Transaction, tile: TileId) -> bytes:
        """Return a hash tile at exactly its width; CheckFailed when the database does not hold that much."""
        assert tile.level is not None  # noqa: S101 — bundles are made from entries, a caller's mistake otherwise
        now = self._state(tx)
        if (now.tree.size >> (HEIGHT * tile.level)) // WIDTH > tile.index:
            data = store.read_tile(tx, tile.level, tile.index)
        else:
            partial = _cut_edge(now.tree.size, now.edge)
            data = partial[tile.level] if tile.level < len(partial) else b""
        data = data[: tile.width * merkle.HASH_BYTES]
        if len(data) != tile.width * merkle.HASH_BYTES:
            raise CheckFailed("the tile is incomplete in the database", "restore the database", where=tile.path)
        return data

    def entries(self, tx: Transaction, start: int, end: int) -> list[bytes]:
        """Return the entries ``[start, end)``; CheckFailed when one is missing."""
        found = store.read_entries(tx, start, end)
        if len(found) != end - start:
            gone = end - start - len(found)
            raise CheckFailed(f"{gone} entries from {start} to {end} are missing", "restore the database")
        return found

    def _tree(self, tx: Transaction) -> merkle.CompactRange:
        return self._state(tx).tree

    def _state(self, tx: Transaction) -> store.State:
        found = store.read_state(tx)
        return self._own(found) if found else store.State(self.origin, merkle.CompactRange(), b"")

    def _own(self, found: store.State) -> store.State:
        if found.origin != self.origin:
            held = f"this database holds the ledger {found.origin}, not {self.origin}"
            raise Refused("origin", held, "mend the configuration")
        return found

    def _nodes(self, tx: Transaction, size: int) -> NodeReader:
        now = self._tree(tx).size
        if not 0 <= size <= now:
            raise BadInput(f"the ledger never had {size} entries", f"it has {now} now")
        return NodeReader(size, lambda tile: self.tile(tx, tile))


def _cut_edge(size: int, edge: bytes) -> list[bytes]:
    """Return the partial tile of each level, empty where the level has none, for a tree of ``size``."""
    partial, at = [], 0
    while size:
        end = at + size % WIDTH * merkle.HASH_BYTES
        partial.append(edge[at:end])
        size, at = size // WIDTH, end
    return partial


def _grow(size: int, edge: bytes, leaves: Sequence[bytes]) -> tuple[list[tuple[int, int, bytes]], bytes]:
    """Return the tiles that fill, and the new edge, when hashed leaves follow a tree of ``size``."""
    full: list[tuple[int, int, bytes]] = []
    partial, rising, level = _cut_edge(size, edge), list(leaves), 0
    while rising:
        pending = (partial[level] if level < len(partial) else b"") + b"".join(rising)
        index, rising = size // WIDTH, []
        while len(pending) >= _TILE_BYTES:
            data, pending = pending[:_TILE_BYTES], pending[_TILE_BYTES:]
            full.append((level, index, data))
            # The root of a tile that fills is one hash more in the level above.
            rising.append(merkle.root(split_hashes(data)))
            index += 1
        partial[level : level + 1] = [pending]
        size, level = size // WIDTH, level + 1
    return full, b"".join(partial)
