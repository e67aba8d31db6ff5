"""The report on a whole class: scores, questions, common mistakes, models, and what awaits a person."""
