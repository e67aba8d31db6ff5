"""A class: its roster, the teacher's rules, and its gradebook."""
