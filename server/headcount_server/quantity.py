"""A number with its noun, as people read it."""


def quantity(number: int | str, noun: str) -> str:
    """Return a number with its noun, such as `1 week` or `2 weeks`; add the plural's `s`."""
    return f"{number} {noun}{'' if str(number) == '1' else 's'}"
