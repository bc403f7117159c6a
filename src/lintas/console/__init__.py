"""Floor 7: the officers' pages, rendered on the server; every page works without JavaScript and is also JSON in the API."""
