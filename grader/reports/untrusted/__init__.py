"""Pictures that came out of a sandbox or a notebook, made safe to embed."""
