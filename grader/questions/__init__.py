"""Which part of a hand-in answers which question: ids, words, placing."""
