"""The classes of the demo gym, the students in them, tags and locations of the records, and notes about families."""

from dataclasses import dataclass

from api.directory.student_rules import Weekday

WICKER_PARK = "Wicker Park"
LINCOLN_SQUARE = "Lincoln Square"
TAKAPUNA = "Takapuna"

MON, TUE, WED, THU, FRI, SAT, _ = Weekday


@dataclass(frozen=True)
class GymClass:
    name: str
    weekdays: tuple[Weekday, ...]
    time: str
    room: str
    coach: str
    location: str = WICKER_PARK


CLASSES = {
    "tiny": GymClass("Tiny Tumblers", (TUE,), "15:30", "Small hall", "Maya Smith"),
    "beginner 1": GymClass("Beginner 1", (MON,), "16:00", "Main hall", "Noah Brooks"),
    "beginner 2": GymClass("Beginner 2", (WED,), "16:45", "Main hall", "Tomás Rivera"),
    "level 3 tue": GymClass("Level 3", (TUE,), "17:30", "Main hall", "Tomás Rivera"),
    "level 3 thu": GymClass("Level 3", (THU,), "17:30", "Main hall", "Grace Obi"),
    "level 4": GymClass("Level 4", (MON, WED), "17:30", "Main hall", "Tomás Rivera"),
    "boys": GymClass("Boys' tumbling", (THU,), "16:15", "Small hall", "Tomás Rivera"),
    "saturday": GymClass("Saturday tumbling", (SAT,), "10:00", "Main hall", "Tomás Rivera"),
    "team": GymClass("Team", (MON, WED, FRI), "18:00", "Main hall", "Grace Obi"),
    "silks": GymClass("Aerial silks", (FRI,), "16:30", "Studio 2", "Maya Smith", LINCOLN_SQUARE),
    "toddlers": GymClass("Parent and toddler", (SAT,), "09:00", "Studio 1", "Noah Brooks", LINCOLN_SQUARE),
    "holiday": GymClass(
        "Holiday programme", (MON, TUE, WED, THU, FRI), "09:00", "Community hall", "Aroha Ngata", TAKAPUNA
    ),
}

STUDENTS: dict[str, dict[str, tuple[str, ...]]] = {
    "Smith family": {"Leo Smith": ("boys",), "Ivy Smith": ("tiny",)},
    "Okafor family": {"Zara Okafor": ("level 3 tue",), "Chidi Okafor": ("beginner 1",)},
    "Patel family": {"Aarav Patel": ("boys",), "Diya Patel": ("beginner 2",)},
    "Lindqvist family": {"Elsa Lindqvist": ("level 3 thu",)},
    "Walker family": {"Jada Walker": ("level 3 tue",)},
    "Nguyen family": {"An Nguyen": ("level 4",)},
    "Garcia family": {"Diego Garcia": ("boys",)},
    "Castillo family": {"Nico Castillo": ("boys",), "Sofía Castillo": ("level 3 tue",)},
    "Haddad family": {"Lian Haddad": ("level 3 tue",)},
    "Johnson family": {"Amara Johnson": ("beginner 2",)},
    "O'Brien family": {"Aoife O'Brien": ("beginner 1",)},
    "Kowalski family": {"Zosia Kowalska": ("team", "saturday")},
    "Rossi family": {"Bianca Rossi": ("team",)},
    "Chen family": {"Lucas Chen": ("level 3 thu",)},
    "Abramov family": {"Mila Abramova": ("team",)},
    "Williams family": {"Kayla Williams": ("level 3 tue",), "Tyrese Williams": ("saturday",)},
    "Müller-Wright family": {"Finn Müller-Wright": ("beginner 2",)},
    "Tanaka family": {"Hana Tanaka": ("beginner 2",)},
    "Singh family": {"Arjun Singh": ("level 4",), "Simran Singh": ("level 3 tue",)},
    "Brown family": {"Mason Brown": ("boys",)},
    "Mensah family": {"Esi Mensah": ("level 3 tue",), "Kojo Mensah": ("saturday",)},
    "Cohen family": {"Noa Cohen": ("level 3 thu",)},
    "Flores family": {"Mateo Flores": ("boys",)},
    "Park family": {"Seo-yeon Park": ("team", "silks")},
    "Schmidt family": {"Lena Schmidt": ("level 4",)},
    "Thompson family": {"Lily Thompson": ("beginner 1",)},
    "Wolfeschlegelsteinhausen-Bergerdorff and Papadopoulos-Venkataraman family": {
        "Ilse Papadopoulos-Venkataraman": ("level 3 tue",),
        "Theo Papadopoulos-Venkataraman": ("tiny",),
    },
    "Ali family": {"Amina Ali": ("beginner 2",)},
    "Martin family": {"Emma Martin": ("level 4",)},
    "Nakamura-Reyes family": {"Kai Nakamura-Reyes": ("saturday",)},
    "Davis family": {"Jayden Davis": ("boys",)},
    "Hall family": {"Owen Hall": ("saturday",)},
    "Adeyemi family": {"Temi Adeyemi": ("silks",), "Tobi Adeyemi": ("silks",)},
    "Kealoha family": {"Keanu Kealoha": ("toddlers",)},
    "Parata family": {"Anahera Parata": ("holiday",)},
    "Wilson family": {"Isla Wilson": ("holiday",), "Jack Wilson": ("holiday",)},
    "Baker family": {"Tyler Baker": ()},
}
"""By the family's name: each student with the keys of their classes."""

FAMILY_TAGS = {
    "team parents": ("Rossi family", "Kowalski family", "Abramov family", "Park family"),
    "sibling discount": (
        "Smith family",
        "Okafor family",
        "Patel family",
        "Castillo family",
        "Williams family",
        "Singh family",
        "Mensah family",
        "Adeyemi family",
        "Wilson family",
    ),
    "car pool": ("Chen family", "Cohen family"),
    "allergy": ("Patel family", "Walker family"),
    "no photos": ("Tanaka family", "Haddad family"),
    "showcase helper": ("Okafor family", "Rossi family", "Hall family", "Ali family"),
}
STAFF_TAGS = {
    "coach": ("tomas", "maya", "noah", "grace", "aroha"),
    "front desk": ("maria", "daniel", "aroha"),
}

LOCATIONS = {
    LINCOLN_SQUARE: ("Adeyemi family", "Kealoha family", "maya"),
    TAKAPUNA: ("Parata family", "Wilson family", "aroha"),
}
"""Families and staff of another location than Wicker Park."""

ABOUT = {
    "Patel family": "Aarav is allergic to nuts. His EpiPen is in the office.",
    "Kowalski family": "Zosia sprained her left ankle: bars and stretching only until it has been looked at.",
    "Thompson family": "Mrs. Thompson's number is the telephone at home: call it.",
    "Chen family": "Rachel Cohen may pick up Lucas. She shows her ID.",
}


def tags_of(name: str) -> list[str]:
    """Of a family by its name, or of a staff member by the first name."""
    return sorted(tag for tags in (FAMILY_TAGS, STAFF_TAGS) for tag, names in tags.items() if name in names)


def location_of(name: str) -> str:
    return next((location for location, names in LOCATIONS.items() if name in names), WICKER_PARK)
