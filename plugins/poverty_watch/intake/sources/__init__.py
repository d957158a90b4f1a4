"""Ways in other than the inbox folder: SFTP, database, HTTP. All end in files in the spool."""

from poverty_watch.intake.sources.database import DatabaseSource
from poverty_watch.intake.sources.http import HttpSource
from poverty_watch.intake.sources.interface import Arrived, Source, SourceError
from poverty_watch.intake.sources.patience import Patience
from poverty_watch.intake.sources.sftp import SftpSource

__all__ = [
    "Arrived",
    "DatabaseSource",
    "HttpSource",
    "Patience",
    "SftpSource",
    "Source",
    "SourceError",
]
