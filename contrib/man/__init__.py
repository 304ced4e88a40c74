"""Man pages, made of the references of commands and settings: ``python -m contrib.man`` writes ``lanes.1`` and
``lanes.toml.5`` beside this file. To install them::

    install -D -m 644 -t /usr/local/share/man/man1 contrib/man/lanes.1
    install -D -m 644 -t /usr/local/share/man/man5 contrib/man/lanes.toml.5
"""
