"""Reading a mail: small filters, one job each, that never raise.

`read` runs them one after another. A filter that fails costs only its own
answer: the others still give theirs, the mail is marked `unparsed`, and the raw
bytes go along for a person to look at.
"""

from channels.mail.reading.pipeline import read
from channels.mail.reading.result import Automatic, Bounce, Envelope, Reading, Sender

__all__ = ["Automatic", "Bounce", "Envelope", "Reading", "Sender", "read"]
