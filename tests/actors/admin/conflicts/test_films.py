"""Edit conflicts of films: the second editor merges the fields, and the cast credit by credit."""

import re
from html.parser import HTMLParser

import pytest

from actors.models import Actor, Credit, Film, FilmChange
from tests.actors.admin.test_films import change_url, form

pytestmark = pytest.mark.django_db


class Page(HTMLParser):
    """Parser of the conflict page in ``response``. ``fields`` is the data that a browser would submit, untouched."""

    def __init__(self, response):
        super().__init__()
        self.fields, self.select, self.area, self.radios = {}, None, None, {}
        assert response.status_code == 409
        self.text = response.content.decode()
        self.feed(self.text)
        self.fields |= {"_save": "Save"}

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        name, value = attributes.get("name"), attributes.get("value") or ""
        if tag == "input" and attributes["type"] == "radio":
            self.radios.setdefault(name, []).append(value + " disabled" * ("disabled" in attributes))
            if "checked" in attributes:
                self.fields[name] = value
        elif tag == "input" and attributes["type"] in ("hidden", "text"):
            self.fields[name] = value
        elif tag == "textarea":
            self.area, self.fields[name] = name, ""
        elif tag == "select" and name:
            self.select = name
        elif tag == "option" and "selected" in attributes and self.select:
            self.fields[self.select] = value

    def handle_endtag(self, tag):
        if tag == "textarea":
            self.area = None
        if tag == "select":
            self.select = None

    def handle_data(self, data):
        if self.area:
            self.fields[self.area] += data.removeprefix("\n")

    @property
    def takes(self):
        return {name.removeprefix("take_"): value for name, value in self.fields.items() if name.startswith("take_")}

    def rows(self):
        """Return {legend: (was, theirs, mine)} of the rows on the page."""
        text = re.sub(r"\s+", " ", self.text)
        return {
            re.sub("<.*", "", legend).strip(): tuple(re.findall(r'<span class="value">(.*?)</span>', rest))
            for legend, rest in re.findall(r"<legend>(.*?)</legend>(.*?)</fieldset>", text)
        }


def cast(film):
    credits = Credit.objects.filter(film_id=film.pk).values_list("actor__first_name", "character", "billing")
    return sorted(credits, key=str)


TOSHIRO, TAKASHI = ("Toshirō", "Kikuchiyo", 1), ("Takashi", "Kambei", 2)


def save(client, film, page, **choices):
    response = client.post(change_url(film), {**page.fields, **choices})
    assert response.status_code == 302, response.content.decode()
    film.refresh_from_db()


# Fields of the film


def test_stale_save_returns_409_with_all_versions(alice, bob, film):
    mine = form(film, title="Seven", year=1999)
    assert bob.post(change_url(film), form(film, title="The Seven", year=1955)).status_code == 302
    page = Page(alice.post(change_url(film), mine))
    assert "Seven (1955) was changed while you were editing" in page.text
    assert page.rows() == {
        "Title": ("Seven Samurai", "The Seven", "Seven"),
        "Year": ("1954", "1955", "1999"),
    }
    assert len(re.findall(r"theirs: bob, 20", page.text)) == 2
    assert page.takes == {"original_title": "mine"}
    film.refresh_from_db()
    assert (film.title, film.year) == ("The Seven", 1955)


@pytest.mark.parametrize(("take", "kept"), [("theirs", 1955), ("mine", 1999), ("edited", 1956)])
def test_chosen_side_of_a_field_is_saved(alice, film, take, kept):
    mine = form(film, year=1999)
    Film.objects.update(year=1955)
    page = Page(alice.post(change_url(film), mine))
    save(alice, film, page, take_year=take, **{"edited_year": "1956"} if take == "edited" else {})
    assert (film.title, film.original_title, film.year) == ("Seven Samurai", "七人の侍", kept)
    assert cast(film) == [TAKASHI, TOSHIRO]


def test_different_changes_of_fields_and_credits_are_preselected(alice, film):
    mine = form(film, year=1999) | {"credits-0-character": "Kikuchiyo!"}
    Film.objects.update(title="The Seven")
    film.credits.filter(character="Kambei").update(billing=1)
    page = Page(alice.post(change_url(film), mine))
    assert "Merge and save" in page.text
    save(alice, film, page)
    assert (film.title, film.year) == ("The Seven", 1999)
    assert cast(film) == [("Takashi", "Kambei", 1), ("Toshirō", "Kikuchiyo!", 1)]
    assert FilmChange.objects.filter(who="alice").count() == 2


