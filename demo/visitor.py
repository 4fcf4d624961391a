"""A person with a browser and no script: signs in, follows addresses, fills in forms by their labels."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import requests

Value = str | bool


class FormError(Exception):
    """The page did not do what a person would expect; the message says which page and what it showed."""


@dataclass(slots=True)
class Control:
    """One thing to fill in: its name, kind, present value, and for choices what may be chosen."""

    name: str
    kind: str
    value: str = ""
    checked: bool = False
    options: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Form:
    """A form of a page: where it goes, what can be filled in, by label, and what its button says."""

    action: str = ""
    method: str = "get"
    controls: dict[str, Control] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)


class _Reader(HTMLParser):
    """Collects the forms of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._ids: dict[str, str] = {}
        self._text: list[str] | None = None
        self._label: str | None = None
        self._select: Control | None = None
        self._option: tuple[str, bool] | None = None
        self._area: Control | None = None
        self._button: tuple[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a form or one of its parts."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self._form)
        elif self._form is not None:
            self._begin(self._form, tag, given)

    def _begin(self, form: Form, tag: str, given: dict[str, str]) -> None:
        name = given.get("name", "")
        if tag == "label":
            self._label, self._text = given.get("for", ""), []
        elif tag == "button":
            self._button, self._text = (name, given.get("value", "")), []
        elif tag == "input" and name:
            key = given.get("id") or name
            control = Control(name, given.get("type", "text"), given.get("value", ""))
            control.checked = "checked" in given
            form.controls[key] = control
        elif tag == "select":
            self._select = form.controls[given.get("id") or name] = Control(name, "select")
        elif tag == "option" and self._select is not None:
            self._option, self._text = (given.get("value", ""), "selected" in given), []
        elif tag == "textarea":
            self._area = form.controls[given.get("id") or name] = Control(name, "textarea")
            self._text = []

    def handle_data(self, data: str) -> None:
        """Collect the words of a label, button, option or text area."""
        if self._text is not None:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        """End a form or one of its parts."""
        if self._form is None:
            return
        words = "".join(self._text or [])
        plain = " ".join(words.split())
        if tag == "form":
            self._form = None
        elif tag == "label" and self._label is not None:
            self._form.labels[plain] = self._label
            self._label = self._text = None
        elif tag == "button" and self._button is not None:
            self._form.buttons.append((plain, *self._button))
            self._button = self._text = None
        elif tag == "option" and self._select is not None and self._option is not None:
            value, selected = self._option
            self._select.options[plain] = value
            if selected or len(self._select.options) == 1:
                self._select.value = value
            self._option = self._text = None
        elif tag == "textarea" and self._area is not None:
            self._area.value = words.removeprefix("\n")
            self._area = self._text = None
        elif tag == "select":
            self._select = None


class Visitor:
    """One person's browser, with their own cookies."""

    def __init__(self, base: str) -> None:
        self.base = base
        self._http = requests.Session()
        self.page = ""
        self.url = base

    def open(self, path: str) -> str:
        """Go to an address; give the page."""
        return self._keep(self._http.get(urljoin(self.url, path), timeout=60))

    def submit(self, button: str, values: Mapping[str, Value] | None = None) -> str:
        """Fill in the form that has this button, by the labels of its fields, and press it; give the next page."""
        form = self._form_with(button)
        data: dict[str, str] = {
            control.name: control.value
            for control in form.controls.values()
            if control.kind not in ("checkbox", "radio", "submit") or control.checked
        }
        for label, value in (values or {}).items():
            self._fill(form, data, label, value)
        for words, name, value in form.buttons:
            if words.startswith(button) and name:
                data[name] = value
        target = urljoin(self.url, form.action or self.url)
        headers = {"Referer": self.url}
        return self._keep(self._http.post(target, data=data, headers=headers, timeout=60))

    def _fill(self, form: Form, data: dict[str, str], label: str, value: Value) -> None:
        found = [key for words, key in form.labels.items() if words.startswith(label)]
        control = form.controls.get(found[0]) if found else None
        if control is None:
            raise FormError(f"{self.url} has no field “{label}”; it has {sorted(form.labels)}.")
        if isinstance(value, bool):
            data.pop(control.name, None)
            if value:
                data[control.name] = control.value or "on"
        elif control.kind == "select":
            chosen = [key for words, key in control.options.items() if words.startswith(value)]
            if not chosen:
                raise FormError(f"{self.url}: “{label}” does not offer “{value}”.")
            data[control.name] = chosen[0]
        elif control.kind == "radio":
            data[control.name] = control.value
        else:
            data[control.name] = value

    def _form_with(self, button: str) -> Form:
        reader = _Reader()
        reader.feed(self.page)
        for form in reader.forms:
            if any(words.startswith(button) for words, _, _ in form.buttons):
                return form
        buttons = sorted({words for form in reader.forms for words, _, _ in form.buttons})
        raise FormError(f"{self.url} has no button “{button}”; it has {buttons}.")

    def _keep(self, response: requests.Response) -> str:
        self.page, self.url = response.text, response.url
        if response.status_code >= 400:
            raise FormError(f"{response.url} answered {response.status_code}.")
        if 'role="alert"' in self.page:
            shown = re.sub(r"<[^>]+>", " ", self.page.split('role="alert"', 1)[1][:1500])
            raise FormError(f"{response.url} says: {' '.join(shown.split())[:400]}")
        return self.page

    def sign_in(self, email: str, password: str) -> None:
        """Sign in on the page for it."""
        self.open("/sign-in/")
        self.submit("Sign in", {"Email": email, "Password": password})
