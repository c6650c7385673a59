"""How blocked words are compared: what is found, what is not, and what must not be."""

# ruff: noqa: RUF001 - letters that look like others are what this is about

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.requests.words import fold, found


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("BAD", id="capitals"),
        pytest.param("bád", id="accent"),
        pytest.param("ba\u0301d", id="combining mark"),
        pytest.param("b\u0336a\u0336d\u0489", id="struck out"),
        pytest.param("ＢＡＤ", id="full width"),
        pytest.param("𝐛𝒶𝖉", id="mathematical"),
        pytest.param("ⓑⓐⓓ", id="circled"),
        pytest.param("🅱🅰🅳", id="squared"),
        pytest.param("🇧\u200b🇦\u200b🇩", id="regional indicators"),
        pytest.param("ᴮᵃᵈ", id="superscript"),
        pytest.param("ʙᴀᴅ", id="small capitals"),
        pytest.param("b\u200ba\u200dd", id="zero width"),
        pytest.param("b\u00ada\ufeffd", id="soft hyphen and byte order mark"),
        pytest.param("b\u202ead", id="turned around"),
        pytest.param("b\u3164ad", id="filler letter"),
        pytest.param("b\ufe0fad", id="variation selector"),
        pytest.param("b\U000e0061ad", id="tag character"),
        pytest.param("bаd", id="Cyrillic letter"),
        pytest.param("ВАd", id="Cyrillic capitals"),
        pytest.param("ΒΑd", id="Greek capitals"),
        pytest.param("bɑď", id="Latin letter of another shape"),
        pytest.param("ƅad", id="Latin letter with a hook"),
        pytest.param("baԁ", id="Cyrillic letter of a small language"),
        pytest.param("bǎd", id="caron"),
        pytest.param("ᏏᎪd", id="Cherokee"),
        pytest.param("ꓐꓮꓓ", id="Lisu alone"),
        pytest.param("b\u237ad", id="symbol of APL"),
        pytest.param("ba\u0501", id="Komi"),
        pytest.param("b\u034fa\u034fd", id="grapheme joiner"),
        pytest.param("b\u02bca\u02b9d", id="modifier letters"),
        pytest.param("b\u0640a\u0640d", id="tatweel"),
        pytest.param("b\u0903ad", id="sign of another script"),
        pytest.param("ba\u094dd", id="virama"),
        pytest.param("b4d", id="figure"),
        pytest.param("B4D", id="figure among capitals"),
        pytest.param("**bad**", id="bold"),
        pytest.param("_bad_", id="italics"),
        pytest.param("very bad!", id="among others"),
        pytest.param("so-bad", id="hyphen"),
        pytest.param("bad\nthings", id="line end"),
    ],
)
def test_a_word_is_found_however_it_is_dressed(typed: str) -> None:
    assert found(typed, ["other", "bad"]) == "bad"


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("badge", id="beginning of another"),
        pytest.param("not abad", id="end of another"),
        pytest.param("ab ad", id="across a space"),
        pytest.param("b.a.d", id="dotted out, which is not claimed"),
        pytest.param("b a d", id="spaced out, which is not claimed"),
        pytest.param("", id="nothing"),
        pytest.param("\u200b", id="nothing to see"),
    ],
)
def test_a_word_is_not_found_in_others(typed: str) -> None:
    assert found(typed, ["bad", ""]) is None


@pytest.mark.parametrize(
    ("word", "prompt"),
    [
        ("ss", "a 5s clip in 4k"),
        ("es", "3s"),
        ("ad", "4d"),
        ("is", "15 of 90s"),
        ("boo", "800 and 600"),
    ],
)
def test_figures_stay_figures_where_they_count_something(word: str, prompt: str) -> None:
    assert found(prompt, [fold(word)]) is None


@pytest.mark.parametrize("prompt", ["k1ll", "KI11 k1ll", "s3xy k1ll"])
def test_figures_stand_for_letters_among_letters(prompt: str) -> None:
    assert found(prompt, [fold("kill")]) == "kill"


