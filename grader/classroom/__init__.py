"""A class: roster, rules, marks and gradebook."""
