#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may come in to the page and what he is offered: set-up, sign-in, roles, accounts, tokens, the wallboard."""
import re
import unittest

import appliance_lab as lab
from page_fleet_lab import HOSTILE, PASSWORD, URL, FleetCase, main

OTHER = "another long password"


class SetUp(FleetCase):
    settings = "wallboard = yes\n"

    def test_first_account_then_signing_in_and_out(self):
        page = self.page
        self.open("", "No account exists yet[\\s\\S]*netmend user setup")
        self.open("setup", "The set-up link is incomplete")
        link = re.search(r"https://\S+/setup#\S+", self.appliance.log())[0]
        page.open("about:blank")
        page.open(link)
        page.wait_text("Make the first account")
        self.assertEqual(page.run("[location.href, history.length > 2 && history.state]"), [URL + "setup", None])
        self.fill(Your_name="anna", Password="too short", The_same="too short")
        page.press("Enter")
        page.wait_text("Password too short. Twelve characters or more")
        self.fill(Password=PASSWORD, The_same=OTHER)
        page.press("Enter")
        page.wait_text("The two passwords are not the same")
        self.fill(The_same=PASSWORD)
        self.picture("set-up")
        page.press("Enter")
        page.wait_text("anna", "#who")
        self.assertEqual(page.run("location.href"), URL)
        self.assertEqual(page.complaints(), [])
        self.sign_out()
        self.assertEqual(page.run("[document.cookie, JSON.stringify([localStorage, sessionStorage])]"), ["", "[{},{}]"])
        # The link again: it is closed.
        page.open("about:blank")
        page.open(link)
        page.wait_text("Make the first account")
        self.fill(Your_name="eve", Password=PASSWORD, The_same=PASSWORD)
        page.press("Enter")
        page.wait_text("The set-up link is not valid any more[\\s\\S]*netmend user setup")
        self.sign_in_wrong_then_right()
        self.change_the_password()

    def sign_in_wrong_then_right(self):
        self.open("#/record", "Sign in")
        self.page.press(*"anna", "Tab", *OTHER, "Enter")  # by the keyboard alone, from where the focus is
        self.page.wait_text("Name or password is wrong. Try again", "#view [role=alert]")
        self.picture("sign-in-wrong")
        self.assertEqual(self.page.run("[document.activeElement.type, document.activeElement.value]"), ["password", ""])
        self.page.press(*PASSWORD, "Enter")
        self.page.wait_text("Who did what[\\s\\S]*anna", "#view")
        self.fits(360)

    def change_the_password(self):
        self.go("#/account", "My account")
        self.fill(Present=OTHER, Password=OTHER, The_same=OTHER)
        self.page.press("Enter")
        self.page.wait_text("Name or password is wrong", "#view [role=alert]")
        self.fill(Present=PASSWORD)
        self.page.press("Enter")
        self.page.wait_text("Your password is changed")
        self.sign_out()
        self.sign_in("anna", password=OTHER)


