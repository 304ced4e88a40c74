"""Looking: one module for each part of a site. A probe raises what its part raises; :mod:`lanes.doctor.examine` makes
:class:`~lanes.doctor.facts.Unknown` of it."""
