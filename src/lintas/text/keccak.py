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
    """Return for the rho and pi steps, in the order of one walk: target lane ``x + 5 y``, rotation, and 64 minus it."""
    walk, x, y = [], 1, 0
    for t in range(24):
        x, y = y, (2 * x + 3 * y) % 5
        by = (t + 1) * (t + 2) // 2 % 64
        walk.append((x + 5 * y, by, 64 - by))
    return walk


_CONSTANTS, _WALK = _round_constants(), _rotations()


def _permute(lanes: list[int]) -> None:
    """Apply Keccak-f[1600] in place; one flat list, because an address check must stay well under a millisecond."""
    for constant in _CONSTANTS:
        column = [lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20] for x in range(5)]
        for x in range(5):
            ahead = column[(x + 1) % 5]
            mix = column[x - 1] ^ (((ahead << 1) | (ahead >> 63)) & _LANE)
            for place in range(x, 25, 5):
                lanes[place] ^= mix
        current = lanes[1]
        for place, by, rest in _WALK:
            current, lanes[place] = lanes[place], ((current << by) | (current >> rest)) & _LANE
        for row in range(0, 25, 5):
            a, b, c, d, e = lanes[row : row + 5]
            lanes[row : row + 5] = a ^ (~b & c), b ^ (~c & d), c ^ (~d & e), d ^ (~e & a), e ^ (~a & b)
        lanes[0] ^= constant


def keccak256(message: bytes) -> bytes:
    """Return the 32-byte Keccak-256 digest of a message of any length (Keccak reference 3.0, section 1)."""
    padded = bytearray(message) + b"\x01" + bytes(-(len(message) + 1) % _RATE)
    padded[-1] |= 0x80
    lanes = [0] * 25
    for block in range(0, len(padded), _RATE):
        for i in range(_RATE // 8):
            lanes[i] ^= int.from_bytes(padded[block + 8 * i : block + 8 * i + 8], "little")
        _permute(lanes)
    return b"".join(lane.to_bytes(8, "little") for lane in lanes[:4])
