"""The answer to the sender: a receipt, the marked workbook, and what comparisons found."""

from poverty_watch.intake.answers.comparisons import ComparisonAnswers, write_comparison_answers
from poverty_watch.intake.answers.steps import AnswersOutcome, write_answers

__all__ = ["AnswersOutcome", "ComparisonAnswers", "write_answers", "write_comparison_answers"]
