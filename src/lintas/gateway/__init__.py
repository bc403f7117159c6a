"""Call-time answers: thin faces of the telco room for telephone networks (HTTP verdict, SIP redirect, CAMARA)."""
