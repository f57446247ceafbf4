"""The unread threads, then the open ones."""

from demo.people import AOTEAROA
from demo.steps import Assign, Auto, Close, In, Note, OptOut, Out, Seen, Thread, desk

DAY = 690
"""Opening minutes of a weekday."""


UNREAD = (
    desk(
        "0102",  # Ruth Okafor
        5,
        Out("maria", "Hi Ruth, Zara's make-up class is booked for Wednesday at 5:30 with Coach Tomás.", 0),
        In("Thank you so much! She'll be there.", 9),
        Close("maria", 3),
        In("Is the 5:30 class still on with the storm?", 3 * DAY + 40),
        In("They just announced that the schools close early tomorrow", 2),
    ),
    desk(
        "0188",  # On no record.
        12,
        In("Hi! Do you have toddler classes on weekends? My daughter just turned two", 0),
        In("And is there a free trial class?", 1),
    ),
    Thread(
        "+64215550131",  # Hinemoa Parata
        33,
        (
            Out("aroha", "Kia ora Hinemoa, the Takapuna holiday programme is open for enrolment. Ngā mihi, Aroha", 0),
            In("Ka pai, thank you Aroha!", 22),
            Close("aroha", 6),
            In("Kia ora anō! Ka taea te whakauru i taku tamāhine ki te akomanga o te Rāhoroi?", 2 * DAY + 15),
        ),
        line=AOTEAROA,
    ),
    desk(
        "0151",  # Greg Hall asks in plain words, which stops nothing by itself.
        48,
        Auto("Tumble & Turn: costumes for the showcase can be picked up at the front desk from Monday.", 0),
        Auto("Tumble & Turn: one week left to order your showcase tickets in the parent portal.", 3 * DAY),
        In("Please don't text me any more about the showcase. Told Coach Noah already that we can't come", 35),
    ),
    desk(
        "0121",  # Giulia Rossi
        71,
        In("Bianca drew a sticker for the team! Could we print it for the showcase?", 0),
        In("", 1, picture=True),
    ),
    desk(
        "0114",  # Yasmin Haddad
        88,
        In("السلام عليكم، هل توجد حصة تعويضية يوم الثلاثاء؟ ليان مريضة اليوم ولن تحضر", 0),
    ),
)

OPEN = (
    desk(
        "0101",  # Maya Smith: the mother's record and the coach's, both opted in.
        17,
        In("Hi, Leo has a fever, he'll miss class tonight 🤒", 0),
        Out("maria", "So sorry to hear that! Would you like a make-up class?", 3),
        In("Yes please. Tuesday would be best, any time after 3:30", 11),
        Out("maria", "We moved Leo to Tuesday at 4. Get well soon!", 2),
    ),
    desk(
        "0163",  # Noah Brooks, a coach
        62,
        Out("ada", "Noah, Tomás is away this weekend. Could you take his 10:00 tumbling class on Saturday?", 0),
        In("I can cover Saturday.", 26),
        Seen("maria", 5),
    ),
    desk(
        "0142",  # Dorothy Thompson's telephone at home
        96,
        Out(
            "maria",
            "Hello Mrs. Thompson, Lily feels unwell and waits at the front desk. Could you call us?",
            0,
            landline=True,
        ),
    ),
    desk(
        "0119",  # Marta Kowalska
        133,
        In(
            "Hello, this is Marta, Zosia's mom. She landed badly on her left ankle at practice yesterday. It was "
            "swollen this morning so we went to urgent care. They took an X-ray and nothing is broken, but it is "
            "sprained and she has to rest it for two weeks, no jumping and no beam. Can we pause her classes until "
            "then, or could she come and only do bars and stretching? She is very sad to miss the team. Thank you!",
            0,
        ),
        Out(
            "maria", "Oh no, poor Zosia! I'm asking Coach Grace what she can do safely and will let you know today.", 9
        ),
        Assign("maria", "maria", 1),
        Note("maria", "Grace says: bars and stretching are fine, no landings for two weeks. I'll call Marta at 4.", 21),
    ),
    desk(
        "0112",  # Carmen Garcia: two families, one of which has opted out
        171,
        Out("maria", "Hi Carmen, Diego's class is in the big hall this week.", 0),
        In("Ok gracias, I am bringing both boys", 14),
        Close("daniel", 30),
        OptOut("Castillo family", 2 * DAY),
        In("Nobody told me that practice moved to the other gym! We were waiting outside", DAY),
        Seen("daniel", 12),
        Note(
            "daniel",
            "@Ada Lindgren we can't text her: the Castillos opted out. Please call Carmen.",
            2,
            mentions="ada",
        ),
        Assign("daniel", "ada", 1),
    ),
    desk(
        "0116",  # Keisha Johnson
        243,
        In("Hi! Do you have the party room free on a Saturday afternoon next month? Amara turns 8, about 14 kids", 0),
        Out(
            "maria",
            "How fun! We have the 2nd and 3rd Saturday, 1 to 3 pm. It's $285 with a coach, and a $75 deposit.",
            16,
        ),
        In("The 3rd Saturday is perfect. Is cake allowed?", 7),
        Out("maria", "Cake is very welcome 🎂 I'll hold the room until tomorrow, the deposit confirms it.", 5),
        In("Will pay it tonight, thanks!!", 18),
        Seen("maria", 4),
        Assign("maria", "aroha"),
        Note("maria", "@Aroha Ngata the 3rd Saturday is held under Johnson until tomorrow noon.", 3, mentions="aroha"),
    ),
    desk(
        "0150",  # Brittany Davis was never asked.
        322,
        In("Hi it's Brittany, Jayden's mom. What time does open gym end on Saturday?", 0),
        Seen("daniel", 21),
    ),
)
