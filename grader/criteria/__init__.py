"""What hand-ins are judged by: one file a criterion, in the room of what it is about.

| module | what it is |
|---|---|
| `base` | `Criterion`, of which every criterion is a subclass, and the verdicts that it makes |
| `case` | `Case`: what a criterion is given, and what it may ask of it |
| `sentences` | the templates that reasons are rendered by, and the reasons that all criteria share |
| `registry` | finds criteria: those here, those of installed packages, and a lab's own `checks.py` |
| `judge` | verdicts on every criterion of every question |
"""
