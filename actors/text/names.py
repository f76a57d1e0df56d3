"""Names of actors and films, as pages show them."""


def full_name(actor) -> str:
    """Return the name of ``actor``, an Actor or a row with its id and names; "#" and the id if it has none."""
    return f"{actor.first_name} {actor.last_name}".strip() or f"#{actor.id}"


def title_and_year(film) -> str:
    """Return the title of ``film``, a Film or a row, with its year if it is known: "Rashomon (1950)"."""
    return (film.title or f"#{film.id}") + (f" ({film.year})" if film.year else "")