@pytest.mark.parametrize(
    ("word", "prompt", "is_found"),
    [
        pytest.param("裸体", "一个裸体的人", True, id="Chinese inside"),
        pytest.param("裸体", "裸 体", True, id="Chinese spaced"),
        pytest.param("裸体", "裸的身体", False, id="Chinese apart"),
        pytest.param("バカ", "ﾊﾞｶだ", True, id="half width kana"),
        pytest.param("ガール", "カール", False, id="voiced kana is another letter"),
        pytest.param("바보", "바보야", True, id="Hangul with a particle"),
        pytest.param("ข้าว", "กินข้าวไหม", True, id="Thai inside"),
        pytest.param("कल", "कुल", False, id="Hindi vowels are letters"),
        pytest.param("हिन्दी", "हिन्\u200dदी", True, id="Hindi joined"),
        pytest.param("हिन्दी", "हि\u034fन्दी", True, id="Hindi with a grapheme joiner"),
        pytest.param("हिन्दी", "हिंदू", False, id="another word of Hindi"),
        pytest.param("كتاب", "كتـــاب", True, id="Arabic drawn out"),
        pytest.param("كتاب", "كِتَاب", True, id="Arabic with vowels"),
        pytest.param("كتاب", "كاتب", False, id="another word of Arabic"),
        pytest.param("שלום", "שָׁלוֹם", True, id="Hebrew with points"),
        pytest.param("mat", "ᏏᎪ", False, id="Cherokee that looks like another word"),
        pytest.param("хлеб", "ХЛЕБ", True, id="Russian in capitals"),
        pytest.param("хлеб", "xлeб", True, id="Russian with Latin letters"),
        pytest.param("ёлка", "елка", True, id="Russian without dots"),
        pytest.param("ΉΛΙΟΣ", "ήλιος", True, id="Greek in any case"),
        pytest.param("Straße", "STRASSE", True, id="German"),
        pytest.param("İzmir", "izmir", True, id="Turkish"),
        pytest.param("hot dog", "a hot-dog stand", True, id="two words"),
        pytest.param("hot dog", "dog hot", False, id="two words in another order"),
        pytest.param("🍆", "an 🍆🏽 here", True, id="pictograph"),
    ],
)
def test_words_of_all_scripts(word: str, prompt: str, *, is_found: bool) -> None:
    assert (found(prompt, [fold(word)]) is not None) is is_found


@pytest.mark.parametrize(
    ("word", "prompt"),
    [
        pytest.param("hello", "һеllо", id="Cyrillic"),
        pytest.param("hello", "հello", id="Armenian"),
        pytest.param("soul", "ѕoսl", id="Armenian and Cyrillic"),
        pytest.param("hello", "hellס", id="Hebrew"),
        pytest.param("hello", "helاo", id="Arabic"),
        pytest.param("hello", "hell௦", id="a nought of Tamil"),
        pytest.param("rum", "гum", id="Cyrillic that is a Russian letter of its own"),
        pytest.param("aether", "æther", id="two letters in one"),
    ],
)
def test_living_scripts_look_like_latin_among_latin(word: str, prompt: str) -> None:
    assert found(prompt, [fold(word)]) == word


@pytest.mark.parametrize(
    ("word", "prompt"),
    [
        pytest.param("rope", "горе", id="Russian for grief"),
        pytest.param("ropa", "гора и море", id="Russian for mountain"),
        pytest.param("blme", "ыме", id="Russian letters that look like two"),
        pytest.param("now", "πωσ", id="Greek"),
        pytest.param("oho", "οπο", id="Greek"),
        pytest.param("kill", "kılıç ağaç köy", id="Turkish"),
        pytest.param("hell", "ヘル地獄", id="Japanese"),
        pytest.param("tit", "ナイトTイト", id="Japanese with a Latin letter"),
        pytest.param("lol", "اها ااا", id="Arabic"),
        pytest.param("lol", "וסו", id="Hebrew"),
        pytest.param("uno", "սոօ", id="Armenian"),
        pytest.param("oo", "௦௦ ௧௦", id="figures of Tamil"),
        pytest.param("as", "a 5s clip of ას", id="Georgian"),
    ],
)
def test_words_of_living_scripts_are_not_taken_for_latin(word: str, prompt: str) -> None:
    assert found(prompt, [fold(word)]) is None


def test_a_russian_word_is_found_beside_what_looks_like_it() -> None:
    assert found("гoра", [fold("гора")]) == fold("гора"), "with a Latin o"


def test_a_foreign_word_of_look_alikes_is_taken_for_the_latin_one() -> None:
    assert found("рот", ["pot"]) == "pot", "documented: nothing tells the two apart"


def test_nothing_is_left_of_a_word_without_letters() -> None:
    assert [fold(word) for word in ("", " ", "...", "\u200b", "–!–")] == [""] * 5


@given(word=st.text(max_size=20), before=st.text(max_size=20), after=st.text(max_size=20))
@example(word="a", before="b", after="c")
def test_whatever_is_blocked_is_found_between_spaces(word: str, before: str, after: str) -> None:
    folded = fold(word)
    if folded:
        assert found(f"{before} {word} {after}", [folded]) == folded


@given(text=st.text(max_size=40))
def test_what_is_folded_is_words_between_single_spaces(text: str) -> None:
    folded = fold(text)
    assert folded == " ".join(folded.split())
    assert not any(unicodedata.category(character) in {"Cf", "Cc", "Me"} for character in folded)
