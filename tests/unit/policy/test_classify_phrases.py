"""Subjects in ten languages, and what is merely near to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lanes.config.errors import ConfigError
from lanes.policy.phrases import Phrases
from tests.unit.policy.mail import NOW, mail, said, with_rules

PHRASES = Phrases(["builtin"])

ONE_TIME_CODE = """
    Your verification code is 493021
    493021 is your Acme code
    G-493021 is your Google verification code
    Sign-in code: 123-456
    Your Acme one-time passcode
    [Acme] Please verify your two-factor login
    Ihr Bestätigungscode lautet 493021
    Dein Einmalpasswort für Acme
    493021 ist dein Acme-Code
    Votre code de vérification
    Code d’accès : 493021
    Mot de passe à usage unique
    Tu código de verificación es 493021
    Su clave de un solo uso
    Seu código de verificação é 493021
    Código de segurança da sua conta
    Il tuo codice di verifica è 493021
    Password monouso per Acme
    Je verificatiecode is 493021
    Uw eenmalige inlogcode
    Twój kod weryfikacyjny: 493021
    Jednorazowy kod do logowania
    【Acme】認証コードのお知らせ
    ワンタイムパスワード：493021
    確認番号は 493021 です
    您的验证码是 493021
    【Acme】驗證碼：493021
    动态密码 493021
"""
PASSWORD_RESET = """
    Reset your password
    Forgot password?
    Acme password reset
    Setzen Sie Ihr Passwort zurück: Passwort jetzt zurücksetzen
    Kennwort vergessen
    Réinitialisation de votre mot de passe
    Mot de passe oublié
    Restablece tu contraseña
    Recuperación de tu cuenta
    Redefinição de senha
    Recuperar a sua palavra-passe
    Reimposta la tua password
    Password dimenticata
    Wachtwoord opnieuw instellen
    Wachtwoordherstel
    Zresetuj hasło
    Odzyskiwanie konta
    パスワードの再設定
    パスワードをお忘れですか
    重置您的密码
    忘記密碼
"""
SECURITY_ALERT = """
    Security alert: new sign-in from Chrome
    Unusual sign in activity
    Your password was changed
    Was this you?
    Neue Anmeldung bei Ihrem Konto
    Sicherheitswarnung
    Ihr Passwort wurde geändert
    Nouvelle connexion à votre compte
    Alerte de sécurité
    Alerta de seguridad
    Nuevo inicio de sesión
    Alerta de segurança
    Novo login na sua conta
    Avviso di sicurezza
    Nuovo accesso al tuo account
    Nieuwe aanmelding bij Acme
    Beveiligingsmelding
    Nowe logowanie na Twoje konto
    Alert bezpieczeństwa
    新しいデバイスからのログイン
    セキュリティに関するお知らせ
    安全提醒
    新设备登录
"""
NOTHING = """
    Lunch
    Your order 4930210 has shipped
    New employee needs access to the building
    Neue Anmeldung zum Sommerfest
    Source code review
    Code of conduct
    Postal code for the invoice
    The codebase is verified
    Nouvelle collection
    会议通知
    お知らせ
    Barcode
    Verification
"""


def cases(kind: str, subjects: str) -> list[object]:
    return [pytest.param(kind, line.strip(), id=f"{kind}: {line.strip()}") for line in subjects.strip().splitlines()]


@pytest.mark.parametrize(
    ("kind", "subject"),
    [*cases("one-time-code", ONE_TIME_CODE), *cases("password-reset", PASSWORD_RESET),
     *cases("security-alert", SECURITY_ALERT)],
)
def test_the_subject_is_of_its_kind(kind: str, subject: str) -> None:
    assert kind in PHRASES.find(subject)


@pytest.mark.parametrize("subject", [line.strip() for line in NOTHING.strip().splitlines()])
def test_the_subject_is_of_no_kind(subject: str) -> None:
    assert PHRASES.find(subject) == ()


@pytest.mark.parametrize(
    "spelling",
    ["VERIFICATION CODE", "verification\u00a0code", "Verification-Code", "«verification code»", "'verification code'",
     "verification_code", "vérification code", "🔐verification code🔐", "verification\tcode",
     "\uff36\uff45\uff52\uff49fication\u3000code"],
)
def test_case_accents_width_and_punctuation_do_not_count(spelling: str) -> None:
    assert PHRASES.find(spelling) == ("one-time-code",)


def test_words_are_whole_words() -> None:
    assert PHRASES.find("preverification codes") == ()


def test_a_site_adds_kinds_and_phrases_of_its_own(tmp_path: Path) -> None:
    words = tmp_path / "words.toml"
    words.write_text('outage.en = ["service * (down|degraded)"]\none-time-code.fi = ["kertakäyttökoodi"]')
    site = with_rules(tmp_path, '[[rule]]\nname = "outage"\nwhen = { phrase = "outage" }\nlane = "priority"',
                      settings=f'policy.phrases = ["builtin", "{words}"]')

    outage, code = (site.classify(mail(subject=s), NOW) for s in ("Service Frankfurt is down", "KERTAKÄYTTÖKOODI"))

    assert said(outage, "outage") == "lane priority"
    assert said(code, "one-time-code") == "priority +4"


@pytest.mark.parametrize(
    ("text", "key", "line", "problem"),
    [
        ('[a]\nen = ["fine",\n  "(a|b"]', "a.en", 3, "bad phrase '(a|b'"),
        ("[a]\nen = [1]", "a.en", 0, "found [1], allowed: a list of phrases"),
        ('[a]\nen = "word"', "a.en", 0, "found 'word', allowed: a list of phrases"),
        ('[a]\nen = [" "]', "a.en", 0, "found [' '], allowed: a list of phrases"),
        ("a = 1", "a", 0, "found 1, allowed: a table of languages"),
        ("a = = 1", "", 1, "not TOML"),
    ],
)
def test_a_bad_phrase_file_is_one_clear_error(tmp_path: Path, text: str, key: str, line: int, problem: str) -> None:
    file = tmp_path / "words.toml"
    file.write_text(text)

    with pytest.raises(ConfigError) as caught:
        Phrases([str(file)])

    assert (caught.value.file, caught.value.key, caught.value.line) == (str(file), key, line)
    assert problem in caught.value.problem
