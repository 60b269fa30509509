"""Reading the small body of a request that anybody may send."""

import asyncio

from starlette.requests import ClientDisconnect, Request

SILENCE_SECONDS = 30.0
_MOST_PASSED_OVER = 8 << 20


async def read_body(request: Request, most: int) -> bytes | None:
    """Return the body; None when it has over `most` bytes or does not come within 30 seconds.

    A body that is too large is passed over, not kept: a client that still sends does not listen.
    """
    body, arrived = bytearray(), 0
    try:
        async with asyncio.timeout(SILENCE_SECONDS):
            async for chunk in request.stream():
                arrived += len(chunk)
                if arrived > _MOST_PASSED_OVER:
                    break
                if arrived <= most:
                    body += chunk
    except (ClientDisconnect, TimeoutError):
        return None
    return bytes(body) if arrived <= most else None
