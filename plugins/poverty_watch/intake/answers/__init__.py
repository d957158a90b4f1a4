"""The answer to the sender: a receipt, and the sender's workbook with its faults marked."""

from poverty_watch.intake.answers.steps import AnswersOutcome, write_answers

__all__ = ["AnswersOutcome", "write_answers"]
