"""Generator of any number of plausible people, for tests at scale."""

import random
from collections.abc import Iterator

# For each country: given names, and the beginnings, middles and ends of family names.
NAME_PARTS = {
    "BR": (
        "Ana João Lúcia Thiago Inês Caio Márcia Otávio Zélia Davi",
        "Al Car Fer Mon Sal Vas",
        "ba con nan ra va",
        "ção des do ga les ro",
    ),
    "CN": (
        "Wei Xiulan Jun Yan Zhiqiang Mei Haoran Qing",
        "Zh X L W Sh Q Y Ch",
        "a e ia u",
        "ng n o i",
    ),
    "CZ": (
        "Jiří Zdeněk Anežka Věra Ondřej Lenka Šimon",
        "No Dvo Ku Hor Zá Pro",
        "va řá če ru ko",
        "k ký cha la šek",
    ),
    "DE": (
        "Jürgen Ilse Käthe Wolfgang Anke Uwe Sönke",
        "Schu Mül Krü Hoff Bau Lö",
        "bel der ger le mann",
        "bach berg hof ner stein",
    ),
    "EG": (
        "Omar Nadia Youssef Laila Hany Mervat",
        "Abd El- Has Mah Sha",
        "fa ha ra sa",
        "mi ry wi zy",
    ),
    "FR": (
        "Amélie Benoît Chloé Didier Étienne Françoise Zoé",
        "Beau Cha Du Le Mo Pe",
        "bre la li ri va",
        "court net quin rand vier",
    ),
    "GB": (
        "Alfred Beatrice Cedric Dorothy Ewan Florence Zara",
        "Ash Black Cross Hart Wood Whit",
        "er ing le s",
        "by field ley ton well",
    ),
    "GR": (
        "Αλέκος Μαρία Νίκος Ελένη Γιώργος",
        "Βασ Γεωργ Παπα Δημη",
        "ιλ ιαδ αρ ιτρ",
        "άκης ίδης όπουλος ίου",
    ),
    "IN": (
        "Arjun Deepa Farah Gopal Indira Kamal Zeenat",
        "Bha Cha Gu Kha Mu Sri",
        "ndra ra sha tta va",
        "gar ji kar nath war",
    ),
    "IT": (
        "Alba Bruno Chiara Dario Elsa Fausto Zita",
        "Bel Cor Fer Man Ros Vi",
        "la na ra ti vi",
        "celli ni rella setti tti",
    ),
    "JP": (
        "Akira Chiyo Haruka Kōji Setsuko Tarō Yumi",
        "Fuji Ishi Kuro Mori Taka Yoshi",
        "ga ka no wa",
        "da hara mura saki yama",
    ),
    "NG": (
        "Adaeze Chidi Folake Ngozi Tunde Zainab",
        "Ade Oko Olu Eze Nwa",
        "bi ko mi wa",
        "ola ma nkwo ye",
    ),
    "PL": (
        "Agnieszka Bogdan Łucja Michał Wanda Zbigniew",
        "Kowa Nowa Wiśnie Zieli Dąb",
        "l ń r w",
        "czyk owski ska wicz",
    ),
    "RU": (
        "Алексей Вера Григорий Дарья Зинаида",
        "Иван Петр Смирн Волк Кузн",
        "ец ник ов",
        "ева ов ский цов",
    ),
    "TR": (
        "Ayşe Barış Çağla İlker Oğuz Zeki",
        "Ak Bal De Kara Yıl",
        "ba dı ka ma",
        "cı oğlu r z",
    ),
    "US": (
        "Ada Buster Clara Dwayne Ella Frank Zelda",
        "Ander Black Carter Frank John Mac",
        "ing man s son",
        "berg ford ley sen ton",
    ),
}
_PARTS = [(country, [part.split(" ") for part in parts]) for country, parts in NAME_PARTS.items()]


def sample_people(count: int, seed: int = 1) -> Iterator[tuple[str, str, int, int | None, str]]:
    """Yield ``count`` tuples (first name, last name, birth year, death year or None, country).

    The same ``seed`` yields the same people. Family names are made of syllables, so
    that among ten million people some names are common and most are rare, as in reality.
    """
    chance = random.Random(seed)  # noqa: S311  not used for secrets
    pick, integer = chance.choice, chance.randrange
    for _ in range(count):
        country, (given, begin, middle, end) = pick(_PARTS)
        first = pick(given) if integer(4) else f"{pick(given)} {pick(given)}"
        last = pick(begin) + "".join(pick(middle) for _ in range(integer(4))) + pick(end)
        born = 1870 + integer(136)
        died = born + 30 + integer(65) if integer(3) == 0 and born < 1995 else None
        yield first, last, born, died if died and died <= 2026 else None, country
