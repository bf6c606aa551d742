"""Accounts over HTTP, on both databases."""

import logging

import pytest
from pwdlib import PasswordHash

from tests.serving.gateway.databases import both_databases
from tests.serving.gateway.site import PASSWORD, Site

pytestmark = [pytest.mark.anyio, both_databases]


async def register(site: Site, name: str, password: str = PASSWORD):
    return await site.client.post("/auth/register", json={"name": name, "password": password})


async def login(site: Site, name: str, password: str = PASSWORD):
    return await site.client.post("/auth/login", json={"name": name, "password": password})


async def test_somebody_registers_logs_in_and_is_a_viewer(site: Site) -> None:
    made = await register(site, "Maria")
    assert (made.status_code, made.json()["name"], made.json()["role"]) == (201, "maria", "viewer")
    tokens = (await login(site, "MARIA")).json()
    assert (tokens["token_type"], tokens["expires_in"]) == ("bearer", 900)
    me = await site.client.get("/auth/me", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert me.json() == made.json()


async def test_a_name_is_taken_in_every_form(site: Site) -> None:
    await register(site, "maria")
    for again in ("maria", "MARIA", "ｍａｒｉａ"):
        answer = await register(site, again)
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:forewarn:problem:name-taken")


async def test_a_wrong_password_and_an_unknown_name_look_alike(site: Site, monkeypatch) -> None:
    await register(site, "maria")
    asked: list[str] = []
    verify = PasswordHash.verify
    monkeypatch.setattr(PasswordHash, "verify", lambda *a: asked.append(a[2]) or verify(*a))
    answers = [await login(site, name, "something else") for name in ("maria", "nobody", "' OR 1=1 --")]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert {answer.headers["www-authenticate"] for answer in answers} == {"Bearer"}
    assert len(asked) == 3
    assert asked[1] == asked[2] != asked[0]


async def test_the_hash_of_nobody_opens_nothing(site: Site) -> None:
    answer = await login(site, "nobody", "nobody has this password")
    assert answer.status_code == 401


async def test_sql_in_a_password_is_a_password(site: Site) -> None:
    password = "'; DROP TABLE users; --"
    await register(site, "maria", password)
    assert (await login(site, "maria", password)).status_code == 200
    assert (await login(site, "maria", password + " ")).status_code == 401


async def test_a_composed_and_a_decomposed_password_are_one(site: Site) -> None:
    await register(site, "maria", "pa\u0308sswort lang")
    assert (await login(site, "maria", "p\u00e4sswort lang")).status_code == 200


async def test_a_password_is_changed_by_its_owner_and_ends_all_log_ins(site: Site) -> None:
    maria = await site.member("maria")
    elsewhere = await site.gateway.sessions.begin(maria.id)
    change = {"password": PASSWORD, "new_password": "another horse battery"}
    tokens = (await maria.client.post("/auth/password", json=change)).json()
    for old in (maria.tokens, elsewhere):
        answer = await site.client.post("/auth/refresh", json={"refresh_token": old.refresh})
        assert answer.status_code == 401
    assert (await maria.client.get("/auth/me")).status_code == 401
    assert (
        await site.client.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    ).is_success
    assert (await login(site, "maria")).status_code == 401
    assert (await login(site, "maria", "another horse battery")).status_code == 200


@pytest.mark.parametrize(
    ("given", "new", "status", "slug"),
    [
        ("something else", "another horse battery", 403, "wrong-password"),
        (PASSWORD, "short", 422, "invalid-request"),
        (PASSWORD, "maria.lopez", 422, "invalid-request"),
    ],
)
async def test_a_password_that_stays(site: Site, given: str, new: str, status: int, slug: str) -> None:
    maria = await site.member("maria.lopez")
    answer = await maria.client.post("/auth/password", json={"password": given, "new_password": new})
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:forewarn:problem:{slug}")
    assert new not in answer.text
    assert (await maria.client.get("/auth/me")).status_code == 200
    assert (await login(site, "maria.lopez")).status_code == 200


async def test_a_new_role_counts_at_once(site: Site) -> None:
    admin, maria = await site.member("root", "admin"), await site.member("maria")
    assert (await maria.client.get("/users")).status_code == 403
    changed = await admin.client.patch(f"/users/{maria.id}", json={"role": "admin"})
    assert (changed.status_code, changed.json()["role"]) == (200, "admin")
    assert (await maria.client.get("/users")).status_code == 200
    await maria.client.patch(f"/users/{admin.id}", json={"role": "operator"})
    assert (await admin.client.get("/users")).status_code == 403


async def test_the_last_administrator_stays_one(site: Site) -> None:
    admin = await site.member("root", "admin")
    refused = await admin.client.patch(f"/users/{admin.id}", json={"role": "viewer"})
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:forewarn:problem:last-admin")
    assert (await admin.client.get("/auth/me")).json()["role"] == "admin"
    await site.member("second", "admin")
    assert (await admin.client.patch(f"/users/{admin.id}", json={"role": "viewer"})).status_code == 200


async def test_a_disabled_account_is_out_at_once_and_in_again_when_enabled(site: Site) -> None:
    admin = await site.member("root", "admin")
    made = (await register(site, "maria")).json()
    tokens = (await login(site, "maria")).json()
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    changed = await admin.client.patch(f"/users/{made['id']}", json={"disabled": True})
    assert (changed.status_code, changed.json()["role"]) == (200, "viewer")
    assert changed.json()["disabled_at"]
    assert (await site.client.get("/auth/me", headers=bearer)).status_code == 401
    renewed = await site.client.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    assert renewed.status_code == 401
    refused = await login(site, "maria")
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:forewarn:problem:account-disabled")
    assert (await login(site, "maria", "something else")).status_code == 401
    enabled = (await admin.client.patch(f"/users/{made['id']}", json={"disabled": False})).json()
    assert enabled["disabled_at"] is None
    assert (await login(site, "maria")).status_code == 200


async def test_an_administrator_who_is_disabled_is_none_that_remains(site: Site) -> None:
    admin, second = await site.member("root", "admin"), await site.member("second", "admin")
    assert (await admin.client.patch(f"/users/{second.id}", json={"disabled": True})).status_code == 200
    for body in ({"role": "viewer"}, {"disabled": True}):
        refused = await admin.client.patch(f"/users/{admin.id}", json=body)
        assert (refused.status_code, refused.json()["type"]) == (409, "urn:forewarn:problem:last-admin")
    assert (await admin.client.patch(f"/users/{second.id}", json={"role": "viewer"})).status_code == 200


async def test_a_log_in_that_overlaps_the_disabling_opens_nothing(site: Site) -> None:
    admin, maria = await site.member("root", "admin"), await site.member("maria")
    await admin.client.patch(f"/users/{maria.id}", json={"disabled": True})
    late = await site.gateway.sessions.begin(maria.id)
    bearer = {"Authorization": f"Bearer {late.access}"}
    assert (await site.client.get("/auth/me", headers=bearer)).status_code == 401


async def test_an_administrator_creates_an_account_with_a_role(site: Site) -> None:
    admin = await site.member("root", "admin")
    body = {"name": "Otto", "password": PASSWORD, "role": "operator"}
    made = await admin.client.post("/users", json=body)
    assert (made.status_code, made.json()["name"], made.json()["role"]) == (201, "otto", "operator")
    assert (await login(site, "otto")).status_code == 200
    again = await admin.client.post("/users", json=body)
    assert (again.status_code, again.json()["type"]) == (409, "urn:forewarn:problem:name-taken")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "otto", "password": "short"}, "password"),
        ({"name": "otto", "password": PASSWORD, "role": "king"}, "role"),
        ({"name": "o", "password": PASSWORD}, "name"),
        ({"password": PASSWORD}, "name"),
    ],
)
async def test_an_account_that_can_not_be_created(site: Site, body: dict, field: str) -> None:
    admin = await site.member("root", "admin")
    refused = await admin.client.post("/users", json=body)
    assert (refused.status_code, [fault["field"] for fault in refused.json()["errors"]]) == (422, [field])
    assert "short" not in refused.text
    assert [user["name"] for user in (await admin.client.get("/users")).json()["users"]] == ["root"]


