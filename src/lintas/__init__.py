"""lintas: the cross-border desk against scam syndicates, run by each authority itself."""

__version__ = "0.1.0"
