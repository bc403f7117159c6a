"""The templates of a package in one language: whatever is put into them is escaped, and a name that is not there is a fault."""

import jinja2

from lintas.text.translation import words


def environment(package: str, language: str) -> jinja2.Environment:
    """Return the templates below ``package`` with the words of a language; ``words`` is known in all of them."""
    said = words(language)
    made = jinja2.Environment(
        loader=jinja2.PackageLoader(package),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.install_gettext_callables(said.gettext, said.ngettext, newstyle=True)  # type: ignore[attr-defined] # the extension's
    made.globals["words"] = said
    return made
