"""The client's address: one function for throttles, audit and sessions."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_ip(request: HttpRequest) -> str:
    """The address that the outermost trusted proxy saw; X-Forwarded-For counts only TRUSTED_PROXIES deep."""
    remote = str(request.META.get("REMOTE_ADDR") or "")
    hops = settings.TRUSTED_PROXIES
    if not hops:
        return remote
    forwarded = [
        part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()
    ]
    return _bare(forwarded[-hops]) if len(forwarded) >= hops else remote


def _bare(address: str) -> str:
    """Without the port that some proxies write: 203.0.113.7:4711, [2001:db8::1]:4711."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address


def ip_prefix(address: str) -> str:
    """/24 of IPv4, /64 of IPv6: who it is without saying exactly where. Empty for anything else."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:  # a dual-stack socket sees IPv4 like this
        ip = ip.ipv4_mapped
    return str(ipaddress.ip_network(f"{ip}/{24 if ip.version == 4 else 64}", strict=False))


def throttle_key(address: str) -> str:
    """One IPv4 address, or one IPv6 /64 (a household has 2^64 addresses)."""
    prefix = ip_prefix(address)
    return prefix if ":" in prefix else address.lower().removeprefix("::ffff:")
