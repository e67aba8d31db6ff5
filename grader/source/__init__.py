"""Python source read without running it: what a hand-in's code says it does, where no rerun can tell."""
