"""How transfers come in: each layout by its reader, messages joined into transfers, one holder's Ledger out."""
