"""Keccak-256 with the original padding, which EIP-55 needs and the standard library (FIPS 202 padding) does not offer."""

_LANE = (1 << 64) - 1
_RATE = 136


def _round_constants() -> list[int]:
    constants, register = [], 1
    for _ in range(24):
        constant = 0
        for j in range(7):
            if register & 1:
                constant |= 1 << ((1 << j) - 1)
            register = (register << 1) ^ (0x171 if register & 0x80 else 0)
        constants.append(constant)
    return constants


def _rotations() -> list[tuple[int, int, int]]:
    """Return for the rho and pi steps, in lane order of one walk: target x, target y, rotation (Keccak reference, 2.3)."""
    walk, x, y = [], 1, 0
    for t in range(24):
        x, y = y, (2 * x + 3 * y) % 5
        walk.append((x, y, (t + 1) * (t + 2) // 2 % 64))
    return walk


_CONSTANTS, _WALK = _round_constants(), _rotations()


def _rotate(lane: int, by: int) -> int:
    return ((lane << by) | (lane >> (64 - by))) & _LANE if by else lane


def _permute(lanes: list[list[int]]) -> None:
    for constant in _CONSTANTS:
        column = [lanes[x][0] ^ lanes[x][1] ^ lanes[x][2] ^ lanes[x][3] ^ lanes[x][4] for x in range(5)]
        for x in range(5):
            mix = column[(x + 4) % 5] ^ _rotate(column[(x + 1) % 5], 1)
            for y in range(5):
                lanes[x][y] ^= mix
        current = lanes[1][0]
        for x, y, by in _WALK:
            current, lanes[x][y] = lanes[x][y], _rotate(current, by)
        for y in range(5):
            row = [lanes[x][y] for x in range(5)]
            for x in range(5):
                lanes[x][y] = row[x] ^ (~row[(x + 1) % 5] & _LANE & row[(x + 2) % 5])
        lanes[0][0] ^= constant


def keccak256(message: bytes) -> bytes:
    """Return the 32-byte Keccak-256 digest of a message of any length."""
    padded = bytearray(message) + b"\x01" + bytes(-(len(message) + 1) % _RATE)
    padded[-1] |= 0x80
    lanes = [[0] * 5 for _ in range(5)]
    for block in range(0, len(padded), _RATE):
        for i in range(_RATE // 8):
            lanes[i % 5][i // 5] ^= int.from_bytes(padded[block + 8 * i : block + 8 * i + 8], "little")
        _permute(lanes)
    return b"".join(lanes[x][0].to_bytes(8, "little") for x in range(4))
