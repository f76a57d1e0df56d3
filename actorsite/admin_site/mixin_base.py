"""The base class of mixins for ModelAdmin classes."""

from typing import TYPE_CHECKING

from django.contrib import admin

if TYPE_CHECKING:
    # Tells the type checker which methods a mixin overrides or calls.
    ModelAdminMixin = admin.ModelAdmin
else:
    ModelAdminMixin = object
