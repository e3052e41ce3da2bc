"""Single objects and their versions: the browser, an object's page, and everything that is done to one.

`acts` is the table of what can be done; each act has a form (`*_form*`) and a service beside it.
"""
