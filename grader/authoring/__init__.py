"""Labs made by teachers: drafted, validated, tested, and their answer keys."""
