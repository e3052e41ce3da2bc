"""Buckets as a whole: the list, making and removing them, their settings' pages, posture, usage, visibility.

What a setting is, and how it is read and written, is `storage_admin.bucket_settings`.
"""
