"""The closed threads, newest first."""

from demo.people import AOTEAROA
from demo.steps import Auto, Close, In, OptOut, Out, Seen, Thread, desk

STORM = (
    "Tumble & Turn: because of the storm we close early today, and all evening classes are cancelled. "
    "You can book a make-up class in the parent portal. Stay safe!"
)
REMINDER = "Tumble & Turn: the monthly tuition is due on the 1st. You can pay it in the parent portal."


CLOSED = (
    desk(
        "0106",  # Jonas Lindqvist opts out in the portal afterwards.
        415,
        Out("maria", "Hi Jonas, Elsa's new leotard has come in. You can pick it up at the front desk.", 0),
        In("ok thanks", 31),
        Close("maria", 4),
        OptOut("Lindqvist family", 55),
    ),
    desk(
        "0109",  # Linh Nguyen
        480,
        In("Running 15 min late, traffic on the Kennedy is terrible. Can An still join?", 0),
        Out("maria", "Of course! Just come in quietly, they'll be warming up on the floor.", 2),
        In("Thank you 🙏", 1),
        Close("maria", 20),
    ),
    desk(
        "0104",  # Anika Patel
        596,
        In("What time should Aarav be there for the showcase? Doors or call time?", 0),
        Out(
            "maria", "Gymnasts at 9:15, doors open for families at 10. Hair up, team leotard, no jewellery please.", 13
        ),
        In("Perfect. Grandparents are flying in for it!", 6),
        Out("maria", "See you at the showcase!", 2, close=True),
    ),
    desk(
        "0108",  # Tia Walker
        705,
        Auto(REMINDER, 0),
        In("Was I charged twice? I see two payments of $142", 48),
        Out(
            "ada",
            "Hi Tia, one is the tuition and one is the showcase fee. I can move the showcase fee to next month?",
            22,
        ),
        In("Ahh that makes sense. No need, leave it. Just the balance then", 5),
        Out("ada", "The balance is $36, due on the 1st.", 3),
        In("Perfect, paying online now.", 4),
        Close("ada", 9),
    ),
    desk(
        "0125",  # Denise Williams stops.
        830,
        Auto(REMINDER, 0),
        In("STOP", 3),
        Seen("daniel", 40),
        Close("daniel", 2),
    ),
    desk(
        "0118",  # Siobhan O'Brien
        1015,
        In("Did anyone find a purple leotard in the changing room? Aoife left hers after Monday's class", 0),
        Out("maria", "Yes, it's in the lost and found box by the door, with a hair tie and one sock :)", 17),
        In("Ha, the other sock is here. We'll get it on Thursday", 8),
        Close("maria", 11),
    ),
    desk(
        "0128",  # Yuki Tanaka
        1190,
        In("Hello, we are on the waitlist for Beginner 2 on Wednesdays. Is there any movement?", 0),
        Out("maria", "Hi Yuki! Hana is first on the list. A place opens on the 1st, shall I put her in?", 25),
        In("Yes please!", 2),
        Out("maria", "Done. First class is Wednesday at 4:45, she can come barefoot.", 3),
        In("She is jumping already. Thank you!", 6),
        Close("maria", 5),
    ),
    desk(
        "0122",  # Wei Chen
        1370,
        In("Jia and Rachel Cohen car pool this week. OK if Rachel picks up Lucas on Thursday?", 0),
        Out("maria", "That's fine, I've noted Rachel Cohen for Thursday. She'll need her ID at pick-up.", 7),
        In("Great, she knows", 4),
        Close("maria", 30),
    ),
    desk(
        "0135",  # Rachel Cohen
        1371.5,
        In("Hi, I'll pick up Lucas Chen together with Noa on Thursday, Wei should have told you", 0),
        Out("maria", "He has, thank you. Please bring your ID.", 5, close=True),
    ),
    desk(
        "0164",  # Tomás Rivera, a coach
        1600,
        In("The spring on beam 2 is loose again. I put a sign on it, please nobody use it until it's fixed", 0),
        Out("ada", "Thank you Tomás. The technician comes tomorrow at noon.", 19),
        In("Perfecto", 3),
        Close("ada", 14),
    ),
    desk("0130", 1828, Out("maria", STORM, 0), In("Thank you for letting us know. Stay safe!", 12), Close("maria", 40)),
    desk(
        "0132",  # Ashley Brown
        1843.3,
        Out("maria", STORM, 0),
        In("Ugh, Mason will be heartbroken. Can we do the make-up on Saturday?", 6),
        Out("maria", "Saturday at 9:30 has room, I've booked him in.", 9),
        In("You're the best", 2),
        Close("maria", 20),
    ),
    desk("0133", 1837.6, Out("maria", STORM, 0), In("Noted, thanks 👍", 25), Close("daniel", 18)),
    desk(
        "0137",  # Lucía Flores
        2170,
        In("Buenas tardes, ¿a qué hora es la clase de Mateo mañana? No encuentro el correo", 0),
        Out("maria", "Hola Lucía, mañana a las 4:15 con Tomás, en la sala pequeña.", 6),
        In("¡Gracias!", 2),
        Close("maria", 7),
    ),
    desk(
        "0143",  # A very long name
        2420,
        In("Is there a sibling discount? Theo (4) would like to start too, now that he watches Ilse every week", 0),
        Out("maria", "Yes, 10% off the second child. Tiny Tumblers on Tuesday at 3:30 would suit a four-year-old.", 15),
        In("Sounds lovely, I'll sign him up in the portal", 9),
        Close("maria", 12),
    ),
    Thread(
        "+64215550142",  # Sarah Wilson
        2655,
        (
            In("Hi, do the kids need their own hand guards for the holiday programme?", 0),
            Out("aroha", "Kia ora Sarah, no need, we have plenty. Just a drink bottle and a packed lunch please.", 18),
            In("Sweet as, cheers", 3),
            Close("aroha", 5),
        ),
        line=AOTEAROA,
    ),
    desk(
        "0138",  # Min-ji Park
        2900,
        In("Could Seo-yeon have a private lesson for her back handspring before the meet?", 0),
        Out("maria", "Coach Maya has Friday at 6:30 or Saturday at 11. $45 for 45 minutes.", 34),
        In("Friday 6:30 please", 8),
        Out("maria", "Booked! Coach Maya looks forward to it.", 3, close=True),
    ),
    desk(
        "0139",  # Katrin Schmidt
        3340,
        In("Are you open on the Friday of the holiday weekend?", 0),
        Out("maria", "We're closed Thursday and Friday, and open as usual on Saturday from 8:30.", 6, close=True),
    ),
    desk(
        "0145",  # Fatima Ali
        3720,
        In("Amina left her water bottle (green, with stickers) in the gym", 0),
        Out("maria", "Found it! It's at the front desk with her name on it.", 11),
        In("Thank you, will collect on Wednesday inshallah", 5),
        Close("maria", 16),
    ),
    desk(
        "0147",  # Claire Martin
        4160,
        In("When will we hear about the team tryouts? Emma keeps asking 😅", 0),
        Out("ada", "The coaches decide on Thursday, and every family gets an email on Friday morning.", 29),
        In("Thanks, I'll tell her to breathe", 4),
        Close("ada", 6),
    ),
    desk(
        "0127",  # Hannah Müller-Wright
        4710,
        In("We missed two classes last month, do make-ups expire?", 0),
        Out(
            "maria",
            "They last 60 days. Finn can use both in any Beginner class that has room, just book them in the portal.",
            13,
        ),
        In("Great, we'll come this Saturday then", 10),
        Close("maria", 21),
    ),
    desk(
        "0149",  # Sofia Nakamura-Reyes
        5235,
        Auto(REMINDER, 0),
        In("The portal says my card expired, I got a new one. Can I pay cash this time?", 90),
        Out("maria", "Sure, at the front desk any day until 8. Or update the card under Account, Payment.", 12),
        In("Updated it, went through", 33),
        Close("maria", 5),
    ),
    desk(
        "0153",  # Folake Adeyemi
        5790,
        In("We've moved. New address is 418 Wabash Ave, apt 3B. Same numbers", 0),
        Out("maria", "Thank you Folake, I've changed it. Enjoy the new place!", 8, close=True),
    ),
    desk(
        "0156",  # Jen Baker has left the gym since.
        6240,
        In("Hi, we're moving to Denver so this is Tyler's last month. He'll miss you all so much", 0),
        Out(
            "ada",
            "Oh, we'll miss him too! I've ended the membership for the end of the month. All the best in Denver!",
            27,
        ),
        In("Thank you for five wonderful years ❤️", 6),
        Close("ada", 15),
    ),
    desk(
        "0124",  # Natalia Abramova
        6660,
        Out("maria", "Hi Natalia, the meet fee of $60 for Mila is still open. Could you pay it by Friday?", 0),
        In("Sorry! Just did", 140),
        Out("maria", "Got it, thank you!", 4, close=True),
    ),
)
