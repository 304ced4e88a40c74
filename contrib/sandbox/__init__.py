"""A private mail world on loopback, for the demo, the tests and the benchmarks.

Nothing here is shipped in the wheel, and nothing here touches the machine's own mail server: each
part has its own folder and its own free ports, and stops what it started by process id.

- :mod:`contrib.sandbox.postfix`, :mod:`contrib.sandbox.sendmail`: a real Postfix, or Sendmail, of our own
- :mod:`contrib.sandbox.sink`: the outside world, where its mail arrives
- :mod:`contrib.sandbox.mail`: building mail and handing it in
"""
