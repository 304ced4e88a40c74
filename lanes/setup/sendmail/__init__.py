"""The target Sendmail: the filter last in its chain, a log that tells the end, and a queue group for waves.

``sendmail.mc`` is given a block of lines of ours (``source``), and ``sendmail.cf`` is built from it. What is missing is
judged by what is built (``wanted``), so lines that a site wrote itself are as good as ours.
"""

from lanes.setup.sendmail.target import SendmailTarget

__all__ = ["SendmailTarget"]