# Credits of the cast


@pytest.mark.parametrize(("take", "kept"), [("theirs", "Theirs"), ("mine", "Mine"), ("edited", "Edited")])
def test_chosen_side_of_a_credit_field_is_saved(alice, bob, film, take, kept):
    mine = form(film) | {"credits-0-character": "Mine", "credits-0-billing": "7"}
    theirs = form(film) | {"credits-0-character": "Theirs"}
    assert bob.post(change_url(film), theirs).status_code == 302
    page = Page(alice.post(change_url(film), mine))
    assert page.rows() == {
        "Toshirō Mifune: Character": ("Kikuchiyo", "Theirs", "Mine"),
        "Toshirō Mifune: Billing": ("1", "1", "7"),
    }
    assert page.takes["line0_billing"] == "mine" and "line0_character" not in page.takes
    assert len(re.findall(r"theirs: bob, 20", page.text)) == 1
    typed = {"edited_line0_character": "Edited"} if take == "edited" else {}
    save(alice, film, page, take_line0_character=take, **typed)
    assert cast(film) == [TAKASHI, ("Toshirō", kept, 7)]


def test_conflicting_actors_of_a_credit_are_chosen_by_name(alice, film, actor):
    third = Actor.objects.create(first_name="Third")
    fourth = Actor.objects.create(first_name="Fourth")
    mine = form(film) | {"credits-0-actor": third.pk}
    film.credits.filter(actor=actor).update(actor=fourth)
    page = Page(alice.post(change_url(film), mine))
    assert page.rows() == {"Third: Actor": ("Toshirō Mifune", "Fourth", "Third")}
    select = re.search(r'<select name="edited_line0_actor".*?</select>', page.text, re.DOTALL)[0]
    # With JavaScript, the box finds every actor. Without JavaScript, it offers the actors in the conflict.
    assert "admin-autocomplete" in select and re.findall(r">(\w[^<]*)</option>", select) == [
        "Third", "Fourth", "Toshirō Mifune",
    ]  # fmt: skip
    save(alice, film, page, take_line0_actor="edited", edited_line0_actor=actor.pk)
    assert cast(film) == [TAKASHI, TOSHIRO]


def test_credits_added_by_either_side_are_kept(alice, bob, film):
    mine, theirs = (Actor.objects.create(first_name=name) for name in ("Mine", "Theirs"))
    sent = form(film, new=[(mine, "A")])
    assert bob.post(change_url(film), form(film, new=[(theirs, "B")])).status_code == 302
    page = Page(alice.post(change_url(film), sent))
    assert page.rows() == {
        "Theirs": ("not in the cast", "Theirs · B", "not in the cast"),
        "Mine": ("not in the cast", "not in the cast", "Mine · A"),
    }
    assert page.takes == {"title": "mine", "original_title": "mine", "year": "mine", "line0": "theirs", "line1": "mine"}
    save(alice, film, page)
    assert cast(film) == [("Mine", "A", None), TAKASHI, ("Theirs", "B", None), TOSHIRO]


@pytest.mark.parametrize(
    ("choices", "kept"),
    [
        ({"take_line0": "mine", "take_line1": "theirs"}, [TAKASHI, TOSHIRO]),
        (
            {
                "take_line0": "edited",
                "edited_line0_character": "C",
                "take_line1": "edited",
                "edited_line1_billing": "9",
            },
            [("Mine", "A", 9), TAKASHI, ("Theirs", "C", None), TOSHIRO],
        ),
    ],
)
def test_added_credit_can_be_left_out_or_edited(alice, film, choices, kept):
    mine, theirs = (Actor.objects.create(first_name=name) for name in ("Mine", "Theirs"))
    sent = form(film, new=[(mine, "A")])
    Credit.objects.create(film=film, actor=theirs, character="B")
    save(alice, film, Page(alice.post(change_url(film), sent)), **choices)
    assert cast(film) == kept


def test_credit_added_by_both_editors_is_shown_once(alice, film):
    actor = Actor.objects.create(first_name="Kyōko")
    sent = form(film, new=[(actor, "Shino")]) | {"credits-2-billing": "5"}
    Credit.objects.create(film=film, actor=actor, character="Shino", billing=3)
    page = Page(alice.post(change_url(film), sent))
    assert page.rows() == {"Kyōko: Billing": ("–", "3", "5")}
    save(alice, film, page, take_line0_billing="mine")
    assert cast(film) == [("Kyōko", "Shino", 5), TAKASHI, TOSHIRO]


