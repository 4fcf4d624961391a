"""The tables of people, organisations and consent (docs/explanation/house.md, "The data").

Split by noun; code outside imports from this package. Dependencies run downwards in the order below.
"""

from crm.models.audit import AuditEntry
from crm.models.cases import BankHoliday, Case, CaseNote, Pack
from crm.models.consent import (
    Action,
    Batch,
    ConsentEvent,
    ConsentHistory,
    ConsentState,
    Deliverability,
    EvidenceNote,
    PlatformStop,
    Reach,
    Scope,
    Source,
)
from crm.models.exports import Export
from crm.models.golive import GoLive
from crm.models.groups import Role, SupporterRole, SupporterTag, SupporterTopic, Tag, Topic
from crm.models.keeping import Erasure, JournalMark, RetentionReport, WaitingRefusal
from crm.models.letters import ServiceMail
from crm.models.matches import (
    APART,
    UNWEIGHED,
    Decision,
    Match,
    MatchingModel,
    Prepared,
    Scored,
    SharedMatch,
    Tier,
    Unmatched,
)
from crm.models.organisations import (
    Branch,
    Membership,
    Organisation,
    OwnedModel,
    SignInTries,
    User,
)
from crm.models.people import (
    AddressKey,
    AgeBand,
    Channel,
    ContactPoint,
    HashChain,
    Link,
    Merge,
    Person,
    Relationship,
    SearchTerm,
    Supporter,
)
from crm.models.records import Record
from crm.models.seals import Seal, SealMark
from crm.models.segments import Segment
from crm.models.sign_ups import SignUpBox, SignUpForm
from crm.models.steward import StewardView
from crm.models.submissions import Submission
from crm.models.wordings import Purpose, Statement, WordingPicture

__all__ = [
    "APART",
    "UNWEIGHED",
    "Action",
    "AddressKey",
    "AgeBand",
    "AuditEntry",
    "BankHoliday",
    "Batch",
    "Branch",
    "Case",
    "CaseNote",
    "Channel",
    "ConsentEvent",
    "ConsentHistory",
    "ConsentState",
    "ContactPoint",
    "Decision",
    "Deliverability",
    "Erasure",
    "EvidenceNote",
    "Export",
    "GoLive",
    "HashChain",
    "JournalMark",
    "Link",
    "Match",
    "MatchingModel",
    "Membership",
    "Merge",
    "Organisation",
    "OwnedModel",
    "Pack",
    "Person",
    "PlatformStop",
    "Prepared",
    "Purpose",
    "Reach",
    "Record",
    "Relationship",
    "RetentionReport",
    "Role",
    "Scope",
    "Scored",
    "Seal",
    "SealMark",
    "SearchTerm",
    "Segment",
    "ServiceMail",
    "SharedMatch",
    "SignInTries",
    "SignUpBox",
    "SignUpForm",
    "Source",
    "Statement",
    "StewardView",
    "Submission",
    "Supporter",
    "SupporterRole",
    "SupporterTag",
    "SupporterTopic",
    "Tag",
    "Tier",
    "Topic",
    "Unmatched",
    "User",
    "WaitingRefusal",
    "WordingPicture",
]
