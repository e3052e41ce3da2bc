"""`{% load portal %}`: counts, sizes and times in the words of `portal.display`."""

from django import template

from portal import display

register = template.Library()

register.filter("ago", display.ago)
register.filter("size", display.size)
register.filter("count_text", display.count_text)
register.filter("whole", display.whole)