class Roles(FleetCase):
    settings = "wallboard = yes\n"
    people = {"anna": "admin", "otto": "operator", "vera": "viewer", "paul": "approver"}
    inventory = f'{HOSTILE},S1,52:54:00:20:00:01,{HOSTILE},{HOSTILE},{HOSTILE},{HOSTILE}\n'

    def test_a_viewer_is_offered_nothing_that_changes(self):
        self.sign_in("vera")
        self.page.wait_text("<img", "#rows")
        self.assertNotIn("People", self.page.text("#nav"))
        self.assertEqual(self.page.run("document.querySelectorAll('#rows input').length"), 0)
        self.page.run("document.querySelector('#rows a').click()")
        self.page.wait_text("Timeline", "#machine")
        self.assertEqual([b for b in self.buttons("#machine") if b not in ("Copy", "Print", "Save all of it as JSON")], [])
        for address, text in (("campaigns", "No campaign yet"), ("inventory", "In no inventory"), ("record", "Who did what"),
                              ("appliance", "Learnt times")):
            self.go("#/" + address, text)
            self.assertEqual([b for b in self.buttons("main") if b not in ("Look again", "Older")], [], address)
            self.assertEqual(self.page.run("document.querySelectorAll('#view textarea, #view a.primary').length"), 0)
        self.go("#/people", "Your role does not allow this")
        self.assertEqual(self.buttons("dialog"), [])

    def test_what_others_are_offered(self):
        for name, machine, people in (("otto", True, False), ("paul", False, False), ("anna", True, True)):
            with self.subTest(name):
                self.sign_in(name)
                self.page.wait_text("<img", "#rows")
                self.assertEqual(self.page.run("document.querySelectorAll('#rows input').length"), int(machine))
                self.assertEqual("People" in self.page.text("#nav"), people)
                self.sign_out()

    def test_hostile_names_stay_text(self):
        self.sign_in("anna")
        self.page.wait_text(re.escape(HOSTILE), "#rows")
        self.page.run("document.querySelector('#more-filters details').open = true")
        self.page.run("document.querySelector('#rows a').click()")
        self.page.wait_text("Site\\s+" + re.escape(HOSTILE), "#machine")
        self.go("#/campaigns/new", "Waves")
        self.choose("Scope", "some")
        self.page.wait_text("Site: any")
        self.page.run("for (const d of document.querySelectorAll('#view details')) d.open = true")
        self.page.wait_text(re.escape(HOSTILE), "#view .choices")
        self.open("#wallboard", "No machines yet|of 1 machine")

    def test_accounts_and_tokens(self):
        self.sign_in("anna", "#/people")
        self.page.wait_text("vera\\s+viewer\\s+active", "#view")
        self.press("New account")
        self.fill(Name="Bert", Password=PASSWORD, The_same=PASSWORD)
        self.choose("Role", "operator")
        self.press("Make the account")
        self.page.wait_text("bert may sign in|Bert may sign in", "#view")
        self.page.wait_text("bert\\s+operator\\s+active", "#view")
        self.change("anna", "Role", "viewer", "Not possible in its present state")
        self.press("Close")
        self.change("bert", "Role", "approver")
        self.page.wait_text("bert\\s+approver", "#view")
        self.press("New token")
        self.type(self.input("Name: which program"), "backup")
        self.press("Make the token")
        self.page.wait_text("shown this once", "#view")
        token = self.page.run("document.querySelector('input.token').value")
        self.assertRegex(token, "^nm_")
        self.picture("token")
        self.press("Done")
        self.page.wait_text("backup\\s+viewer", "#view")
        self.assertNotIn(token, self.page.run("document.documentElement.outerHTML"))
        self.fits(360)
        # Who is sent away may have left a way in: the question tells.
        self.page.click("[aria-label='Change bert']")
        self.press("Remove the account")
        self.page.wait_text("stays in the record", "dialog:last-of-type")
        self.assertNotIn("stay good", self.page.text("dialog:last-of-type"))
        self.page.run("for (const d of document.querySelectorAll('dialog')) d.close()")
        self.page.click("[aria-label='Change anna']")
        self.press("Remove the account")
        self.page.wait_text("API tokens made by anna stay good: backup", "dialog:last-of-type")
        self.page.run("for (const d of document.querySelectorAll('dialog')) d.close()")

    def change(self, name, label, value, problem=None):
        self.page.click(f"[aria-label='Change {name}']")
        self.choose(label, value)
        self.press("Save")
        if problem:
            self.page.wait_text(problem, "dialog")

    def test_a_sign_in_that_ends(self):
        self.sign_in("vera", "#/appliance")
        self.page.wait_text("Learnt times", "#view")
        self.page.call("Network.clearBrowserCookies")
        self.page.run("document.querySelector('#nav a[href=\"#/record\"]').click()")
        self.page.wait_text("Your sign-in has ended", "#view")
        self.page.press(*"vera", "Tab", *PASSWORD, "Enter")
        self.page.wait_text("Who did what", "#view")

    def test_wallboard_without_signing_in(self):
        self.open("#wallboard", "0 of 1 machine recovered")
        self.assertEqual(self.page.text("#who") + self.page.text("#nav"), "")
        self.assertNotIn("52:54:00", self.page.run("document.documentElement.outerHTML"))
        self.picture("wallboard")
        self.fits(360)
        self.fits(1920)
        self.open("", "Sign in[\\s\\S]*Wallboard")
        self.assertEqual(self.page.complaints(), [])


class Closed(FleetCase):
    people = {"anna": "admin"}

    def test_no_wallboard_unless_the_configuration_opens_it(self):
        self.open("#wallboard", "Sign in")
        self.assertNotIn("Wallboard", self.page.text())


if __name__ == "__main__":
    main()
