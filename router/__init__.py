"""Decides and remembers. Knows no channel and no HTTP.

Only `router.app` and `router.cli`, which put the house together, import from
`channels`; a test holds every other module to that.
"""

__version__ = "0.1.0"
