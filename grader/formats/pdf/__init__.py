"""PDF hand-ins: characters, lines and pages, up to the cells of a printed notebook or report."""
