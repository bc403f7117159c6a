"""Writes the statements and instructions that tests read: the smallest messages that say what is meant."""

HEAD = '<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:{kind}"><{root}>'
GROUP = "<GrpHdr><MsgId>m</MsgId><CreDtTm>2026-03-02T00:00:00Z</CreDtTm></GrpHdr>"


def entry(
    amount: str,
    side: str,
    at: str = "2026-03-01T10:00:00Z",
    *,
    refs: str = "",
    other: str = "",
    agent: str = "",
    own_ref: str = "",
    code: str = "XAK",
    status: str = "BOOK",
    extra: str = "",
) -> str:
    """Return one entry; ``side`` is CRDT or DBIT, ``refs`` the inside of `Refs`, ``other`` the other account."""
    name = "Dbtr" if side == "CRDT" else "Cdtr"
    reference = f"<AcctSvcrRef>{own_ref}</AcctSvcrRef>" if own_ref else ""
    parties = f"<RltdPties><{name}Acct><Id><Othr><Id>{other}</Id></Othr></Id></{name}Acct></RltdPties>" if other else ""
    banks = f"<RltdAgts><{name}Agt><FinInstnId><BICFI>{agent}</BICFI></FinInstnId></{name}Agt></RltdAgts>"
    details = f"<Refs>{refs}</Refs>{parties}{banks if agent else ''}{extra}"
    return (
        f'<Ntry><Amt Ccy="{code}">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts><Cd>{status}</Cd></Sts>'
        f"<BookgDt><DtTm>{at}</DtTm></BookgDt>{reference}<BkTxCd/>"
        f"<NtryDtls><TxDtls>{details}</TxDtls></NtryDtls></Ntry>"
    )


def statement(
    account: str,
    *entries: str,
    opening: str = "",
    kind: str = "camt.053.001.08",
    bank: str = "EXMPXA22",
    name: str = "s1",
) -> bytes:
    """Return a statement or notification of one account; ``opening`` is a credit balance of 2026-03-01 in XAK."""
    root, inner = ("BkToCstmrStmt", "Stmt") if kind.startswith("camt.053") else ("BkToCstmrDbtCdtNtfctn", "Ntfctn")
    balance = (
        f'<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="XAK">{opening.lstrip("-")}</Amt>'
        f"<CdtDbtInd>{'DBIT' if opening.startswith('-') else 'CRDT'}</CdtDbtInd><Dt><Dt>2026-03-01</Dt></Dt></Bal>"
        if opening
        else ""
    )
    servicer = f"<Svcr><FinInstnId><BICFI>{bank}</BICFI></FinInstnId></Svcr>"
    return (
        f"{HEAD.format(kind=kind, root=root)}{GROUP}<{inner}><Id>{name}</Id>"
        f"<Acct><Id><Othr><Id>{account}</Id></Othr></Id>{servicer}</Acct>{balance}{''.join(entries)}"
        f"</{inner}></{root}></Document>"
    ).encode()
