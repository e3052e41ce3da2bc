"""The connections that the settings name: where each leads, and as whom the portal comes there."""
