"""The models: actors, films and credits, and the history of every change."""

from actors.models.actor import Actor, ActorQuerySet
from actors.models.batch import Batch, Merge, SubmittedForm, Upload
from actors.models.change import Change, FilmChange
from actors.models.film import Credit, CreditQuerySet, Film, FilmQuerySet

__all__ = [
    "Actor",
    "ActorQuerySet",
    "Batch",
    "Change",
    "Credit",
    "CreditQuerySet",
    "Film",
    "FilmChange",
    "FilmQuerySet",
    "Merge",
    "SubmittedForm",
    "Upload",
]
