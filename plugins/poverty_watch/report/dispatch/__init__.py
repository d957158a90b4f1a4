"""双月调度: the bulletin of two months, and each municipal department's part of it."""

from poverty_watch.report.dispatch.making import BulletinResult, make_bulletin
from poverty_watch.report.dispatch.sending import send_bulletin

__all__ = ["BulletinResult", "make_bulletin", "send_bulletin"]
