"""The closed lists a decision table may use, each value with the words a reader sees; anything else is refused."""

import msgspec


class Category(msgspec.Struct, frozen=True):
    """A kind of data: the words for it, the planes it may ever lie in, and the person it usually speaks about."""

    words: str
    planes: str
    subject: str = "account_holder"


ACTIONS = {
    "release": "release",
    "admit": "admit",
    "order": "issue its own order on",
}

PLANES = {
    "A": "plane A (indicators, nothing personal)",
    "B": "plane B (personal, operational)",
    "C": "plane C (evidence)",
    "D": "plane D (protection)",
}

CATEGORIES = {
    "indicator": Category("an indicator", "A", "none"),
    "text_template": Category("a message template", "A", "none"),
    "number_range": Category("a range of telephone numbers", "A", "none"),
    "listed_number": Category("a telephone number on a list", "B", "suspect"),
    "campaign_summary": Category("a campaign summary without persons", "A", "none"),
    "public_warning": Category("a public warning", "A", "none"),
    "statistical_return": Category("a table of counts", "A", "none"),
    "hold_request": Category("a hold request", "B"),
    "hold_answer": Category("an answer to a hold request", "B"),
    "baton": Category("a baton (part of one transfer)", "B"),
    "hold_order": Category("a hold", "B"),
    "release_order": Category("a release from a hold", "B"),
    "withdrawal": Category("a withdrawal or correction", "ABC"),
    "release_notice": Category("a notice that money was released", "B"),
    "status": Category("a status", "AB", "none"),
    "receipt": Category("a receipt", "ABC", "none"),
    "account_identity": Category("the identity of an account holder", "B"),
    "account_statement": Category("an account statement", "B"),
    "subscriber_identity": Category("the identity of a telephone subscriber", "B", "suspect"),
    "suspect_profile": Category("a suspect's profile", "B", "suspect"),
    "complaint": Category("a complainant's report", "B", "bystander"),
    "travel_hit": Category("a watch-list hit at a border", "B", "suspect"),
    "case_overlap": Category("the fact that two cases overlap", "B", "suspect"),
    "legal_request": Category("a formal legal request", "C", "suspect"),
    "evidence_item": Category("a sealed item of evidence", "C", "suspect"),
    "custody_record": Category("a custody record", "C", "none"),
    "screening_note": Category("a screening note", "D", "presumed_victim"),
    "protection_referral": Category("a referral to protection", "D", "presumed_victim"),
}

SUBJECTS = {
    "account_holder": "an account holder",
    "suspect": "a suspect",
    "witness": "a witness",
    "presumed_victim": "a presumed victim",
    "minor": "a minor",
    "bystander": "a bystander",
    "company": "a company",
    "none": "nobody",
}

PURPOSES = {
    "stop_payment": "stopping a payment",
    "trace_funds": "tracing funds",
    "status": "telling where a matter stands",
    "release_funds": "releasing funds",
    "return_funds": "returning funds to their owner",
    "statistics": "statistics",
    "warn_public": "warning the public",
    "investigation": "an investigation",
    "identification": "identifying a person",
    "prosecution": "a prosecution",
    "disruption": "taking down or blocking infrastructure",
    "deconfliction": "keeping two cases out of each other's way",
    "protection": "protecting a person",
    "audit": "an audit",
}

HOLDERS = {
    "state_organ": "a state organ",
    "bank": "a bank",
    "e_wallet": "an issuer of electronic money",
    "exchange": "an exchange for crypto-assets",
    "token_issuer": "an issuer of tokens",
    "casino": "a casino",
    "telco": "a telecommunications operator",
    "platform": "an on-line platform",
    "ngo": "a non-governmental organisation",
}

CHANNELS = {
    "police": "police to police",
    "fiu": "between financial intelligence units",
    "telco_operational": "between telecommunications operators",
    "mla": "mutual legal assistance",
    "domestic": "inside the jurisdiction",
    "protection_body": "between protection bodies",
    "public": "open publication",
}

PROVENANCES = {
    "own": "collected by this authority",
    "received": "received from another authority",
}

#: Documents a rule may ask for; a question names those on file as ``kind:reference``.
CONDITIONS = {
    "approval": "an approval by the competent authority",
    "mla_request": "a formal request for mutual legal assistance",
    "transfer_assessment": "an assessment of the transfer under the data-protection law",
    "dossier": "a transfer dossier lodged with the regulator",
    "court_order": "a court order",
    "custody": "a custody record signed by both sides",
    "consent": "the written consent of the person concerned",
    "emergency": "a declaration of imminent danger to life",
}

STATUSES = {
    "draft": "may release plane A only",
    "exercise": "decides only in a node in exercise mode",
    "in-force": "signed by its authority and in force",
}

#: Columns whose cell must hold a listed value; ``any`` in a cell means every listed value, never an unknown one.
LISTS: dict[str, dict[str, str]] = {
    "action": ACTIONS,
    "plane": PLANES,
    "category": {name: category.words for name, category in CATEGORIES.items()},
    "subject": SUBJECTS,
    "purpose": PURPOSES,
    "holder": HOLDERS,
    "channel": CHANNELS,
    "provenance": PROVENANCES,
}

#: Fields that a rule may remove from what it lets out (outcome ``redact``).
REDACTABLE = {
    "holder_name": "the account holder's name",
    "holder_address": "the account holder's address",
    "national_id": "national identity numbers",
    "birth_date": "dates of birth",
    "complainant_name": "the complainant's name",
    "complainant_contact": "the complainant's contact details",
    "free_text": "free text",
    "source_case": "the reference of the source case",
}
