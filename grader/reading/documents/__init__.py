"""What documents made for reading have in common: blocks of text, listings and pictures, turned into cells."""
