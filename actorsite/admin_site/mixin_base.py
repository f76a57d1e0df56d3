"""The base class of mixins for ModelAdmin classes."""

from typing import TYPE_CHECKING

from django.contrib import admin

if TYPE_CHECKING:
    # So the type checker knows the methods that a mixin overrides or calls.
    ModelAdminMixin = admin.ModelAdmin
else:
    ModelAdminMixin = object
