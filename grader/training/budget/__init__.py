"""How large a training would be, worked out on its configuration before anything is built."""
