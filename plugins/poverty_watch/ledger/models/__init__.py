"""The ledger's tables. Months are ``YYYY-MM`` texts; times are UTC; ids are the ledger's own."""

from poverty_watch.ledger.models.arrivals import SourceMark
from poverty_watch.ledger.models.base import Base, MonthText, now
from poverty_watch.ledger.models.bulletins import Bulletin
from poverty_watch.ledger.models.cases import Case, CaseDifference, CaseStep, Measure
from poverty_watch.ledger.models.corrections import Correction, Explanation
from poverty_watch.ledger.models.deliveries import DatasetMonth, Delivery, SeenFile, StoppedDecision
from poverty_watch.ledger.models.desk import DeskMail, SheetReturn, TaskAnswer, TaskRung
from poverty_watch.ledger.models.findings import Finding
from poverty_watch.ledger.models.journal import JournalEntry, JournalHead
from poverty_watch.ledger.models.mailings import Mailing
from poverty_watch.ledger.models.people import SealedPerson
from poverty_watch.ledger.models.purges import Purge
from poverty_watch.ledger.models.recomputations import Recomputation
from poverty_watch.ledger.models.reports import ReportUnlock, ReportVersion
from poverty_watch.ledger.models.screenings import HitFate, Lead, Screening
from poverty_watch.ledger.models.verification import Task, TaskReason
from poverty_watch.ledger.models.waivers import Waiver

__all__ = [
    "Base",
    "Bulletin",
    "Case",
    "CaseDifference",
    "CaseStep",
    "Correction",
    "DatasetMonth",
    "Delivery",
    "DeskMail",
    "Explanation",
    "Finding",
    "HitFate",
    "JournalEntry",
    "JournalHead",
    "Lead",
    "Mailing",
    "Measure",
    "MonthText",
    "Purge",
    "Recomputation",
    "ReportUnlock",
    "ReportVersion",
    "Screening",
    "SealedPerson",
    "SeenFile",
    "SheetReturn",
    "SourceMark",
    "StoppedDecision",
    "Task",
    "TaskAnswer",
    "TaskReason",
    "TaskRung",
    "Waiver",
    "now",
]
