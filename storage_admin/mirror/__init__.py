"""The mobile app's tables in DynamoDB, kept equal to the portal's rows. Off unless DYNAMODB_MIRROR.

    pet, weight, photo, rendition ──trigger, same transaction──▶ MirrorItem (changes + 1)
    MirrorItem due ──claim──▶ row as it is now ──put, if newer──▶ DynamoDB ──▶ sent = changes

What travels is the row's state, not the change: a write that is repeated, late or out of order
leaves the newest state or is refused by DynamoDB itself, which compares versions.

items.py      what an item looks like, both ways (no database, no network)
triggers.py   what notices changes, however a row was written
writing.py    the worker's side: claims what is due and sends it
verifying.py  compares both sides page by page, and makes due what differs
reading.py    what the app asks: the pets of an owner, the photos of a pet
importing.py  brings tables that were there before into the portal
"""
