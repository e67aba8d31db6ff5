"""What a group handed in, before it is read: a folder, an archive, and which of its files say the same."""