async def test_the_log_says_who_changed_which_account(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "serving")
    admin = await site.member("root", "admin")
    made = await admin.client.post("/users", json={"name": "otto", "password": PASSWORD, "role": "operator"})
    otto = f"/users/{made.json()['id']}"
    for body in ({"role": "engineer"}, {"disabled": True}, {"disabled": False}):
        await admin.client.patch(otto, json=body)
    await admin.client.post(f"{otto}/password", json={"new_password": "another horse battery"})
    refused = await admin.client.patch(f"/users/{admin.id}", json={"disabled": True})
    assert refused.status_code == 409
    assert [record.getMessage() for record in caplog.records if record.name == "serving"] == [
        "root: created the account otto, operator",
        "root: gave the account otto the role engineer",
        "root: disabled the account otto",
        "root: enabled the account otto",
        "root: set another password for the account otto",
    ]


async def test_an_administrator_sets_another_password(site: Site) -> None:
    admin, maria = await site.member("root", "admin"), await site.member("maria")
    new = "a password of her own"
    answer = await admin.client.post(f"/users/{maria.id}/password", json={"new_password": new})
    assert (answer.status_code, answer.json()["name"]) == (200, "maria")
    assert (await maria.client.get("/auth/me")).status_code == 401
    assert (await login(site, "maria")).status_code == 401
    assert (await login(site, "maria", new)).status_code == 200


