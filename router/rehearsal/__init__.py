"""Rehearsing: past contacts through other rules, before those rules count.

Everything here only reads the ledger. `router.rules` stays pure; what it needs of
the past is read here and handed to it.
"""
