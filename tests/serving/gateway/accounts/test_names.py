import pytest

from serving.gateway.accounts.names import normal_name, normal_password, sound_password


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("maria", "maria"),
        ("MARIA", "maria"),
        ("ＭＡＲＩＡ", "maria"),
        ("ﬁnn", "finn"),
        ("Straße", "strasse"),
        ("\u212aelvin", "kelvin"),
        ("maria.o_neill-2@plant", "maria.o_neill-2@plant"),
    ],
)
def test_names_have_one_form(typed: str, name: str) -> None:
    assert normal_name(typed) == name


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ab",
        "a" * 65,
        "\u0430dmin",  # Cyrillic a
        "ad\u200bmin",
        "\u202enimda",
        "admin\u0000",
        "admin ",
        "admin\n",
        "mar ia",
        ".maria",
        "../etc/passwd",
        "' OR 1=1 --",
        "x'; DROP TABLE users; --",
        "<script>",
        "=cmd|x",
        "\ufdfa",
    ],
)
def test_names_with_tricks_are_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="expected 3 to 64 characters of a-z"):
        normal_name(typed)


def test_a_password_is_the_same_from_every_keyboard() -> None:
    assert normal_password("pa\u0308sswort") == normal_password("p\u00e4sswort")


@pytest.mark.parametrize("typed", ["x" * 9, "x" * 201, "maria.lopez", "ＭＡＲＩＡ.LOPEZ"])
def test_passwords_too_short_too_long_or_the_name_are_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="expected 10 to 200 characters, and not the name"):
        sound_password(typed, "maria.lopez")


@pytest.mark.parametrize("typed", ["x" * 10, "x" * 200, "'; DROP TABLE users; --", "пароль пароль"])
def test_other_passwords_may_hold_anything(typed: str) -> None:
    assert sound_password(typed, "maria") == typed
