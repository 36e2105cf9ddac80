"""The invented words of which the sandbox's products are made.

What belongs here: data only. Brands are made up; any likeness to a real one is chance.
"""

from __future__ import annotations

from typing import NamedTuple


class ProductKind(NamedTuple):
    """A kind of product: its name, where shops file it, and the range of its market value and weight."""

    noun: str
    department: str
    category: str  # of the sandbox fee schedule: most, books, electronics
    low_usd: int
    high_usd: int
    low_g: int
    high_g: int
    features: tuple[str, ...]


BRANDS = (
    "Vornelle",
    "Quillmar",
    "Tavoryn",
    "Brindlex",
    "Osmeyra",
    "Halvique",
    "Perrowyn",
    "Zandelo",
    "Mistrelan",
    "Korvantix",
    "Lumaryn",
    "Drevolta",
    "Ashquill",
    "Norrikade",
    "Pellivar",
    "Gantrelle",
)

IMPRINTS = ("Larkhollow Press", "Umbergate Books", "Tidewren House", "Oakenquill Editions", "Fennmoor Print")

KINDS = (
    ProductKind("Electric Kettle", "Kitchen", "most", 18, 95, 900, 1700, ("1.7 L", "Gooseneck", "Dual Wall")),
    ProductKind("Chef Knife", "Kitchen", "most", 22, 160, 180, 420, ("8 Inch", "Forged", "67 Layer")),
    ProductKind("Cast Pan", "Kitchen", "most", 20, 130, 1800, 3400, ("26 cm", "Enamelled", "Lidded")),
    ProductKind("Cordless Drill", "Tools", "most", 45, 240, 1300, 2600, ("18 V", "Brushless", "Two Speed")),
    ProductKind("Socket Set", "Tools", "most", 25, 190, 1500, 5200, ("94 Piece", "Metric", "Half Inch")),
    ProductKind("Building Set", "Toys", "most", 12, 210, 350, 3100, ("812 Pieces", "Harbour", "Sky Rail")),
    ProductKind("Board Game", "Toys", "most", 15, 85, 600, 1900, ("2-5 Players", "Second Edition", "Duel")),
    ProductKind("Hiking Pack", "Outdoor", "most", 30, 220, 800, 2100, ("38 L", "Rain Cover", "Ultralight")),
    ProductKind("Camp Stove", "Outdoor", "most", 24, 150, 250, 900, ("Piezo", "Two Burner", "Windproof")),
    ProductKind("Table Lamp", "Home", "most", 18, 140, 900, 2600, ("Dimmable", "Brass", "Warm White")),
    ProductKind("Wireless Headphones", "Audio", "electronics", 35, 330, 180, 420, ("ANC", "Over Ear", "40 h")),
    ProductKind("Portable Speaker", "Audio", "electronics", 25, 240, 300, 1500, ("IP67", "Stereo Pair", "20 W")),
    ProductKind("Mirrorless Lens", "Cameras", "electronics", 120, 400, 220, 900, ("35 mm", "F1.8", "Macro")),
    ProductKind("Action Camera", "Cameras", "electronics", 80, 390, 110, 320, ("4K", "Waterproof", "Wide")),
    ProductKind("Mechanical Keyboard", "Computers", "electronics", 40, 220, 700, 1300, ("75%", "Tactile", "Hot Swap")),
    ProductKind("Wireless Mouse", "Computers", "electronics", 15, 110, 60, 160, ("Silent", "Ergonomic", "8K")),
    ProductKind("Solid State Drive", "Computers", "electronics", 40, 260, 40, 120, ("1 TB", "2 TB", "Heatsink")),
    ProductKind("Fitness Watch", "Wearables", "electronics", 50, 350, 60, 180, ("GPS", "Sapphire", "42 mm")),
    ProductKind("Field Guide", "Books", "books", 10, 70, 250, 1100, ("Illustrated", "Pocket Edition")),
    ProductKind("Course Book", "Books", "books", 30, 180, 500, 2100, ("Third Edition", "With Exercises")),
    ProductKind("Mystery Novel", "Books", "books", 8, 28, 180, 520, ("Paperback", "Hardcover")),
    ProductKind("Cook Book", "Books", "books", 14, 60, 500, 1500, ("Hardcover", "120 Recipes")),
)

BOOK_SUBJECTS = (
    "Tidal Marshes",
    "Linear Systems",
    "the Glass Orchard",
    "Winter Kitchens",
    "Moss and Lichen",
    "Applied Statistics",
    "the Ninth Lantern",
    "Coastal Bread",
    "Alpine Birds",
    "Organic Reactions",
    "the Quiet Ferry",
    "Slow Suppers",
    "River Stones",
    "Thermal Physics",
    "the Clockmaker's Map",
    "Garden Tables",
)

TRADE_WORDS = ("Outlet", "Depot", "Supply", "Corner", "Market", "Goods", "Traders", "Store", "Bazaar", "Works")
PLACE_WORDS = (
    "Amberfield",
    "Birchgate",
    "Copperhill",
    "Dunmarrow",
    "Elderwick",
    "Foxhaven",
    "Greyharbour",
    "Hazelford",
    "Ironbrook",
    "Juniper Bay",
    "Kestrelton",
    "Lindenmere",
    "Marshwick",
    "Northpoole",
    "Orchardby",
    "Pinecross",
)

PROSE = (
    "built for everyday use and tested by our own staff",
    "packed with care and sent from our warehouse",
    "a favourite of customers who come back for more",
    "made of materials that last and are easy to clean",
    "small enough for a shelf and strong enough for work",
    "comes with everything you need to start at once",
    "a thoughtful gift for beginners and experts alike",
    "checked twice before it leaves the building",
    "designed to be repaired rather than thrown away",
    "quiet, simple and pleasant to hold",
)
