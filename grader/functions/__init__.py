"""What a lab's `cases.py` is written with: tests, in pytest's habit, for functions that students write.

A class for each question, a method for each case; see docs/functions.md.
"""

from grader.functions.cases import FunctionTests, Partly, assert_agrees, credit, layout, mistake

__all__ = ["FunctionTests", "Partly", "assert_agrees", "credit", "layout", "mistake"]
