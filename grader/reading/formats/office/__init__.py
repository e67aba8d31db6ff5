"""Word documents.

| module | what it does |
|---|---|
| `worker` | runs apart: paragraphs, listings, tables and pictures in order, as lines of JSON |
| `paragraphs` | a paragraph's text and type |
| `word` | `read_word` |
"""
