"""Share links: made, counted, revoked, and a register of who gave what to whom."""