@pytest.mark.parametrize(
    ("user_id", "new", "status"),
    [("1", "short", 422), ("1", "", 422), ("1", "maria.lopez", 422), ("999", "long enough for all", 404)],
)
async def test_a_password_that_can_not_be_set(site: Site, user_id: str, new: str, status: int) -> None:
    await register(site, "maria.lopez")
    admin = await site.member("root", "admin")
    answer = await admin.client.post(f"/users/{user_id}/password", json={"new_password": new})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert (await login(site, "maria.lopez")).status_code == 200


@pytest.mark.parametrize(
    ("user_id", "body", "status"),
    [
        ("1", {"disabled": "yes"}, 422),
        ("1", {"role": None, "disabled": None}, 422),
        ("1", {"role": "king"}, 422),
        ("1", {}, 422),
        ("1", {"role": "viewer", "name": "x"}, 422),
        ("999", {"role": "viewer"}, 404),
        ("0", {"role": "viewer"}, 422),
        (str(2**63), {"role": "viewer"}, 422),
        ("x", {"role": "viewer"}, 422),
        ("1;drop", {"role": "viewer"}, 422),
    ],
)
async def test_changes_that_cannot_be_made(site: Site, user_id: str, body: dict, status: int) -> None:
    admin = await site.member("root", "admin")
    answer = await admin.client.patch(f"/users/{user_id}", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


async def test_accounts_come_in_pages(site: Site) -> None:
    admin = await site.member("root", "admin")
    for n in range(4):
        await site.member(f"user{n}")
    names, after = [], 0
    while after is not None:
        page = (await admin.client.get("/users", params={"after": after, "limit": 2})).json()
        names += [user["name"] for user in page["users"]]
        after = page["next"]
    assert names == ["root", "user0", "user1", "user2", "user3"]
    assert "password" not in (await admin.client.get("/users")).text


async def test_a_removed_account_is_out_at_once_and_its_id_never_comes_back(site: Site) -> None:
    maria = await site.member("maria")
    await site.gateway.accounts.remove("maria")
    assert (await maria.client.get("/auth/me")).status_code == 401
    assert (await login(site, "maria")).status_code == 401
    again = await register(site, "maria")
    assert again.json()["id"] != maria.id
    assert (await maria.client.get("/auth/me")).status_code == 401
