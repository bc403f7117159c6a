"""TLS towards somebody whose certificate is known: that one is trusted, and no authority above it."""

import ssl

from lintas.model.errors import BadInput


def trusting(certificate_pem: str) -> ssl.SSLContext:
    """Return a client context that accepts exactly this certificate (PEM), in TLS 1.3, with its host name checked.

    BadInput when the text is no certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    # The certificate is its own root: no chain above it is asked for, and none is believed.
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    try:
        context.load_verify_locations(cadata=certificate_pem)
    except (ssl.SSLError, ValueError):
        raise BadInput("this is no PEM certificate", "copy the other side's tls.pem again") from None
    return context
