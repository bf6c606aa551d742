"""The Accounts page: an administrator creates an account, gives it a role, disables it and sets a password."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.ui.conftest import PHONE
from tests.ui.screen import PASSWORD, Screen

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]


def test_an_account_from_its_creation_to_another_password(screen: Callable[..., Screen]) -> None:
    admin, person = screen(), screen()
    admin.log_in("anna")
    page = admin.open("/accounts")
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="nora", exact=True))

    page.get_by_role("button", name="Create account …").click()
    page.get_by_label("Name", exact=True).fill("nora")
    page.get_by_label("Password", exact=True).fill("short")
    page.get_by_label("Role", exact=True).select_option("operator")
    page.get_by_role("button", name="Create account", exact=True).click()
    expect(page.get_by_text("Enter at least 10 characters.")).to_be_visible()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create account", exact=True).click()
    expect(page.get_by_text("nora is created as operator.")).to_be_visible()
    person.log_in("nora")

    page.get_by_label("Role of nora").select_option("engineer")
    expect(page.get_by_text("nora is engineer now.")).to_be_visible()

    row.get_by_role("button", name="Disable").click()
    expect(row.get_by_text("disabled since")).to_be_visible()
    person.open("/history")
    expect(person.page.get_by_role("button", name="Log in")).to_be_visible()
    row.get_by_role("button", name="Enable").click()

    row.get_by_role("button", name="Reset password …").click()
    page.get_by_label("New password of nora").fill("another horse battery")
    page.get_by_role("button", name="Set password", exact=True).click()
    expect(page.get_by_text("nora has a new password; all sessions have ended.")).to_be_visible()
    person.page.get_by_label("Name").fill("nora")
    person.page.get_by_label("Password").fill("another horse battery")
    person.page.get_by_role("button", name="Log in").click()
    expect(person.page.get_by_role("navigation")).to_be_visible()


def test_the_last_administrator_can_not_step_down(screen: Callable[..., Screen]) -> None:
    window = screen(size=PHONE)
    window.log_in("anna")
    page = window.open("/accounts")
    page.get_by_label("Role of anna").select_option("viewer")
    expect(page.get_by_text("anna is the only administrator", exact=False)).to_be_visible()
    expect(page.get_by_label("Role of anna")).to_have_value("admin")
    page.get_by_role("button", name="Create account …").click()
    page.get_by_role("button", name="Reset password …").first.click()
    assert window.shortcomings() == []
    own = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="anna"))
    expect(own.get_by_role("button", name="Disable")).to_be_disabled()
