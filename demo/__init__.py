"""Demo data: an example gym for the first start, and its lines and handsets at the carrier simulator.

`people` and `threads…` are the content, `business` and `history` make rows of it, `fill` stores them. `registration`
sends every line of provider `simulator` to the simulator.
"""

from demo.fill import fill_demo, make_demo
from demo.people import DEMO_PASSWORD, DEMO_SIGN_INS, DEMO_SLUG, SignIn
from demo.registration import register_lines, simulator_registration

__all__ = [
    "DEMO_PASSWORD",
    "DEMO_SIGN_INS",
    "DEMO_SLUG",
    "SignIn",
    "fill_demo",
    "make_demo",
    "register_lines",
    "simulator_registration",
]
