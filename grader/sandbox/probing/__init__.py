"""Trying each provider for real: a program that attacks from inside, judged by what it reaches outside."""
