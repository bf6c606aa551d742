"""Telling inference that aliases moved, so that it needn't wait for its next look."""

TOLD_WITHIN_S = 1.0


def tell_inference(address: str) -> str:
    """One sentence of what came of it; nothing depends on it, as inference looks at the aliases every few seconds.

    Args:
        address: of the inference service; empty where there is none to be told.
    """
    import httpx

    if not address:
        return "inference finds moved aliases by itself"
    try:
        answer = httpx.post(f"{address}/models/refresh", timeout=TOLD_WITHIN_S, trust_env=False)
        answer.raise_for_status()
    except httpx.HTTPError as error:
        return f"inference couldn't be told ({type(error).__name__}); it finds moved aliases by itself"
    return "inference was told that aliases moved"
