"""The admin site: title, Today page, navigation."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _


class PortalAdminSite(admin.AdminSite):
    site_header = _("PetTracker")
    site_title = _("PetTracker")
    index_title = _("Today")
    enable_nav_sidebar = True
