"""Which words of what citizens wrote may become words of ours."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from router.rehearsal.terms import gather, speaks_for, terms_in


def written(text: str) -> list[str]:
    return [seen.written for seen in terms_in(text)]


def test_words_and_phrases_of_two_across_small_words() -> None:
    assert written("Solceller på taget") == ["solceller", "taget", "solceller taget"]
    assert written("Solceller. Taget") == ["solceller", "taget"]


def test_nothing_that_says_who_somebody_is() -> None:
    text = "Mit nummer er 070761-4285, skriv til mette.hansen@post.example eller ring 20304050"
    found = " ".join(written(text))
    assert not any(letter.isdigit() for letter in found)
    assert "mette" not in found
    assert "post" not in found
    assert written("se https://kim.example/mette og www.mette.example") == []


def test_a_word_with_a_capital_inside_a_sentence_is_taken_for_a_name() -> None:
    texts = [(n, f"Vi har talt med Gunhild om solceller, det er nr {n}") for n in range(4)]
    found = gather(texts)
    by_word = {support.usual: support for support in found.values()}
    assert by_word["gunhild"].looks_like_a_name
    assert by_word["gunhild solceller"].looks_like_a_name
    assert not by_word["solceller"].looks_like_a_name


def test_senders_are_counted_once() -> None:
    found = gather([(1, "solceller solceller"), (1, "solcelle"), (2, "Solceller!")])
    (support,) = (s for term, s in found.items() if len(term) == 1)
    assert (len(support.senders), support.contacts, support.usual) == (2, 3, "solceller")


def test_what_speaks_for_a_group() -> None:
    assert speaks_for(9, 10, 1, 1000) > 5
    assert speaks_for(1, 10, 100, 1000) < 1
    assert speaks_for(0, 10, 500, 1000) < -1


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 500), st.integers(0, 500))
def test_it_is_turned_round_when_the_groups_are(a: int, b: int, c: int, d: int) -> None:
    forth, back = speaks_for(a, a + b, c, c + d), speaks_for(c, c + d, a, a + b)
    assert abs(forth + back) < 1e-9


@given(st.text(max_size=300))
def test_any_text_is_read_and_keeps_no_digit_and_no_address(text: str) -> None:
    for seen in terms_in(text):
        assert 1 <= len(seen.term) <= 2
        assert not any(letter.isdigit() or letter == "@" for letter in seen.written)
