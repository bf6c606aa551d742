"""Notifies inference that aliases moved, so that it needn't wait for its next poll."""

TOLD_WITHIN_S = 1.0


def tell_inference(address: str) -> str:
    """Notify inference at its address, empty: nobody; returns the result in one sentence.

    A failure does no harm, as inference polls the aliases.
    """
    import httpx

    if not address:
        return "inference polls the aliases by itself"
    try:
        answer = httpx.post(f"{address}/models/refresh", timeout=TOLD_WITHIN_S, trust_env=False)
        answer.raise_for_status()
    except httpx.HTTPError as error:
        return f"inference was not notified ({type(error).__name__}); it polls the aliases by itself"
    return "inference was notified of the new aliases"