def test_same_changes_by_both_editors_leave_nothing_to_save(alice, film):
    actor = Actor.objects.create(first_name="Kyōko")
    sent = form(film, new=[(actor, "Shino")], year=1999) | {"credits-0-DELETE": "on"}
    Film.objects.update(year=1999)
    Credit.objects.create(film=film, actor=actor, character="Shino")
    film.credits.filter(character="Kikuchiyo").delete()
    assert "There is nothing left to save" in Page(alice.post(change_url(film), sent)).text


@pytest.mark.parametrize(
    ("choices", "kept"),
    [
        ({}, [TAKASHI]),
        ({"take_line0": "mine"}, [TAKASHI, TOSHIRO]),
        ({"take_line0": "edited", "edited_line0_character": "K"}, [TAKASHI, ("Toshirō", "K", 1)]),
    ],
)
def test_credit_removed_by_the_other_editor_can_be_kept(alice, film, choices, kept):
    mine = form(film, year=1999)
    film.credits.filter(character="Kikuchiyo").delete()
    page = Page(alice.post(change_url(film), mine))
    line = "Toshirō Mifune · Kikuchiyo · 1"
    assert page.rows()["Toshirō Mifune"] == (line, "not in the cast", line) and page.takes["line0"] == "theirs"
    save(alice, film, page, **choices)
    assert (film.year, cast(film)) == (1999, kept)


@pytest.mark.parametrize(("take", "kept"), [("theirs", [TAKASHI]), ("mine", [TAKASHI, ("Toshirō", "Mine", 1)])])
def test_credit_removed_by_other_and_changed_here_needs_a_choice(alice, film, take, kept):
    mine = form(film) | {"credits-0-character": "Mine"}
    film.credits.filter(character="Kikuchiyo").delete()
    page = Page(alice.post(change_url(film), mine))
    assert "line0" not in page.takes
    save(alice, film, page, take_line0=take)
    assert cast(film) == kept


@pytest.mark.parametrize(
    ("choices", "kept"),
    [
        ({"take_line0": "theirs"}, [TAKASHI, ("Toshirō", "Theirs", 1)]),
        ({"take_line0": "mine"}, [TAKASHI]),
        ({"take_line0": "edited", "edited_line0_billing": "3"}, [TAKASHI, ("Toshirō", "Theirs", 3)]),
    ],
)
def test_credit_removed_here_and_changed_by_other_needs_a_choice(alice, film, choices, kept):
    mine = form(film) | {"credits-0-DELETE": "on"}
    film.credits.filter(character="Kikuchiyo").update(character="Theirs")
    page = Page(alice.post(change_url(film), mine))
    assert page.rows()["Toshirō Mifune"][1:] == ("Toshirō Mifune · Theirs · 1", "not in the cast")
    assert "line0" not in page.takes
    save(alice, film, page, **choices)
    assert cast(film) == kept


def test_credit_removed_only_here_is_preselected_for_removal(alice, film):
    mine = form(film) | {"credits-0-DELETE": "on"}
    Film.objects.update(year=1955)
    page = Page(alice.post(change_url(film), mine))
    assert page.takes["line0"] == "mine"
    save(alice, film, page)
    assert (film.year, cast(film)) == (1955, [TAKASHI])


# Conflicts on a conflict page


def test_missing_choice_shows_the_conflict_page_again(alice, film):
    third = Actor.objects.create(first_name="Third")
    mine = form(film, year=1999, new=[(third, "T")]) | {"credits-0-character": "Mine"}
    Film.objects.update(year=1955)
    film.credits.filter(billing=1).delete()
    page = Page(alice.post(change_url(film), mine))
    again = Page(alice.post(change_url(film), page.fields))
    again.fields["csrfmiddlewaretoken"] = page.fields["csrfmiddlewaretoken"]
    assert again.fields == page.fields and again.rows() == page.rows()
    film.refresh_from_db()
    assert (film.year, cast(film)) == (1955, [TAKASHI])
    save(alice, film, again, take_year="mine", take_line0="mine")
    assert (film.year, cast(film)) == (1999, [TAKASHI, ("Third", "T", None), ("Toshirō", "Mine", 1)])


