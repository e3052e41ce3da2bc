"""Addresses outside the admin."""

from django.urls import path

from storage_admin.sharing.views import open_link

urlpatterns = [
    path("<str:token>", open_link, name="share-link"),
]
