"""The control socket: how other processes ask the running scheduler, and tell it what to do.

`commands` is the one table of what may be said, `protocol` how it is written, `answers` who answers,
`server` and `client` the two ends of the socket.
"""
