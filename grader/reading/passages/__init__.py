"""Which piece of a submission stands under which question."""
