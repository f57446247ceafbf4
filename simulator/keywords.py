"""STOP, START and HELP as the network itself understands and answers them."""

from enum import StrEnum

from simulator.model import LineKind


class Keyword(StrEnum):
    STOP = "STOP"
    START = "START"
    HELP = "HELP"


_WORDS = {
    Keyword.STOP: {"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"},
    Keyword.START: {"start", "yes", "unstop"},
    Keyword.HELP: {"help", "info"},
}

_ANSWERS = {
    Keyword.STOP: "You have successfully been unsubscribed. You will not receive any more messages from "
    "this number. Reply START to resubscribe.",
    Keyword.START: "You have successfully been re-subscribed to messages from this number. "
    "Reply HELP for help. Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
    Keyword.HELP: "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
}

_TOLL_FREE_ANSWERS = {
    **_ANSWERS,
    Keyword.STOP: 'NETWORK MSG: You replied with the word "stop" which blocks all texts sent from this '
    'number. Text back "unstop" to receive messages again.',
    Keyword.START: 'NETWORK MSG: You have replied "unstop" and will begin receiving messages again from this number.',
}


def recognise(body: str, *, kind: LineKind) -> Keyword | None:
    """The keyword that a whole message is. Only a lone word counts: "stop please" is none. Toll-free networks
    do not take YES for START."""
    word = body.strip().casefold()
    if kind is LineKind.TOLL_FREE and word == "yes":
        return None
    return next((keyword for keyword, words in _WORDS.items() if word in words), None)


def answer(keyword: Keyword, *, kind: LineKind, was_stopped: bool) -> str | None:
    """What the network texts back, or nothing: a stopped number hears only that it may receive texts again,
    and a number that was not stopped is not told that it is back."""
    if was_stopped is not (keyword is Keyword.START):
        return None
    return (_TOLL_FREE_ANSWERS if kind is LineKind.TOLL_FREE else _ANSWERS)[keyword]
