"""The frame of every page in a real browser: log-in, search key, drawer, themes, own time zone."""

import pytest

from tests.browser.conftest import PASSWORD, PHONE, Windows

pytestmark = pytest.mark.browser


def test_log_in_leads_to_today(window: Windows) -> None:
    page = window(None)
    page.goto("/")
    page.fill("#id_username", "vera")
    page.fill("#id_password", PASSWORD)
    page.click("text=Log in")

    page.wait_for_url("**/admin/")
    assert page.inner_text("h1") == "Today"


def test_wrong_password_is_refused_in_words(window: Windows) -> None:
    page = window(None)
    page.goto("/admin/login/")
    page.fill("#id_username", "nobody")
    page.fill("#id_password", "wrong")
    page.click("text=Log in")

    assert "Please enter the correct username and password" in page.inner_text(".errornote")


def test_slash_focuses_the_search_field_and_enter_searches(window: Windows) -> None:
    page = window("vera")
    page.goto("/admin/preferences/")
    page.keyboard.press("/")
    page.keyboard.type("no such thing")
    page.keyboard.press("Enter")

    page.wait_for_url("**/admin/search/?q=no+such+thing")
    assert "Nothing was found." in page.inner_text("#content")


def test_slash_in_a_text_field_is_a_slash(window: Windows) -> None:
    page = window("boss")
    page.goto("/admin/portal/user/add/")
    page.focus("#id_username")
    page.keyboard.type("a/b")

    assert page.input_value("#id_username") == "a/b"


def test_phone_opens_the_navigation_as_a_drawer(window: Windows) -> None:
    page = window("boss", size=PHONE)
    page.goto("/admin/")
    drawer = page.locator("#portal-nav")
    assert not drawer.is_visible()

    page.click(".menu-button")
    assert drawer.is_visible()
    page.keyboard.press("Escape")
    assert not drawer.is_visible()

    page.click(".menu-button")
    drawer.get_by_text("Users").click()
    page.wait_for_url("**/admin/portal/user/")


def test_wide_screen_shows_the_navigation_all_the_time(window: Windows) -> None:
    page = window("boss")
    page.goto("/admin/portal/user/")

    assert page.locator("#portal-nav").is_visible()
    assert not page.locator(".menu-button").is_visible()
    assert page.inner_text("#portal-nav [aria-current=page]") == "Users"


def test_theme_toggle_changes_the_colours_and_is_kept(window: Windows) -> None:
    page = window("vera", color_scheme="light")
    page.goto("/admin/")
    colour = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(colour)

    page.click(".theme-toggle")
    dark = page.evaluate(colour)
    page.reload()

    assert dark != light
    assert page.evaluate(colour) == dark


def test_settings_offer_the_time_zone_of_the_device(window: Windows) -> None:
    page = window("phil", timezone_id="Europe/Berlin")
    page.goto("/admin/preferences/")
    page.click("[data-zone-use]")
    page.click("text=Save")

    page.wait_for_selector(".messagelist .success")
    assert page.input_value("#id_time_zone") == "Europe/Berlin"
    assert not page.locator("[data-zone-hint]").is_visible()


def test_log_out_asks_for_the_password_again(window: Windows) -> None:
    page = window(None)
    page.goto("/admin/login/")
    page.fill("#id_username", "olaf")
    page.fill("#id_password", PASSWORD)
    page.click("text=Log in")
    page.click(".me")
    page.click("text=Log out")
    page.goto("/admin/")

    assert "/admin/login/" in page.url


def test_trash_offers_undo_and_undo_brings_the_pet_back(window: Windows) -> None:
    page = window("cora")
    page.goto("/admin/pets/pet/")
    pet = page.locator("#result_list tbody th a").first.inner_text()
    page.locator("#result_list tbody th a").first.click()
    page.get_by_role("button", name="Move to the trash").click()
    page.wait_for_selector(".messagelist .undo")
    assert page.locator("#result_list").get_by_text(pet).count() == 0

    page.click(".messagelist .undo")

    page.wait_for_selector(".messagelist .success")
    page.goto("/admin/pets/pet/")
    assert page.locator("#result_list").get_by_text(pet).count() == 1
