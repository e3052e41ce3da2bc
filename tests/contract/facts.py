"""What the portal must get right about S3: a number and a statement each, and where each is held.

A test that holds a fact begins its docstring with the number: `"24"`, `"80 to 83"`, `"38: also HEAD"`.
tests/house/test_facts.py fails for a fact that no test names, unless UNTESTED gives the reason.
The gaps in the numbers are meant: rows that were merged into their neighbours.
"""

import re

FACTS: dict[int, str] = {
    # A copy onto itself: class, encryption, metadata, restore of a version
    1: "a change of class keeps user metadata and all headers",
    2: "a change of one metadata value keeps the others",
    3: "metadata is replaced without turning the content type into binary/octet-stream",
    4: "an edit of metadata keeps the storage class",
    5: "a change of class keeps the tags",
    6: "also of an object that is copied in parts onto itself",
    7: "a change of class keeps a public or granted ACL where ACLs count",
    8: "and sends none where the bucket's owner owns every object",
    9: "a change of class keeps KMS key and bucket key",
    11: "a change of class keeps retention and legal hold",
    12: "an object above 5 GB can change its class",
    13: "a copy in parts keeps to the limits of S3, and leaves no parts when it fails",
    14: "asking for the class that is there changes nothing",
    15: "in a versioned bucket a change of class says that it adds a version and keeps the old bytes",
    17: "two people do not overwrite each other: a copy names the ETag that was seen",
    18: "an answer 200 that holds an error is a failure",
    19: "an object under its writer's own key (SSE-C) is refused in words",
    20: "SSE-S3 becomes SSE-KMS in place, without a copy",
    21: "an older version comes back by a copy that carries all that belongs to it",
    22: "an archived version must be restored before it comes back",
    23: "the source of a copy may have any name",
    24: "a move copies, checks, and deletes by ETag; on any failure the source stays",
    25: "a move onto an existing key is refused",
    # Versions, markers, suspended buckets
    26: "versioning has three states",
    27: "versioning is never switched off again, and the button says so",
    28: "objects of before versioning are the version null, and can be restored and deleted",
    29: "suspending keeps every version; the next write replaces null alone",
    30: "deleting in a suspended bucket says that it destroys null and adds a marker",
    31: "destroying in a suspended bucket asks as in an enabled one",
    32: "a delete without a version hides, one with it destroys",
    33: "undelete removes the marker by its version id",
    35: "undelete of a key touches no longer key that begins alike",
    36: "undelete of a folder takes the keys whose latest is a marker of the chosen time",
    37: "and leaves alone what is there",
    38: "a delete marker has no size, tags, ACL or class, and opening it breaks nothing",
    39: "lists of versions go on by key and version together",
    41: "a bucket whose versioning was just switched on may answer 404 to writes for minutes",
    42: "switching versioning on says what the bucket's expiration rules will mean then",
    43: "deleting a photo in a versioned bucket says that it is still paid for",
    44: "a bucket with MFA delete refuses, with the reason; a bulk delete there fails as a whole",
    # Deleting and emptying
    45: "2,500 keys go in three calls of at most 1,000",
    46: "a refused key of a batch is named, with version and code; the rest is done",
    47: "deletes that are audited are not quiet",
    49: "keys that the store was too busy for are tried again alone",
    50: "emptying removes versions and markers, and then the bucket goes",
    51: "emptying aborts open uploads, until none is left",
    52: "emptying stops at locked versions and lists them",
    53: "governance is bypassed by an explicit, audited choice alone",
    54: "objects that are written meanwhile are named as a risk; it ends when a pass finds nothing",
    55: "deleting a bucket needs its typed name, which others may take then",
    56: "a folder's deletion touches no longer prefix, and takes the empty object of its name along",
    57: "a large bucket can be emptied by lifecycle rules that are removed afterwards",
    # ACL, ownership, public access
    58: "where ownership is enforced the ACL is shown, not changed, and the refusal is in words",
    59: "uploads send no ACL",
    60: "enforcing ownership shows the grants that are in the way",
    61: "no ownership setting at all means the writers own; new buckets are enforced and blocked",
    62: "a public ACL under Block Public Access is refused with the switch's name",
    63: "of the blocks of bucket and account the stricter counts",
    64: "public or not is computed from policy, ACL, ownership and blocks together",
    65: "taking a block away says what becomes public by it",
    68: "an ACL is of one version, and the form says of which",
    69: "canned ACL and grants never go together; at most 100 grants, none by e-mail",
    # Storage class, archive, lifecycle
    70: "an archived object is offered for restore, never as an error",
    72: "the restore form offers what the class knows",
    73: "a second restore is in progress already; a faster tier is a change of speed",
    74: "in progress or restored until a date; the class stays what it is",
    76: "moving small objects to a class says the least size and time that is billed",
    77: "replacing or deleting before the least time says what is billed still",
    78: "a saved lifecycle rule keeps all others, and the fields that the form does not know",
    79: "and the smallest size that transitions move",
    80: "a rule to an infrequent class before day 30 is refused",
    81: "transitions only go down, never to STANDARD",
    82: "a filter has one condition, or And with several",
    83: "expired markers are not combined with days or tags",
    84: "expiration in a versioned bucket is said to add markers",
    85: "a predicted date is rounded up to midnight UTC; an old version's time runs from its successor",
    86: "deletion beats transition beats marker",
    87: "lifecycle rules on a bucket with MFA delete are refused",
    88: "what lifecycle deleted is not blamed on anybody",
    # Listing, keys, links, events, drift
    89: "keys of any bytes are listed, opened, tagged, copied and deleted",
    91: "empty segments and a leading / are keys of their own",
    93: "sorting by size or date is offered over an index alone",
    94: "a link that is signed by a role ends with the role's keys, and says so",
    95: "a link lives seven days at most",
    96: "a link to a version names it; one to a deleted key is refused",
    98: "tags are changed as a whole set within the limits, on the named version",
    100: "events are decoded, told from tests, handled once, and ordered by sequencer for each key",
    101: "a saved notification keeps the others; overlaps are refused",
    102: "a change of default encryption leaves existing objects as they are; KMS keys by full ARN",
    103: "a missing configuration is a state, not an error",
    104: "every call names the account that is expected to own the bucket",
    105: "lists of buckets are paged",
    106: "with attribute-based access control on, a bucket's tags go through s3control",
}

# Facts that no test can hold here, each with the reason.
UNTESTED: dict[int, str] = {}

_FIRST = re.compile(r"^\d+(?:(?:, | to |-)\d+)*(?![\d,]*\d)(?=[:,.\s]|$)")


def named_by(docstring: str) -> set[int]:
    """Return the facts that a test's docstring begins with; an empty set when it names none."""
    found = _FIRST.match(docstring)
    if not found:
        return set()
    named: set[int] = set()
    for part in found[0].split(", "):
        first, *last = (int(number) for number in re.split(r" to |-", part))
        named |= set(range(first, (last or [first])[0] + 1))
    return named & FACTS.keys()
