"""Messages to people: one for each event, to chats, mail and webhooks. It decides and changes nothing.

What happened comes in as an event; no number, no name of a person and no address goes out or into a log. A
target that is down delays nothing for more than two seconds and breaks nothing: what it missed is sent later.

Others use `events`, `notifier`, `targets`.
"""
