"""The pages that need no login: supporters, and anybody, reach them; they know only what a link proves."""
