"""Invented supporters and a mail catcher: a witness that knows only files, SMTP and HTTP."""
