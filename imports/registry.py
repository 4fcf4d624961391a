"""What each column of the tables of imports is for, as crm.registry has it for all others."""

from __future__ import annotations

from crm.registry import Keep, Personal, Plain, Purpose, Registry, Special

_P, _K, _S = Purpose, Keep, Special

REGISTRY: Registry = (
    Personal("imports_import", "file", _P.IMPORT, _K.FILE, _S.WORDS),
    Personal("imports_import", "uploaded_by_id started_by_id seconded_by_id", _P.STAFF, _K.LEDGER),
    Personal("imports_import", "undo_asked_by_id undo_seconded_by_id", _P.STAFF, _K.LEDGER),
    Personal("imports_import", "later_by_id later_seconded_by_id", _P.STAFF, _K.LEDGER),
    Plain("imports_import", "batch_id name digest preset statement_id collected_on adults_only"),
    Plain("imports_import", "state trouble counts later undo created_at"),
    Personal("imports_import", "look", _P.IMPORT, _K.FILE, _S.WORDS),
    Plain("imports_import", "mapping recalled_at"),
    Plain("imports_savedmapping", "shape mapping saved_at"),
    Personal("imports_savedmapping", "saved_by_id", _P.STAFF, _K.LEDGER),
    Plain("imports_importchunk", "file_id first last applied_at later_at undone_at"),
    Personal("imports_stagedrow", "first_name last_name postcode age_band", _P.IMPORT, _K.FILE),
    Personal("imports_stagedrow", "email phone kind bounces", _P.IMPORT, _K.FILE),
    Personal("imports_stagedrow", "name_forms last_fold folded", _P.IMPORT, _K.FILE),
    Personal("imports_stagedrow", "address_key mailbox", _P.IMPORT, _K.FILE),
    Personal("imports_stagedrow", "external_id relationship", _P.IMPORT, _K.FILE, _S.UNION),
    Personal("imports_stagedrow", "roles", _P.IMPORT, _K.FILE, _S.ROLE),
    Personal("imports_stagedrow", "topics", _P.IMPORT, _K.FILE),
    Personal("imports_stagedrow", "tags data", _P.IMPORT, _K.FILE, _S.WORDS),
    Personal("imports_stagedrow", "action occurred_at occurred_until", _P.IMPORT, _K.FILE),
    Personal("imports_stagedrow", "terms", _P.IMPORT, _K.FILE, _S.UNION),
    Plain("imports_import", "origin"),
    Plain("imports_stagedrow", "file_id line sheet sheet_line key_id refused"),
    Personal("imports_problem", "value", _P.IMPORT, _K.FILE, _S.WORDS),
    Plain("imports_problem", "file_id line sheet sheet_line column sentence stops_row"),
)
