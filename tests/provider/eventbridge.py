"""A call of EventBridge as OpenSSL signed it, and calls signed here with whatever is wrong."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from functools import cache

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from bot.provider.callbacks import CallbackVerifier
from bot.provider.certificates import CertificateKeys
from tests.provider.doubles import START, ManualClock

HOST = "cn-beijing-eventbridge.oss-accelerate.aliyuncs.com"
CERTIFICATE_URL = f"https://{HOST}/x509_public_certificate.pem"
URL = "https://tween.example/callbacks/dashscope"
TOKEN = "a-token-of-a-test"
TASK = "a154c328-5b2e-4f5b-9a53-4d3d3f2b1c0e"

BODY = (
    '{"datacontenttype":"application/json;charset=utf-8","data":{"user_api_unique_key":'
    '"apikey:v1:aigc:image2video:video-synthesis:wan2.2-kf2v-flash","task_status":"SUCCEEDED",'
    f'"contain_result":false,"task_id":"{TASK}","region":"cn-beijing"}},"specversion":"1.0",'
    '"source":"acs.dashscope","type":"dashscope:System:AsyncTaskFinish","id":"第一"}'
).encode()

OPENSSL_CERTIFICATE = b"""\
-----BEGIN CERTIFICATE-----
MIIDCjCCAfKgAwIBAgIBBzANBgkqhkiG9w0BAQsFADAeMRwwGgYDVQQDDBNldmVu
dGJyaWRnZS5leGFtcGxlMB4XDTI2MTEzMDE3NTAxM1oXDTM2MTEyNzE3NTAxM1ow
HjEcMBoGA1UEAwwTZXZlbnRicmlkZ2UuZXhhbXBsZTCCASIwDQYJKoZIhvcNAQEB
BQADggEPADCCAQoCggEBANTNRxaWYYj4anPEyHlR9CQeSl6lGrEyXKuaDiShv08B
y7OCjN6rM2jp4xVyqEt/a+7x9lfT7Q5CvZtrdza2bym9N/3CkcA6JKXVM6fGUJO3
MwAvASqp5vzlra/X1tmwE6UyOMtSs75ioYFn1S2O7kdNoV2FjsJgetZdoX+bReeC
qDwt255kuajPwDWwCXxCERapFSMuaun4qjTtqXRlSIVBG78zcuIdJIRQ8B9JWEtJ
IbHqlWxeqFiAuJMcmshBtvGS+CAsb4wgmdtweKuZ79LKZRdFmWhA3FlUK+K3PTFG
EhT+WuKJCDOpy1B2HeODEE4Fav3GBYl8b7vcEJ+zyc8CAwEAAaNTMFEwHQYDVR0O
BBYEFPCIIfbgSjm2nZZzQ0LSpMZ7xpB/MB8GA1UdIwQYMBaAFPCIIfbgSjm2nZZz
Q0LSpMZ7xpB/MA8GA1UdEwEB/wQFMAMBAf8wDQYJKoZIhvcNAQELBQADggEBAB6f
fCpeayJpJ6NHRGBCCt83VkoHjk/ZokMUDNxyed2bMGcYfpV3qZdj4YYTgTp2P0Kq
RG2q0UGZyTKQrybZDWfFshIXX5sPNO3vZjuO9GiCBHPd9sBJo/S28bWC3gF+PLKJ
3bawjHm5wfrMZyQhT6zqnAlDXtO4y0IpOcps8uXRJ+hpNKAQ88qHOOno2g4y5VOz
TWLFyiUyi4U1aSsHEQpolkwlp/SGgpAuRfqOQO5A1PTjHPH6pP4IaH0PGdXx3LVT
ZJg/hjb6iZnCoSjVZa1mcDcC6lyYVLYirl2+pYO9js3HgpwzzMS5TZzNqxMeDwKQ
y9ce3bvIh8ZK4T2cwck=
-----END CERTIFICATE-----
"""
OPENSSL_SIGNATURE = (
    "vVDK9a/GeyqdunT+sRrC3BJLi1uMvkXnUqQYuguU6xxSOhANlFGPZ3hPijYcVwa4j4N4C7vnBWqY"
    "TF/oIXYjGUO7V1BOJ/wT36D0EtCaJuPrSLZgjTkTmuxhwMYC0E3M2yruDAoxNGdvAhJCVHboOcfu"
    "0qqxEs5O1IcrtQ+xY7ckPRJ6i8VnAfF7j4k2Dayhbk9d2oDvzipdeMP0rO2H9lIMdPPayd/ZTVDA"
    "W5PwHNH7+bCKOQnr3C61RBHx0r34ys+0I6nWD6Z5++oS8V2CInPYX5qTKtMlmFRD9mw6KB0LS7E9"
    "dlQP54N3HQ+b6/L7e5fuEKurJmdajZs1nP5AIQ=="
)
OPENSSL_HEADERS = {
    "X-EventBridge-Signature-Timestamp": "1777636800000",
    "X-EventBridge-Hash-Method": "SHA256",
    "X-EventBridge-Signature-Version": "1.0",
    "X-EventBridge-Signature-Url": CERTIFICATE_URL,
    "X-EventBridge-Signature-Token": TOKEN,
    "X-EventBridge-Signature-V2": OPENSSL_SIGNATURE,
}
"""As ``openssl dgst -sha256 -sign`` signed them at START."""


@cache
def key(name: str) -> rsa.RSAPrivateKey:
    """Return a key, the same for the same name."""
    del name
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate(of: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | None = None) -> bytes:
    """Return a certificate in PEM."""
    own = of or key("genuine")
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "eventbridge.example")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(own.public_key())
        .serial_number(1)
        .not_valid_before(START)
        .not_valid_after(START + timedelta(days=1))
        .sign(own, SHA256())
    )
    return made.public_bytes(Encoding.PEM)


def signed_headers(
    body: bytes = BODY,
    *,
    at: datetime = START,
    token: str = TOKEN,
    url: str = URL,
    certificate_url: str = CERTIFICATE_URL,
    by: str = "genuine",
    method: str = "SHA256",
    version: str = "1.0",
) -> dict[str, str]:
    """Return the headers of a call, the signature being that of these very values."""
    stamp = round((at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)
    headers = {
        "x-eventbridge-signature-timestamp": str(stamp),
        "x-eventbridge-hash-method": method,
        "x-eventbridge-signature-version": version,
        "x-eventbridge-signature-url": certificate_url,
        "x-eventbridge-signature-token": token,
    }
    head = "".join(f"{name}: {value}\n" for name, value in headers.items())
    made = key(by).sign(f"{url}\n{head}".encode() + body, padding.PKCS1v15(), SHA256())
    return {**headers, "x-eventbridge-signature-v2": base64.b64encode(made).decode()}


class CertificateHost:
    """What lies on the host that is named; a transport."""

    def __init__(self, content: bytes | None = None) -> None:
        self.content = certificate() if content is None else content
        self.status = 200
        self.fetched: list[str] = []

    def transport(self) -> httpx.MockTransport:
        """Return what answers instead of the network."""
        return httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.fetched.append(str(request.url.host))
        # A stream, as the network gives one: no more is read than is wanted.
        return httpx.Response(self.status, stream=httpx.ByteStream(self.content))


def keys_from(host: CertificateHost, clock: ManualClock, *hosts: str) -> CertificateKeys:
    """Return keys that are fetched from a stand-in."""
    return CertificateKeys(
        hosts=hosts or (HOST,), clock=clock, user_agent="tween/test", transport=host.transport()
    )


def verifier_on(host: CertificateHost, clock: ManualClock) -> CallbackVerifier:
    """Return who judges calls, with the certificates of a stand-in."""
    return CallbackVerifier(token=TOKEN, url=URL, keys=keys_from(host, clock), clock=clock)
