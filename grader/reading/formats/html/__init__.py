"""Web pages.

| module | what it does |
|---|---|
| `page` | walks a page: its pieces in order, and what each is |
| `worker` | runs apart: the pieces as lines of JSON |
| `web` | `read_web_page` |
"""
