"""The answer to the sender: receipt, the sender's workbook with its faults marked, correction sheet."""

from poverty_watch.intake.answers.steps import AnswersOutcome, write_answers

__all__ = ["AnswersOutcome", "write_answers"]
