"""The filter inside the MTA: gives every message a lane and a deadline, passes it or holds it.

``gate`` decides (classify, then one Redis round trip), ``session`` listens to the MTA through
pymilter, ``negotiation`` agrees on what the MTA sends us, ``serve`` runs it all. This is the only
package that imports pymilter, which installs the modules ``milter`` and ``Milter``: hence its name.

Contract: at most one decision a message, at end-of-message; all edits are made there. Mail never
waits for us longer than the budget and is never refused because we are broken.

Failure: whatever goes wrong, the message passes, tagged if we got that far, and
``lanes_fail_open_total`` counts it with the reason.
"""
