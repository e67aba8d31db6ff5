"""PDF hand-ins: a bounded worker extracts lines and pictures by position, the rest makes blocks of them.

| module | what it does |
|---|---|
| `worker` | runs apart: pages as lines of JSON, then pictures |
| `glyphs` | characters to segments of text, with blanks from their positions |
| `drawings` | where pictures and drawn figures stand |
| `pages` | what the worker said, validated |
| `furniture` | headers, footers and page numbers, and columns |
| `fills` | the boxes behind code |
| `prose` | lines to paragraphs and headings |
| `printed_notebook` | a notebook's export: cells by prompt and box |
| `report` | a report with listings |
| `document` | `read_pdf` |
"""