TYPED = [
    ({"take_year": "mine", "edited_year": "1956"}, "year", "Year", 1956, None),
    ({"take_line0_character": "theirs", "edited_line0_character": "Typed"}, "line0_character",
     "Toshirō Mifune: Character", 1999, ("Toshirō", "Typed", 7)),
    ({"take_line1": "theirs", "edited_line1_billing": "9"}, "line1", "Third", 1999, ("Third", "T", 9)),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "row", "label", "year", "part"), TYPED)
def test_typed_text_is_kept_if_edit_was_not_chosen(alice, film, typed, row, label, year, part):
    third = Actor.objects.create(first_name="Third")
    mine = form(film, year=1999, new=[(third, "T")]) | {"credits-0-character": "Mine", "credits-0-billing": "7"}
    Film.objects.update(year=1955)
    film.credits.filter(billing=1).update(character="Theirs")
    page = Page(alice.post(change_url(film), mine))
    assert page.takes["line1"] == "mine"
    chosen = {"take_year": "mine", "take_line0_character": "mine", **typed}
    again = Page(alice.post(change_url(film), {**page.fields, **chosen}))
    assert f"did not select Edit for {label}." in again.text
    film.refresh_from_db()
    assert (film.year, cast(film)) == (1955, [TAKASHI, ("Toshirō", "Theirs", 1)])
    assert again.rows() == page.rows()
    assert again.takes == {**page.takes, **{k.removeprefix("take_"): v for k, v in chosen.items() if "take" in k}} | {
        row: "edited"
    }
    save(alice, film, again)
    assert film.year == year
    assert part is None or part in cast(film)


def test_autocompleted_actor_is_kept_when_the_page_is_shown_again(alice, film, actor):
    third, fourth, fifth = (Actor.objects.create(first_name=name) for name in ("Third", "Fourth", "Fifth"))
    mine = form(film) | {"credits-0-actor": third.pk}
    film.credits.filter(actor=actor).update(actor=fourth)
    page = Page(alice.post(change_url(film), mine))
    choices = {"take_line0_actor": "mine", "edited_line0_actor": fifth.pk}
    save(alice, film, Page(alice.post(change_url(film), {**page.fields, **choices})))
    assert cast(film) == [("Fifth", "Kikuchiyo", 1), TAKASHI]


def test_edit_box_of_a_deleted_actor_counts_as_unchanged(alice, film, actor):
    third = Actor.objects.create(first_name="Third")
    mine = form(film) | {"credits-0-actor": third.pk}
    Film.objects.update(year=1955)
    third.delete()
    page = Page(alice.post(change_url(film), mine))
    assert page.fields["original_line0_actor"] == page.fields["edited_line0_actor"] == ""
    save(alice, film, page, take_line0_actor="theirs")
    assert cast(film) == [TAKASHI, TOSHIRO]


def test_change_during_a_conflict_shows_a_second_conflict(alice, film):
    mine = form(film, year=1999) | {"credits-0-character": "Mine"}
    Film.objects.update(year=1955)
    page = Page(alice.post(change_url(film), mine))
    film.credits.filter(character="Kambei").update(character="Again")
    page = Page(alice.post(change_url(film), {**page.fields, "take_year": "mine"}))
    assert page.rows() == {
        "Year": ("1955", "1955", "1999"),
        "Toshirō Mifune: Character": ("Kikuchiyo", "Kikuchiyo", "Mine"),
        "Takashi Shimura: Character": ("Kambei", "Again", "Kambei"),
    }
    save(alice, film, page)
    assert (film.year, cast(film)) == (1999, [("Takashi", "Again", 2), ("Toshirō", "Mine", 1)])


def test_invalid_edited_value_shows_error_and_can_be_fixed(alice, film):
    mine = form(film, year=1999)
    film.credits.filter(character="Kambei").update(billing=1)
    page = Page(alice.post(change_url(film), mine))
    response = alice.post(
        change_url(film), {**page.fields, "take_line0_billing": "edited", "edited_line0_billing": "x"}
    )
    assert response.status_code == 200 and "Enter a whole number" in response.content.decode()
    assert 'value="1999"' in response.content.decode()
    fixed = form(film, year=1999) | {"credits-1-billing": "3"}
    assert alice.post(change_url(film), fixed).status_code == 302
    assert ("Takashi", "Kambei", 3) in cast(film)
