"""One file a file type: how what a group hands in becomes cells."""
