"""Every variable with its default, what is accepted, and how a wrong value is named."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from bot.domain.catalogue import Catalogue, Region
from bot.domain.errors import ConfigurationError
from bot.domain.guilds.quota import Scope, Unit, Window
from bot.domain.network import ForwardProxy
from bot.settings import Settings, load_settings

REQUIRED = {"DISCORD_TOKEN": "a.b.c", "DASHSCOPE_API_KEY": "sk-made-up"}

DEFAULTS: dict[str, Any] = {
    "DISCORD_API_BASE_URL": "https://discord.com/api/v10",
    "DISCORD_PROXY": None,
    "DASHSCOPE_REGION": Region.BEIJING,
    "DASHSCOPE_HTTP_BASE_URL": None,
    "DASHSCOPE_WORKSPACE_ID": None,
    "DASHSCOPE_PROXY": None,
    "DATABASE_URL": "sqlite:///data/tween.db",
    "DATA_DIR": Path("data"),
    "RESULT_HOSTS": ("*.aliyuncs.com",),
    "RESULT_NETWORKS": (),
    "CATALOGUE_OVERRIDES": None,
    "CALLBACK_TOKEN": None,
    "CALLBACK_URL": None,
    "CALLBACK_CERTIFICATE_HOSTS": ("cn-beijing-eventbridge.oss-accelerate.aliyuncs.com",),
    "DAILY_BUDGET": 50,
    "GUILD_BUDGET_SHARE": 0.5,
    "ALLOWED_GUILDS": frozenset(),
    "CURRENCY": "CNY",
    "CURRENCY_PER_CNY": 1,
    "DEFAULT_GUILD_DAILY_VIDEOS": 50,
    "DEFAULT_MEMBER_DAILY_VIDEOS": 10,
    "MAX_QUEUED_PER_MEMBER": 5,
    "MAX_QUEUED_PER_GUILD": 100,
    "POLL_INTERVAL_SECONDS": 15,
    "STATUS_EDIT_INTERVAL_SECONDS": 5,
    "QUEUE_TTL_SECONDS": 86_400,
    "TASK_TIMEOUT_SECONDS": 14_400,
    "OPERATOR_IDS": frozenset(),
    "OPERATOR_GUILD_ID": None,
    "UPLOAD_LIMIT_MIB": 10,
    "MIN_FREE_MIB": 2048,
    "RETENTION_DAYS": 7,
    "HTTP_LISTEN": "127.0.0.1:8080",
    "SHUTDOWN_SECONDS": 10,
    "LOG_FORMAT": "json",
    "LOG_LEVEL": "INFO",
}


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Start from an empty environment in a folder without ``.env``."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)


def test_the_table_knows_every_variable() -> None:
    assert {name.upper() for name in Settings.model_fields} == set(DEFAULTS) | set(REQUIRED)


@pytest.mark.parametrize("name", DEFAULTS)
def test_each_variable_has_its_default(name: str) -> None:
    assert getattr(load_settings(), name.lower()) == DEFAULTS[name]


@pytest.mark.parametrize("name", REQUIRED)
def test_a_required_variable_is_named_when_it_is_missing(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv(name)
    with pytest.raises(ConfigurationError) as raised:
        load_settings()
    assert str(raised.value) == f"{name}: is required"


@pytest.mark.parametrize(
    ("name", "written", "read"),
    [
        ("DISCORD_TOKEN", "  a.b.c\n", "a.b.c"),
        ("DISCORD_API_BASE_URL", "http://127.0.0.1:9/api/v10/", "http://127.0.0.1:9/api/v10"),
        ("DASHSCOPE_REGION", "singapore", Region.SINGAPORE),
        ("DASHSCOPE_HTTP_BASE_URL", "", None),
        ("DASHSCOPE_WORKSPACE_ID", "", None),
        ("DATABASE_URL", "postgresql://host/name", "postgresql://host/name"),
        ("RESULT_HOSTS", "*.aliyuncs.com, 127.0.0.1,", ("*.aliyuncs.com", "127.0.0.1")),
        ("RESULT_NETWORKS", "", ()),
        (
            "RESULT_NETWORKS",
            "198.18.0.0/15, fd00::/8,100.64.0.0/10,10.1.2.3",
            tuple(map(ip_network, ("198.18.0.0/15", "fd00::/8", "100.64.0.0/10", "10.1.2.3/32"))),
        ),
        ("RESULT_NETWORKS", "0.0.0.0/0", (ip_network("0.0.0.0/0"),)),
        ("DISCORD_PROXY", "", None),
        ("DISCORD_PROXY", " http://127.0.0.1:7890 ", ForwardProxy(address="http://127.0.0.1:7890")),
        (
            "DASHSCOPE_PROXY",
            "HTTP://Proxy.Example/",
            ForwardProxy(address="http://proxy.example:80"),
        ),
        ("DASHSCOPE_PROXY", "http://[fd00::1]:3128", ForwardProxy(address="http://[fd00::1]:3128")),
        (
            "DASHSCOPE_PROXY",
            "http://mia:p%3Ass%2F%40@proxy:3128",
            ForwardProxy(address="http://proxy:3128", user="mia", password="p:ss/@"),
        ),
        (
            "DISCORD_PROXY",
            "http://mia@proxy:3128",
            ForwardProxy(address="http://proxy:3128", user="mia", password=""),
        ),
        ("CATALOGUE_OVERRIDES", "", None),
        ("CALLBACK_TOKEN", "", None),
        ("CALLBACK_URL", "", None),
        ("CALLBACK_CERTIFICATE_HOSTS", "A.example, 127.0.0.1,", ("a.example", "127.0.0.1")),
        ("DAILY_BUDGET", "0", 0),
        ("DAILY_BUDGET", "12.5", 12.5),
        ("ALLOWED_GUILDS", " 1, 2 ,", frozenset({1, 2})),
        ("ALLOWED_GUILDS", "", frozenset()),
        ("OPERATOR_IDS", "7", frozenset({7})),
        ("OPERATOR_GUILD_ID", "", None),
        ("OPERATOR_GUILD_ID", "99", 99),
        ("POLL_INTERVAL_SECONDS", "0.25", 0.25),
        ("MIN_FREE_MIB", "0", 0),
        ("RETENTION_DAYS", "0.5", 0.5),
        ("HTTP_LISTEN", "", ""),
        ("LOG_LEVEL", "debug", "DEBUG"),
        ("LOG_FORMAT", "console", "console"),
        ("DEFAULT_MEMBER_DAILY_VIDEOS", "0", 0),
    ],
)
def test_what_is_written_is_read(
    monkeypatch: pytest.MonkeyPatch, name: str, written: str, read: object
) -> None:
    monkeypatch.setenv(name, written)
    value = getattr(load_settings(), name.lower())
    assert (value.get_secret_value() if name == "DISCORD_TOKEN" else value) == read


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("DISCORD_TOKEN", " "),
        ("DISCORD_TOKEN", "two words"),
        ("DASHSCOPE_API_KEY", "sk-ключ"),
        ("DISCORD_API_BASE_URL", "discord.com"),
        ("DISCORD_API_BASE_URL", "https://"),
        ("DASHSCOPE_REGION", "mars"),
        ("DASHSCOPE_HTTP_BASE_URL", "ftp://x"),
        ("DATABASE_URL", "mysql://x"),
        ("DATABASE_URL", "sqlite:///"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("DATABASE_URL", "postgresql://tween:half/S3cretHalf@db/tween"),
        ("RESULT_HOSTS", " , "),
        ("RESULT_NETWORKS", "198.18.0.0/33"),
        ("RESULT_NETWORKS", "198.18.0.1/15"),
        ("RESULT_NETWORKS", "10.0.0.0/8, home"),
        ("RESULT_NETWORKS", "127.0.0.0/8"),
        ("RESULT_NETWORKS", "127.0.0.1"),
        ("RESULT_NETWORKS", "::1/128"),
        ("RESULT_NETWORKS", "::ffff:127.0.0.0/104"),
        ("RESULT_NETWORKS", "169.254.169.254"),
        ("RESULT_NETWORKS", "100.100.100.200/32"),
        ("RESULT_NETWORKS", "fd00:ec2::254"),
        ("CALLBACK_TOKEN", "two words"),
        ("CALLBACK_TOKEN", "short"),
        ("CALLBACK_URL", "tween.example/callbacks/dashscope"),
        ("CALLBACK_URL", "https://"),
        ("CALLBACK_URL", "https://tween.example/callbacks/dashscope "),
        ("CALLBACK_URL", "https://mia:x@tween.example/callbacks/dashscope"),
        ("CALLBACK_CERTIFICATE_HOSTS", ","),
        ("CALLBACK_CERTIFICATE_HOSTS", "*.oss-accelerate.aliyuncs.com"),
        ("CALLBACK_CERTIFICATE_HOSTS", "127.0.0.1:8080"),
        ("CALLBACK_CERTIFICATE_HOSTS", "https://a.example"),
        ("DISCORD_PROXY", "proxy:3128"),
        ("DISCORD_PROXY", "socks5://proxy:1080"),
        ("DISCORD_PROXY", "https://proxy:3128"),
        ("DISCORD_PROXY", "http://"),
        ("DISCORD_PROXY", "http://:3128"),
        ("DASHSCOPE_PROXY", "http://proxy:0"),
        ("DASHSCOPE_PROXY", "http://proxy:99999"),
        ("DASHSCOPE_PROXY", "http://proxy:3128/path"),
        ("DASHSCOPE_PROXY", "http://proxy:3128?x=1"),
        ("DASHSCOPE_PROXY", "http://a b:3128"),
        ("DASHSCOPE_PROXY", "http://mi%3Aa:x@proxy:3128"),
        ("DASHSCOPE_PROXY", "http://:x@proxy:3128"),
        ("DAILY_BUDGET", "-1"),
        ("DAILY_BUDGET", "0.0000004"),
        ("GUILD_BUDGET_SHARE", "0"),
        ("GUILD_BUDGET_SHARE", "1.1"),
        ("DAILY_BUDGET", "inf"),
        ("DAILY_BUDGET", "nan"),
        ("ALLOWED_GUILDS", "1,kittens"),
        ("OPERATOR_IDS", "mia"),
        ("OPERATOR_GUILD_ID", "x"),
        ("CURRENCY_PER_CNY", "0"),
        ("CURRENCY_PER_CNY", "inf"),
        ("DEFAULT_GUILD_DAILY_VIDEOS", "-1"),
        ("DEFAULT_MEMBER_DAILY_VIDEOS", "1.5"),
        ("MAX_QUEUED_PER_MEMBER", "0"),
        ("MAX_QUEUED_PER_GUILD", ""),
        ("POLL_INTERVAL_SECONDS", "0"),
        ("STATUS_EDIT_INTERVAL_SECONDS", "soon"),
        ("QUEUE_TTL_SECONDS", "inf"),
        ("TASK_TIMEOUT_SECONDS", "1e300"),
        ("SHUTDOWN_SECONDS", "-5"),
        ("UPLOAD_LIMIT_MIB", "0"),
        ("UPLOAD_LIMIT_MIB", "501"),
        ("MIN_FREE_MIB", "-1"),
        ("RETENTION_DAYS", "0"),
        ("RETENTION_DAYS", "1e12"),
        ("HTTP_LISTEN", "8080"),
        ("HTTP_LISTEN", "127.0.0.1:99999"),
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "LOUD"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, written: str
) -> None:
    monkeypatch.setenv(name, written)
    with pytest.raises(ConfigurationError) as raised:
        load_settings()
    message = str(raised.value)
    assert raised.value.setting == name
    assert message.startswith(f"{name}: ")
    assert "\n" not in message
    if name in REQUIRED:
        assert written.strip() not in message.removeprefix(name) or not written.strip()


def test_a_dot_env_file_is_read_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(
        "# a comment\nDAILY_BUDGET=7\nCURRENCY='EUR'\nOPERATOR_IDS=1,2\nNOT_OURS=x\n", "utf-8"
    )
    monkeypatch.setenv("CURRENCY", "USD")
    settings = load_settings()
    assert (settings.daily_budget, settings.currency) == (7, "USD")
    assert settings.operators == {1, 2}


def test_secrets_are_not_in_what_is_printed() -> None:
    shown = repr(load_settings())
    assert "a.b.c" not in shown
    assert "sk-made-up" not in shown


def test_settings_cannot_be_changed_later() -> None:
    settings = load_settings()
    with pytest.raises(ValueError, match="frozen"):
        settings.daily_budget = 1  # type: ignore[misc]  # mypy knows it too


def test_figures_are_handed_on_in_the_units_that_are_used() -> None:
    settings = load_settings()
    assert settings.daily_budget_micros == 50_000_000
    assert settings.retention == timedelta(days=7)
    assert settings.listen == ("127.0.0.1", 8080)
    assert {(rule.scope, rule.limit) for rule in settings.default_rules()} == {
        (Scope.CEILING, 50),
        (Scope.SERVER, 50),
        (Scope.MEMBER_DEFAULT, 10),
    }
    assert {rule.slot for rule in settings.default_rules()} == {(Unit.VIDEOS, Window.DAY)}


@pytest.mark.parametrize(
    ("written", "listen"),
    [("", None), ("[::1]:80", ("::1", 80)), ("0.0.0.0:0", ("0.0.0.0", 0))],  # noqa: S104
)
def test_the_health_pages_address_is_taken_apart(
    monkeypatch: pytest.MonkeyPatch, written: str, listen: tuple[str, int] | None
) -> None:
    monkeypatch.setenv("HTTP_LISTEN", written)
    assert load_settings().listen == listen


# --- calls of the provider --------------------------------------------------------------------

CALLED_URL = "https://tween.example//callbacks/dashscope/?a=%2f"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"CALLBACK_TOKEN": "a-made-up-token"}, "CALLBACK_URL: is required with CALLBACK_TOKEN"),
        ({"CALLBACK_URL": CALLED_URL}, "CALLBACK_TOKEN: is required with CALLBACK_URL"),
        (
            {
                "CALLBACK_TOKEN": "a-made-up-token",
                "CALLBACK_URL": CALLED_URL,
                "HTTP_LISTEN": "",
            },
            "HTTP_LISTEN: is off, but CALLBACK_TOKEN needs it",
        ),
    ],
)
def test_what_calls_need_is_there_as_a_whole(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], message: str
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as raised:
        load_settings()
    assert str(raised.value) == message


def test_the_address_of_calls_is_kept_byte_for_byte_and_their_token_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CALLBACK_TOKEN", "a-made-up-token")
    monkeypatch.setenv("CALLBACK_URL", CALLED_URL)
    settings = load_settings()
    assert settings.callback_url == CALLED_URL
    assert settings.secrets == ("a.b.c", "sk-made-up", "a-made-up-token")
    assert "a-made-up-token" not in repr(settings)
    assert settings.in_clear == ()
    monkeypatch.setenv("CALLBACK_URL", CALLED_URL.replace("https", "http"))
    assert load_settings().in_clear == ("CALLBACK_URL",)


# --- the catalogue's overrides ----------------------------------------------------------------


def overridden(monkeypatch: pytest.MonkeyPatch, folder: Path, toml: str) -> Settings:
    path = folder / "overrides.toml"
    path.write_text(toml, "utf-8")
    monkeypatch.setenv("CATALOGUE_OVERRIDES", str(path))
    return load_settings()


def test_prices_limits_and_switches_are_overridden(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    toml = """
    ["wan2.2-kf2v-flash"]
    prices = { "480P" = 0.05 }
    in_flight = 4
    submits_per_second = 1.5
    ["wanx2.1-kf2v-plus"]
    enabled = false
    """
    catalogue = overridden(monkeypatch, tmp_path, toml).catalogue()
    assert catalogue.get("wanx2.1-kf2v-plus") is None
    model = catalogue.get("wan2.2-kf2v-flash")
    assert model is not None
    assert model.prices["480P"] == 50_000
    assert model.prices["720P"] == 200_000
    assert (model.limits.in_flight, model.limits.submits_per_second) == (4, 1.5)


@pytest.mark.parametrize("switch", ["on", "enabled"])
def test_a_switch_has_two_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, switch: str
) -> None:
    settings = overridden(monkeypatch, tmp_path, f'["wanx2.1-kf2v-plus"]\n{switch} = false')
    assert settings.catalogue().get("wanx2.1-kf2v-plus") is None


@pytest.mark.parametrize(
    ("toml", "reason"),
    [
        ("[", "Unclosed|Invalid|Expected|table"),
        ("x = 1", "model"),
        ('["no such model"]\non = true', "no model no such model in beijing"),
        ('["wan2.2-kf2v-flash"]\nprice = 1', "price"),
        ('["wan2.2-kf2v-flash"]\nin_flight = 0', "in_flight"),
        ('["wan2.2-kf2v-flash"]\nprices = { "480P" = -1 }', "480P"),
        ('["wan2.2-kf2v-flash"]\nprices = { "480P" = inf }', "480P"),
        ('["wan2.2-kf2v-flash"]\nprices = { "8K" = 1 }', "has no tier 8K"),
        (
            "\n".join(
                f'["{model.name}"]\non = false' for model in Catalogue.of_region(Region.BEIJING)
            ),
            "no model is left",
        ),
    ],
)
def test_wrong_overrides_name_the_setting_and_the_trouble(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, toml: str, reason: str
) -> None:
    settings = overridden(monkeypatch, tmp_path, toml)
    with pytest.raises(ConfigurationError, match=reason) as raised:
        settings.catalogue()
    assert raised.value.setting == "CATALOGUE_OVERRIDES"
    assert "\n" not in str(raised.value)


def test_overrides_that_are_not_there_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CATALOGUE_OVERRIDES", str(tmp_path / "none.toml"))
    with pytest.raises(ConfigurationError, match=r"none\.toml"):
        load_settings().catalogue()


@pytest.mark.parametrize(
    "row",
    [
        'prices = { "480P" = 0 }',
        'prices = { "480P" = 1e13 }',
        'prices = { "480P" = "0.2" }',
        'prices = { "480P" = true }',
        "in_flight = 100000000",
        "in_flight = true",
        "submits_per_second = 1e-300",
    ],
)
def test_overrides_that_would_break_the_bounds_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, row: str
) -> None:
    settings = overridden(monkeypatch, tmp_path, f'["wan2.2-kf2v-flash"]\n{row}')
    with pytest.raises(ConfigurationError) as raised:
        settings.catalogue()
    assert raised.value.setting == "CATALOGUE_OVERRIDES"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("127.0.0.0/8", "'127.0.0.0/8' names loopback, where no result may ever lead"),
        ("169.254.0.0/16", "'169.254.0.0/16' names link-local, metadata or multicast addresses"),
        ("198.18.0.1/15", "write 198.18.0.0/15"),
    ],
)
def test_a_network_that_cannot_be_meant_is_explained(
    monkeypatch: pytest.MonkeyPatch, written: str, said: str
) -> None:
    monkeypatch.setenv("RESULT_NETWORKS", written)
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert said in str(caught.value)


def test_what_no_log_line_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_PROXY", "http://mia:S3cret%40@proxy:1")
    monkeypatch.setenv("DASHSCOPE_PROXY", "http://tom:abc@proxy:1")
    settings = load_settings()
    assert settings.secrets == ("a.b.c", "sk-made-up", "S3cret@")
    assert "S3cret" not in repr(settings)
    assert "abc" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "written", "is_in_clear"),
    [
        ("DISCORD_API_BASE_URL", "http://discord.example/api/v10", True),
        ("DASHSCOPE_HTTP_BASE_URL", "http://10.0.0.7:8080/api/v1", True),
        ("DASHSCOPE_HTTP_BASE_URL", "http://127.0.0.1.example/api/v1", True),
        ("DASHSCOPE_HTTP_BASE_URL", "http://127.8.8.8:8080/api/v1", False),
        ("DASHSCOPE_HTTP_BASE_URL", "http://[::1]:8080/api/v1", False),
        ("DISCORD_API_BASE_URL", "http://localhost:9/api/v10", False),
        ("DISCORD_API_BASE_URL", "https://discord.example/api/v10", False),
    ],
)
def test_plain_http_to_another_machine_is_noticed(
    monkeypatch: pytest.MonkeyPatch, name: str, written: str, *, is_in_clear: bool
) -> None:
    monkeypatch.setenv(name, written)
    assert load_settings().in_clear == ((name,) if is_in_clear else ())


@pytest.mark.parametrize(
    "name", ["DATABASE_URL", "DASHSCOPE_HTTP_BASE_URL", "DISCORD_PROXY", "DASHSCOPE_PROXY"]
)
@pytest.mark.parametrize("mark", ["/", "#", "?"])
def test_a_url_that_cannot_be_read_keeps_its_password(
    monkeypatch: pytest.MonkeyPatch, name: str, mark: str
) -> None:
    scheme = {"DATABASE_URL": "postgresql", "DASHSCOPE_HTTP_BASE_URL": "https"}.get(name, "http")
    monkeypatch.setenv("DISCORD_TOKEN", "token")
    monkeypatch.setenv("DASHSCOPE_API_KEY", "sk-key")
    monkeypatch.setenv(name, f"{scheme}://tween:S3cret{mark}Half@db/tween")
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert caught.value.setting == name
    assert "S3cret" not in str(caught.value)
    assert "Half" not in str(caught.value)
