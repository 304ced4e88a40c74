"""``make run``: the lanes at work on this machine, with real mail through a real, private Postfix.

On a terminal it shows a live table until Ctrl-C; otherwise it sends the sample, waits for what is
due to arrive, reports, and exits 0 only if the promises were kept.
"""
