"""Judging by the saved outputs, where the code was not run: because nobody wanted it to, or because it was damaged.

| module | what it does |
|---|---|
| `settle` | which verdicts rest on a run that there was none of, and what becomes of them |
| `evidence` | criteria that summaries, logs and scores can decide |
"""
