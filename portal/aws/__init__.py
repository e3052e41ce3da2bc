"""Amazon's other services: the only place, beside `portal.s3`, that imports boto3.

Each module speaks to one service in the portal's own words. All of them use the session, so the
keys and the role, of one connection (SERVICES_CONNECTION), and are silent where settings leave
them off.
"""
