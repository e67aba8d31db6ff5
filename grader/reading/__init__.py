"""From a path to a Submission, its passages, its saved testimony, and the rubric it is graded by.

| module | public names |
|---|---|
| `submission` | `read_submission(path) -> Submission` |
| `folder` | `candidates(folder) -> Candidates` |
| `notebook` | `read_notebook(path, file) -> Contents` |
| `script` | `read_script(path, file) -> Contents` |
| `sections` | `find_passages(submission, rubric) -> tuple[Passage, ...]` |
| `answers` | `answer_text(submission, passages, question, rubric) -> str` |
| `logs` | `read_logs(text, source, cell, first_seq) -> tuple[Event, ...]` |
| `saved` | `record_saved(submission) -> Recording` |
| `rubric` | `load_rubric(folder) -> Rubric`, `rubrics(folders) -> tuple[Path, ...]` |
| `choice` | `find_rubric(submission, path, choice, folders) -> tuple[Rubric, str]` |
"""
