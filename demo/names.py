"""The words from which invented people are made: names, couples, schools, places, telephone ranges.

Nobody here exists. Addresses stand under example.org, example.com and example.net (RFC 2606);
telephone numbers come from the ranges that Ofcom keeps free for drama.
"""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


WOMEN: dict[str, tuple[str, ...]] = {
    "Abigail": ("Abby", "Abbie"),
    "Aisha": (),
    "Amara": (),
    "Bronwen": (),
    "Catherine": ("Cathy",),
    "Charlotte": ("Lottie",),
    "Chloë": (),
    "Deborah": ("Debbie", "Deb"),
    "Elizabeth": ("Liz", "Beth", "Lizzie"),
    "Fatima": (),
    "Folasade": (),
    "Gillian": (),
    "Grace": (),
    "Harriet": ("Hattie",),
    "Ingrid": (),
    "Jacqueline": ("Jackie",),
    "Jennifer": ("Jenny", "Jen"),
    "Judith": ("Judy",),
    "Khadija": (),
    "Katherine": ("Kathy", "Kate"),
    "Leila": (),
    "Mairéad": (),
    "Margaret": ("Maggie", "Peggy"),
    "Mei": (),
    "Nadia": (),
    "Niamh": (),
    "Olufunke": (),
    "Patricia": ("Pat", "Trish"),
    "Priya": (),
    "Rebecca": ("Becky", "Becca"),
    "Renée": (),
    "Rosemary": ("Rose",),
    "Ruth": (),
    "Sandra": ("Sandy",),
    "Shanice": (),
    "Siân": (),
    "Sunita": (),
    "Susan": ("Sue", "Susie"),
    "Theresa": ("Tess",),
    "Victoria": ("Vicky",),
    "Yasmin": (),
    "Zoë": (),
}

MEN: dict[str, tuple[str, ...]] = {
    "Adebayo": (),
    "Andrew": ("Andy", "Drew"),
    "Anthony": ("Tony",),
    "Arjun": (),
    "Benjamin": ("Ben",),
    "Bilal": (),
    "Charles": ("Charlie", "Chuck"),
    "Christopher": ("Chris",),
    "Daniel": ("Dan", "Danny"),
    "Dafydd": (),
    "Edward": ("Ed", "Ted", "Eddie"),
    "Emeka": (),
    "Frederick": ("Fred", "Freddie"),
    "Gareth": (),
    "Hamza": (),
    "Ibrahim": (),
    "Jacek": (),
    "James": ("Jim", "Jamie"),
    "José": (),
    "Joseph": ("Joe",),
    "Kenneth": ("Ken",),
    "Kwame": (),
    "Lawrence": ("Larry",),
    "Matthew": ("Matt",),
    "Michael": ("Mike", "Mick"),
    "Nicholas": ("Nick",),
    "Oisín": (),
    "Peter": ("Pete",),
    "Rajesh": (),
    "Richard": ("Rick", "Dick"),
    "Robert": ("Bob", "Rob"),
    "Sanjay": (),
    "Stephen": ("Steve",),
    "Thomas": ("Tom",),
    "Timothy": ("Tim",),
    "Tunde": (),
    "Umar": (),
    "Wei": (),
    "William": ("Bill", "Will"),
    "Łukasz": (),
}

COUPLES: tuple[tuple[str, str], ...] = (
    ("Priya", "Daniel"),
    ("Amara", "Joseph"),
    ("Siân", "Gareth"),
    ("Nadia", "Hamza"),
    ("Elizabeth", "Kwame"),
    ("Rebecca", "Tunde"),
    ("Mei", "Robert"),
    ("Fatima", "Ibrahim"),
    ("Chloë", "Łukasz"),
    ("Susan", "Michael"),
    ("Sunita", "Arjun"),
    ("Victoria", "Andrew"),
    ("Niamh", "Oisín"),
    ("Ruth", "Emeka"),
    ("Yasmin", "Thomas"),
    ("Jennifer", "Sanjay"),
)
"""Two first names that nobody takes for one person: for homes and schools that share an inbox."""

