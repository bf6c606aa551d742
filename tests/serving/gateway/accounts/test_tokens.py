from datetime import UTC, datetime, timedelta

import jwt
import pytest

from serving.gateway.accounts.tokens import ISSUER, AccessClaims, AccessTokens, SplitRefreshToken, TokenError

SECRET = "s" * 43
NOW = datetime.now(UTC)
LIFE = timedelta(days=1)
"""Longer than the time from when this is read until the tests run."""
TOKENS = AccessTokens(SECRET, LIFE)
CLAIMS = {"iss": ISSUER, "sub": "7", "sid": "f" * 32, "iat": NOW, "exp": NOW + LIFE}


def test_a_token_says_what_it_was_issued_for() -> None:
    access = AccessClaims(7, "f" * 32)
    assert TOKENS.read(TOKENS.issue(access, NOW)) == access


def test_a_token_says_nothing_of_name_or_role() -> None:
    claims = jwt.decode(TOKENS.issue(AccessClaims(7, "f" * 32), NOW), options={"verify_signature": False})
    assert set(claims) == {"iss", "sub", "sid", "iat", "exp"}


def without(claim: str) -> dict:
    return {k: v for k, v in CLAIMS.items() if k != claim}


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "a.b.c",
        "\u00e9.\u00e9.\u00e9",
        jwt.encode(CLAIMS, "", "none"),
        jwt.encode(CLAIMS, "t" * 43, "HS256"),
        jwt.encode(CLAIMS, SECRET * 2, "HS512"),
        jwt.encode(CLAIMS | {"exp": NOW - timedelta(minutes=1)}, SECRET, "HS256"),
        jwt.encode(CLAIMS | {"iat": NOW + timedelta(hours=1)}, SECRET, "HS256"),
        jwt.encode(CLAIMS | {"iss": "elsewhere"}, SECRET, "HS256"),
        jwt.encode(CLAIMS | {"sub": "' OR 1=1"}, SECRET, "HS256"),
        *(jwt.encode(without(claim), SECRET, "HS256") for claim in CLAIMS),
    ],
)
def test_tokens_that_do_not_hold_are_refused_alike(token: str) -> None:
    with pytest.raises(TokenError, match=r"^the access token is invalid or has expired$"):
        TOKENS.read(token)


def test_an_altered_token_is_refused() -> None:
    head, body, signature = TOKENS.issue(AccessClaims(7, "f" * 32), NOW).split(".")
    other = TOKENS.issue(AccessClaims(8, "f" * 32), NOW).split(".")[1]
    assert body != other
    with pytest.raises(TokenError):
        TOKENS.read(f"{head}.{other}.{signature}")


def test_a_refresh_token_comes_back_as_it_was() -> None:
    token = SplitRefreshToken.new()
    again = SplitRefreshToken.parse(token.text)
    assert again.fits(token.secret_hash)
    assert not SplitRefreshToken.new().fits(token.secret_hash)


def test_a_refresh_token_has_one_that_follows_and_only_the_gateway_knows_it() -> None:
    token = SplitRefreshToken.new()
    following = token.next_token(SECRET)
    assert SplitRefreshToken.parse(following.text) == token.next_token(SECRET)
    assert following.family == token.family
    others = (
        token,
        following.next_token(SECRET),
        token.next_token("t" * 43),
        SplitRefreshToken.new().next_token(SECRET),
    )
    assert not any(other.fits(following.secret_hash) for other in others)


@pytest.mark.parametrize("text", ["", ".", "a.b", "a" * 32 + "." + "b" * 42, "\u00e9" * 32 + "." + "b" * 43])
def test_other_texts_are_no_refresh_tokens(text: str) -> None:
    with pytest.raises(TokenError, match="no refresh token"):
        SplitRefreshToken.parse(text)


@pytest.mark.parametrize("ago", [timedelta(0), timedelta(days=30)])
def test_a_token_tells_when_it_expires_after_it_has_too(ago: timedelta) -> None:
    token = TOKENS.issue(AccessClaims(7, "f" * 32), NOW - ago)
    assert TOKENS.expires_at(token) == (NOW - ago + LIFE).replace(microsecond=0)


@pytest.mark.parametrize("key", ["t" * 43, SECRET * 2])
def test_only_a_token_of_ours_tells_when_it_expires(key: str) -> None:
    for algorithm in ("HS256", "HS512"):
        with pytest.raises(jwt.InvalidTokenError):
            TOKENS.expires_at(jwt.encode(CLAIMS, key, algorithm))
    with pytest.raises(jwt.InvalidTokenError):
        TOKENS.expires_at(jwt.encode(CLAIMS, SECRET, "HS384"))


def test_the_clocks_of_two_machines_may_differ_by_five_seconds() -> None:
    for late in (timedelta(seconds=3), timedelta(seconds=30)):
        now = datetime.now(UTC)
        token = jwt.encode(CLAIMS | {"iat": now - LIFE, "exp": now - late}, SECRET, "HS256")
        if late < timedelta(seconds=5):
            assert TOKENS.read(token).user_id == 7
        else:
            with pytest.raises(TokenError):
                TOKENS.read(token)


def test_a_new_refresh_token_has_the_length_that_is_parsed() -> None:
    token = SplitRefreshToken.new()
    assert SplitRefreshToken.parse(token.text) == token
    assert SplitRefreshToken.new().family != token.family
