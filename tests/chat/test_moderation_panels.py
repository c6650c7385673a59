"""What moderators look through, read as text and held against Discord's limits."""

from __future__ import annotations

from itertools import product

from bot.chat import moderation_panels as panels
from bot.domain.guilds.quota import Rule, Scope, Standing, Unit, Window
from bot.domain.guilds.settings import Block, BlockPage
from bot.domain.ids import UserId
from bot.domain.money import MICROS, Money
from tests.chat.examples import NOW, a_check, a_grant, a_job, too_long, words

MONEY = Money()


def a_standing(
    scope: Scope = Scope.MEMBER_DEFAULT,
    unit: Unit = Unit.VIDEOS,
    window: Window = Window.DAY,
    *,
    limit: int = 10,
    used: int | None = None,
    is_default: bool = False,
    target_id: int | None = None,
) -> Standing:
    return Standing(
        rule=Rule(scope=scope, unit=unit, window=window, limit=limit, target_id=target_id),
        is_default=is_default,
        check=None if used is None else a_check(scope, unit, window, limit=limit, used=used),
    )


def test_rules_are_listed_slot_by_slot() -> None:
    standings = [
        a_standing(Scope.CEILING, limit=50, used=12, is_default=True),
        a_standing(Scope.SERVER, limit=20, used=12),
        a_standing(limit=10, is_default=True),
        a_standing(Scope.ROLE, limit=1, target_id=70),
        a_standing(Scope.MEMBER, limit=0, target_id=43),
        a_standing(Scope.SERVER, Unit.COST, Window.MONTH, limit=1234 * MICROS, used=MICROS),
    ]
    assert (panels.quota_list(standings, [], MONEY).description or "").splitlines() == [
        "**Videos per day** · resets <t:1795219200:R>",
        "Host's ceiling: **50 videos** · 12 used · default",
        "This server: **20 videos** · 12 used",
        "Each member: **10 videos** · default",
        "Each with <@&70>: **1 video**",
        "<@43>: **0 videos** · blocked",
        "",
        "**Cost per month** · resets <t:1795219200:R>",
        "This server: **1,234.00 CNY** · 1.00 used",
    ]


def test_grants_are_listed_with_what_is_left() -> None:
    grants = [a_grant(), a_grant(Unit.COST, amount=3 * MICROS, drawn=MICROS)]
    text = words(panels.quota_list([a_standing()], grants, MONEY))
    assert "Granted besides: <@42>: 3 of 5 videos left, ends <t:1795348800:R>" in text
    assert "<@42>: 2.00 of 3.00 CNY left" in text


def test_a_rule_of_a_deleted_role_is_named_so_with_the_way_to_be_rid_of_it() -> None:
    standings = [
        a_standing(Scope.ROLE, Unit.VIDEOS, Window.DAY, limit=3, target_id=role)
        for role in (70, 71)
    ]
    shown = words(panels.quota_list(standings, [], MONEY, roles={70}))
    assert "Each with <@&70>: **3 videos**\n" in shown
    assert "A deleted role: **3 videos** · goes with the next /moderate quota clear" in shown
    assert "deleted" not in words(panels.quota_list(standings, [], MONEY))


def test_hundreds_of_rules_leave_the_other_slots_readable() -> None:
    standings = [
        a_standing(Scope.MEMBER, unit, window, limit=10**15, target_id=10**19 + at)
        for unit, window, at in product(Unit, Window, range(100))
    ]
    embed = panels.quota_list(standings[:300], [a_grant()] * 100, MONEY)
    assert too_long(embed) == []
    text = words(embed)
    assert all(f"**Videos per {window}**" in text for window in ("day", "week", "month"))
    assert text.count("more") == 4
    assert too_long(panels.quota_list(standings, [], MONEY)) == []


def test_blocks_say_who_blocked_whom_and_when() -> None:
    block = Block(user_id=UserId(43), blocked_by=UserId(9), at=NOW)

    def page(count: int, offset: int = 0, *, has_older: bool = False) -> BlockPage:
        return BlockPage(
            blocks=(block,) * count, offset=offset, count=offset + count, has_older=has_older
        )

    embed = panels.block_list(page(1))
    assert embed.description == "<@43> · by <@9> <t:1795176000:R>"
    assert too_long(panels.block_list(page(1000))) == []
    assert "Nobody is blocked" in words(panels.block_list(page(0)))
    assert panels.block_list(page(10, 25)).footer.text == "26 to 35 of 35"


def test_words_are_shown_as_they_were_written() -> None:
    assert panels.word_list(["*mud*", "a`b"]).description == r"\*mud\* · a'b"
    assert too_long(panels.word_list(["*" * 64] * 500)) == []
    assert "No word is blocked" in words(panels.word_list([]))


def test_a_choice_names_the_requester() -> None:
    assert panels.choice(a_job()) == "7F3K2Q · Waiting · tom · wan2.2-kf2v-flash"
    assert len(panels.choice(a_job(requester_name="x" * 200))) == 100