SURNAMES = (
    *_words(
        """Abbott Abdi Achebe Adeyemi Ahmed Akhtar Ali Ashworth Atkins Baker Banerjee Barnes Begum
        Bennett Blackwood Boateng Bradley Briggs Brown Burke Campbell Carter Chaudhry Chen Clarke
        Cole Collins Cooper Cox Crawford Cunningham Dabrowski Dalton Davies Dhillon Dixon Doyle
        D'Souza Edwards Ellis Evans Farouk Fenwick Fisher Fletcher Foster Gallagher García Gibson
        Goldberg Gordon Grant Greene Griffiths Hall Hargreaves Harris Hassan Hayes Henderson Hill
        Holloway Hughes Hussain Ibekwe Iqbal Jackson Jenkins Johnson Jones Joshi Kaur Kelly Kennedy
        Khan Kowalski Lawson Lewis Lloyd MacDonald Mahmood Malik Marshall Mason McCarthy McKenzie
        Mensah Mitchell Morgan Morris Müller Murphy Nguyễn Nair Newton Nkrumah O'Brien O'Connor
        Ogunleye Okafor Okonkwo Oyelaran Palmer Parker Patel Pearson Pereira Phillips Powell Price
        Quinn Rahman Ramsey Reid Reynolds Richards Rivera Roberts Robinson Rowe Ryan Sanders Sato
        Schäfer Shah Sharma Shaw Siddiqui Simpson Singh Smith Stewart Sutton Świątek Taylor Thompson
        Tran Turner Walker Walsh Ward Watson Webb White Wilkinson Williams Wilson Wójcik Wood Wright
        Yeboah Young Zhang Clarke-Mensah Smith-Jones Taylor-Okafor Patel-Wright Hughes-Williams
        Brown-O'Neill"""
    ),
    "van der Berg",
    "Ní Bhriain",
    "de la Cruz",
)

_SCHOOL_NAMES = _words(
    """Oakfield Larkrise Thistledown Merrowdale Hollinbeck Fernacre Millbrook Ashgrove Wrenhurst
    Copperfield Saltmarsh Beckwith Highmoor Linden Kestrel Rookwood Silverdale Tarnside Willowmere
    Yewbank Foxglove Harebell Quarryfield Stonebridge"""
)
SCHOOLS = tuple(
    f"{name} {kind}"
    for kind in ("Primary School", "Academy", "High School", "Infant School")
    for name in _SCHOOL_NAMES
)

DOMAINS = _words(
    "example.org example.com example.net post.example.org mail.example.com inbox.example.net"
)

OUTWARD_CODES = _words(
    """B14 BD9 BN2 BS6 CB4 CF11 CV5 DE22 E17 EX4 GU2 HU5 IP4 LE3 LS6 M21 N8 NE4 NG7 OX4 PL4 PR2
    RG6 S11 SE15 SO17 SR4 TN4 WF2 YO24"""
)
INWARD_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"

DISTRICTS = _words(
    """Birmingham Bradford Brighton Bristol Cambridge Coventry Derby Exeter Hackney Hull Leeds
    Leicester Manchester Newcastle Nottingham Oxford Plymouth Sheffield Sunderland Surrey"""
)

MOBILES = "07700 900"
"""Ofcom's drama range for mobiles; three more digits follow."""

LANDLINES = (
    "020 7946 0",
    "0113 496 0",
    "0114 496 0",
    "0115 496 0",
    "0116 496 0",
    "0117 496 0",
    "0118 496 0",
    "0121 496 0",
    "0131 496 0",
    "0141 496 0",
    "0151 496 0",
    "0161 496 0",
    "01632 960",
)
"""Ofcom's drama ranges for landlines; three more digits follow each."""
