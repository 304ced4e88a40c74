dnl What mta-lanes needs of Sendmail. In sendmail.mc, before the MAILER lines:
dnl
dnl     include(`/etc/mail/mta-lanes.m4')dnl
dnl
dnl then build sendmail.cf and restart (Debian: sendmailconfig). docs/sendmail.md says more.
dnl
ifdef(`LANES_SOCKET', `', `define(`LANES_SOCKET', `local:/run/mta-lanes/milter.sock')')dnl
dnl
dnl The filter, after any others. No F=: mail is accepted untouched while the filter is away.
INPUT_MAIL_FILTER(`mta-lanes', `S=LANES_SOCKET, T=C:2s;S:5s;R:5s;E:10s')dnl
dnl
dnl From 10 on, the log tells when a message is done with; below, its end is found out minutes later.
define(`confLOG_LEVEL', `10')dnl
dnl
dnl How many messages of a wave are delivered at once (R=; it needs F=f). Clearly fewer than the destination takes:
dnl where bulk can fill all of its connections, urgent mail waits for one, whatever its lane.
QUEUE_GROUP(`mqueue', `P='ifdef(`QUEUE_DIR', `QUEUE_DIR', `/var/spool/mqueue')`, F=f, R=5')dnl
